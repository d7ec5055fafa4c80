import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { EvidenceFile, EvidenceKind, RecordingManifest } from './manifest.ts';
import { MANIFEST_FILE } from './write-recording.ts';

export interface Recording {
  folder: string;
  manifest: RecordingManifest;
  /** All evidence of a kind, in the order written. */
  list(kind: EvidenceKind): EvidenceFile[];
  /** Content of a listed file. @throws HolterError E_FILE_NOT_FOUND */
  read(file: EvidenceFile): Promise<Buffer>;
}

/**
 * Opens a recording folder.
 * @throws HolterError E_FILE_NOT_FOUND (no such folder, no recording.json), E_FILE_FORMAT (not ours, or a later schema),
 *   E_FILE_TRUNCATED (recording.json cut off)
 */
export async function openRecording(folder: string): Promise<Recording> {
  const path = join(folder, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new HolterError(
      'E_FILE_NOT_FOUND',
      errnoOf(error) === 'ENOENT'
        ? `${folder} is no recording: it has no ${MANIFEST_FILE}`
        : `cannot read ${path}: ${String(error)}`,
      { hint: 'make one with: holter doctor <target> -o DIR', cause: error },
    );
  }
  const manifest = parseManifest(text, path);
  return {
    folder,
    manifest,
    list: (kind) => manifest.files.filter((file) => file.kind === kind),
    async read(file) {
      // Names come from a file that may be hostile: they must stay inside the folder.
      if (file.name.includes('/') || file.name.includes('\\') || file.name.startsWith('.'))
        throw new HolterError('E_FILE_FORMAT', `${path}: bad file name ${JSON.stringify(file.name)}`);
      try {
        return await readFile(join(folder, file.name));
      } catch (error) {
        throw new HolterError(
          'E_FILE_NOT_FOUND',
          `${join(folder, file.name)} is listed in ${MANIFEST_FILE} but cannot be read`,
          {
            cause: error,
          },
        );
      }
    },
  };
}

function parseManifest(text: string, path: string): RecordingManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new HolterError('E_FILE_TRUNCATED', `${path} is cut off or damaged: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const { schema, target, window, files, actions, access } = (value ?? {}) as Partial<RecordingManifest>;
  if (schema !== 'holter.recording/1')
    throw new HolterError(
      'E_FILE_FORMAT',
      `${path}: schema is ${JSON.stringify(schema ?? null)}, expected "holter.recording/1"`,
      {
        hint: 'a newer holter may have written it: npm i -g holter@latest',
      },
    );
  const whole =
    typeof target?.pid === 'number' &&
    typeof target.name === 'string' &&
    typeof target.cwd === 'string' &&
    typeof window?.seconds === 'number' &&
    typeof window.end?.kind === 'string' &&
    (access === 'inspector' || access === 'outside') &&
    Array.isArray(actions) &&
    Array.isArray(files) &&
    files.every((file) => typeof file?.name === 'string' && typeof file.kind === 'string');
  if (!whole) throw new HolterError('E_FILE_FORMAT', `${path} lacks target, window, files or actions`);
  return value as RecordingManifest;
}

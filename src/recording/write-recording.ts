import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { EvidenceFile, RecordingManifest } from './manifest.ts';

/** A recording being written. Folder 0700, files 0600: evidence holds source lines and argument values. */
export interface RecordingWriter {
  readonly folder: string;
  /** Writes one file of evidence and lists it in the manifest. */
  add(file: EvidenceFile, content: string | Uint8Array): Promise<void>;
  /** Lists one file of evidence that `write` writes under the path it is given, for what is too large to be held; it returns its bytes. */
  addWritten(file: EvidenceFile, write: (path: string) => Promise<number>): Promise<void>;
  /** Files listed so far. */
  readonly files: readonly EvidenceFile[];
  /** Bytes written so far. */
  readonly bytes: number;
  /** Writes a file that is no evidence (the page). */
  addPage(name: string, content: string): Promise<void>;
  /** Writes `recording.json` last: a folder with it is whole. */
  finish(manifest: RecordingManifest): Promise<void>;
}

export const MANIFEST_FILE = 'recording.json';

/**
 * Creates the folder (parents too) and checks that it can be written before anything is done to the target.
 * @throws HolterError E_WRITE: read-only or full disk, a file in the way, or a folder that already holds a recording
 */
export async function createRecording(folder: string): Promise<RecordingWriter> {
  const files: EvidenceFile[] = [];
  let bytes = 0;

  async function write(name: string, content: string | Uint8Array): Promise<void> {
    await writeWhole(join(folder, name), content);
    bytes += typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
  }

  try {
    await makeFolder(folder);
    if (
      await stat(join(folder, MANIFEST_FILE)).then(
        () => true,
        () => false,
      )
    )
      throw new HolterError('E_WRITE', `${folder} already holds a recording`, {
        hint: 'choose another folder with -o, or remove that one',
      });
    const probe = join(folder, `.holter-${randomBytes(4).toString('hex')}`);
    await writeFile(probe, '', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    throw error instanceof HolterError ? error : cannotWrite(folder, error);
  }

  return {
    folder,
    files,
    get bytes() {
      return bytes;
    },
    async add(file, content) {
      await write(file.name, content);
      files.push(file);
    },
    async addWritten(file, writeTo) {
      bytes += await writeTo(join(folder, file.name));
      files.push(file);
    },
    addPage: write,
    async finish(manifest) {
      await write(MANIFEST_FILE, `${JSON.stringify(manifest, null, 2)}\n`);
    },
  };
}

/**
 * Writes a file outside a recording being made, 0600: whole or not at all, so that a full disk does not cost the old one.
 * Devices and pipes (`/dev/stdout`) are written to. @throws HolterError E_WRITE
 */
export async function writePageFile(path: string, content: string): Promise<void> {
  const special = await stat(path).then(
    (entry) => !entry.isFile(),
    () => false,
  );
  if (!special) return writeWhole(path, content);
  try {
    await writeFile(path, content);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Renamed into place: a reader never meets half a file. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    await writeFile(partial, content, { mode: 0o600, flag: 'wx' });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw cannotWrite(path, error);
  }
}

/**
 * A folder and its parents, 0700. Not `mkdir -p` of Node 20: where the kernel says ENOENT for a parent that is there
 * (`/proc/x`), that one tries for ever.
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  let at = resolve(folder);
  for (;;) {
    const entry = await stat(at).catch(() => undefined);
    if (entry?.isDirectory()) break;
    missing.push(at);
    if (dirname(at) === at) break;
    at = dirname(at);
  }
  for (const path of missing.reverse())
    await mkdir(path, { mode: 0o700 }).catch(async (error: unknown) => {
      // Made by somebody else meanwhile.
      if (errnoOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
    });
}

function cannotWrite(path: string, error: unknown): HolterError {
  const why: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EEXIST: 'a file is in the way',
    ENOTDIR: 'a file is in the way',
    ENOENT: 'there is no such folder',
    EISDIR: 'it is a folder',
    EDQUOT: 'the disk quota is used up',
  };
  const code = errnoOf(error);
  const reason = why[code ?? ''] ?? (error instanceof Error ? error.message : String(error));
  return new HolterError('E_WRITE', `cannot write ${path}: ${reason}`, {
    hint: 'give another place with -o',
    cause: error,
  });
}

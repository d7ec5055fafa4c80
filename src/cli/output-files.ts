import { createWriteStream } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HolterError } from '../base/errors.ts';
import type { NamedTree } from '../cpu/profile-file.ts';
import { formatOfFileName, type WritableFormat, writeProfile } from '../cpu/write-profile.ts';
import { writePageFile } from '../recording/write-recording.ts';
import type { ProfileInput } from './profile-input.ts';

/** What `-o` may name: a profile format, or one of the views. */
export type OutputFormat = WritableFormat | 'html' | 'svg' | 'markdown' | 'json';

/** Format by the name of a file; undefined = a folder or an unknown name. */
export function outputFormat(path: string): OutputFormat | undefined {
  if (/\.html?$/i.test(path)) return 'html';
  if (/\.svg$/i.test(path)) return 'svg';
  if (/\.(md|markdown)$/i.test(path)) return 'markdown';
  const format = formatOfFileName(path);
  if (format !== undefined) return format;
  return /\.json$/i.test(path) ? 'json' : undefined;
}

/** Views are made when they are asked for. */
export interface Views {
  html(): string;
  svg(): string;
  markdown(): string;
  json(): string;
}

/**
 * Writes a profile to `path` in the format its name says, whole or not at all (0600: it may hold source lines). The
 * original of a recording is copied rather than written anew.
 * @throws HolterError E_USAGE for a name of no known format, E_WRITE
 */
export async function writeOutput(path: string, input: ProfileInput, views: Views): Promise<void> {
  const format = outputFormat(path);
  if (format === undefined)
    throw new HolterError('E_USAGE', `no format is known for the file name ${path}`, {
      hint: '.html .svg .md .json .cpuprofile .folded .pb.gz .speedscope.json',
    });
  if (format === 'html' || format === 'svg' || format === 'markdown' || format === 'json') {
    await writePageFile(path, views[format]());
    return;
  }
  const partial = `${path}.${process.pid}.part`;
  try {
    const original = input.files?.length === 1 ? input.files[0] : undefined;
    if (format === 'cpuprofile' && original?.kind === 'cpu-profile')
      await copyFile(join(input.path, original.name), partial);
    else
      await pipeline(
        Readable.from(profileChunks(format, input)),
        createWriteStream(partial, { mode: 0o600 }),
      );
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    if (error instanceof HolterError) throw error;
    throw new HolterError('E_WRITE', `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function profileChunks(format: WritableFormat, input: ProfileInput): Iterable<string | Uint8Array> {
  const profiles: NamedTree[] = input.profiles;
  return writeProfile(format, profiles, {
    name: input.name,
    ...(input.recordedAt === undefined ? {} : { recordedAt: input.recordedAt }),
  });
}

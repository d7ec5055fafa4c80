import { HolterError } from '../base/errors.ts';
import type { NamedTree } from './profile-file.ts';
import { writeCpuProfile } from './write-cpuprofile.ts';
import { writeFolded } from './write-folded.ts';
import { writePprof } from './write-pprof.ts';
import { writeSpeedscope } from './write-speedscope.ts';

/** Profile formats holter writes: file endings, the first one the usual; `several`: whether a file holds more than one tree. */
export const WRITABLE_FORMATS: Readonly<
  Record<WritableFormat, { endings: readonly string[]; several: boolean }>
> = {
  cpuprofile: { endings: ['.cpuprofile'], several: false },
  folded: { endings: ['.folded', '.collapsed', '.txt'], several: false },
  pprof: { endings: ['.pb.gz', '.pprof'], several: false },
  speedscope: { endings: ['.speedscope.json'], several: true },
};
export type WritableFormat = 'cpuprofile' | 'folded' | 'pprof' | 'speedscope';

/**
 * The format that a file name asks for, by its ending in any case; undefined when it is none of a profile.
 * @throws HolterError E_USAGE for `.heapprofile`, which only V8 itself writes
 */
export function formatOfFileName(path: string): WritableFormat | undefined {
  const name = path.toLowerCase();
  if (name.endsWith('.heapprofile')) {
    throw new HolterError('E_USAGE', 'a .heapprofile cannot be written: it is the format of V8 alone', {
      hint: 'holter heap sample keeps the original; convert to .pb.gz, .speedscope.json or .folded',
    });
  }
  for (const [format, { endings }] of Object.entries(WRITABLE_FORMATS)) {
    if (endings.some((ending) => name.endsWith(ending))) return format as WritableFormat;
  }
  return undefined;
}

/**
 * A profile as a file, in pieces. Formats of one tree get the first one (`several` of WRITABLE_FORMATS). `name` is what
 * viewers show; `recordedAt` an ISO time.
 * @throws HolterError E_USAGE: the format cannot hold such a tree; E_WRITE: too large for the format
 */
export function writeProfile(
  format: WritableFormat,
  profiles: readonly NamedTree[],
  meta: { name: string; recordedAt?: string },
): Iterable<string | Uint8Array> {
  const first = profiles[0];
  if (first === undefined) throw new HolterError('E_USAGE', 'there is no profile to write');
  switch (format) {
    case 'cpuprofile':
      return writeCpuProfile(first.tree);
    case 'folded':
      return writeFolded(first.tree);
    case 'pprof':
      return [writePprof(first.tree, meta.recordedAt === undefined ? {} : { recordedAt: meta.recordedAt })];
    case 'speedscope':
      return writeSpeedscope(profiles, meta.name);
  }
}

import { type ByteSource, isGzip, openBytes, peekable, readAll } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { readChromeTrace } from './chrome-trace.ts';
import { readCpuProfileFile } from './cpuprofile.ts';
import { readHeapProfileFile } from './heapprofile.ts';
import {
  PROFILE_FORMATS,
  type ProfileFile,
  type ProfileFormat,
  type ReadProfileOptions,
} from './profile-file.ts';
import { readFolded } from './read-folded.ts';
import { readPerfScript } from './read-perf-script.ts';
import { readPprof } from './read-pprof.ts';
import { readSpeedscope } from './read-speedscope.ts';
import { readV8Log } from './read-v8-log.ts';
import { LOOKED_AT, recogniseProfile } from './recognise-profile.ts';

/** perf.data is read by the room `perf`, which knows symbols: src/perf/read-perf-data.ts. */
const READERS: Record<
  Exclude<ProfileFormat, 'perf-data'>,
  (source: ByteSource, options: ReadProfileOptions) => ProfileFile
> = {
  cpuprofile: readCpuProfileFile,
  'chrome-trace': readChromeTrace,
  heapprofile: readHeapProfileFile,
  'v8-log': readV8Log,
  folded: readFolded,
  'perf-script': readPerfScript,
  pprof: readPprof,
  speedscope: readSpeedscope,
};

/**
 * Reads a profile file of any format of PROFILE_FORMATS, recognised by its content; gzip also from a pipe. Does not
 * close the source.
 * @throws HolterError E_FILE_FORMAT: something else, the message says what; and what the reader of the format throws
 */
export function openProfile(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  let open = peekable(source);
  // Files are unpacked when they are opened; what comes through a pipe, and what was packed twice, is not.
  if (isGzip(open.peek(2))) open = peekable(openBytes(readAll(open), source.name));
  const head = open.peek(LOOKED_AT);
  const found = recogniseProfile(head, head.length < LOOKED_AT, source.name);
  if ('other' in found) {
    const first = found.hint === undefined ? '' : `${found.hint.replace('FILE', source.name)}; `;
    throw new HolterError('E_FILE_FORMAT', `${source.name} is no profile: it is ${found.other}`, {
      hint: `${first}holter reads ${Object.values(PROFILE_FORMATS).join(', ')}`,
    });
  }
  if (found.format === 'perf-data')
    throw new HolterError('E_FILE_FORMAT', `${source.name} is perf.data`, {
      hint: `holter perf ${source.name}`,
    });
  return READERS[found.format](open, options);
}

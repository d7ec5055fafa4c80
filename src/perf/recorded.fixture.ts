import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { openBytes } from '../base/byte-source.ts';
import { parsePerfCode } from './code-file.ts';
import { parseKeptSymbols } from './kept-symbols.ts';
import { parseMapTimes } from './map-times.ts';
import { type BesidePerfData, openPerfData } from './open-perf-data.ts';
import type { PerfProfile } from './read-perf-data.ts';

const FOLDER = fileURLToPath(new URL('../../test/fixtures/perf-data', import.meta.url));

/** Versions of Node that there are recordings of (scripts/make-perf-fixtures.mjs). */
export const RECORDED: readonly string[] = readdirSync(FOLDER).sort();

export function recordedBytes(version: string, file: string): Buffer {
  return gunzipSync(readFileSync(`${FOLDER}/${version}/${file}.gz`));
}

/** What was kept beside a recording; nothing of this machine is asked. */
export function besideRecording(version: string): BesidePerfData {
  const text = (file: string): string => recordedBytes(version, file).toString('utf8');
  const { pid, times } = parseMapTimes(text('perf-map-times.json'), 'times');
  return {
    pid,
    map: recordedBytes(version, 'perf.map'),
    mapTimes: times,
    symbols: parseKeptSymbols(text('perf-symbols.json'), 'symbols'),
    foreign: true,
  };
}

export function readRecording(version: string, options: { inlined?: boolean } = {}): PerfProfile {
  const beside = besideRecording(version);
  if (options.inlined === true)
    beside.code = parsePerfCode(recordedBytes(version, 'perf-code.json').toString('utf8'), 'code');
  return openPerfData(openBytes(recordedBytes(version, 'perf.data'), 'perf.data'), {}, beside);
}

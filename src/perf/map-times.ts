import { HolterError } from '../base/errors.ts';
import type { MapTimes } from './perf-map.ts';

export const MAP_TIMES_SCHEMA = 'holter.perf-map-times/1';

/** `perf-map-times.json`: when the bytes of a perf map were written, seen by polling its size (docs/formats/perf-recording.md). */
export interface MapTimesFile {
  schema: typeof MAP_TIMES_SCHEMA;
  pid: number;
  /** CLOCK_MONOTONIC in µs, ascending: byte `offset[i]` and all behind it were not there yet. */
  timeUs: number[];
  offset: number[];
}

/** @throws HolterError E_FILE_FORMAT */
export function parseMapTimes(text: string, name: string): { pid: number; times: MapTimes } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HolterError('E_FILE_FORMAT', `${name} is no JSON`, { cause });
  }
  const { schema, pid, timeUs, offset } = (value ?? {}) as Partial<MapTimesFile>;
  const whole =
    schema === MAP_TIMES_SCHEMA &&
    Number.isSafeInteger(pid) &&
    isAscending(timeUs) &&
    isAscending(offset) &&
    timeUs.length === offset.length;
  if (!whole) throw new HolterError('E_FILE_FORMAT', `${name} holds no ${MAP_TIMES_SCHEMA}`);
  return { pid: pid!, times: { time: Float64Array.from(timeUs, (us) => us * 1000), offset } };
}

function isAscending(values: unknown): values is number[] {
  return (
    Array.isArray(values) &&
    values.every(
      (value, index) => Number.isFinite(value) && value >= 0 && (index === 0 || value >= values[index - 1]),
    )
  );
}

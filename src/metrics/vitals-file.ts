import { HolterError } from '../base/errors.ts';
import { SERIES_NAMES, type Series, type SeriesName, type VitalSigns } from './series.ts';

/**
 * `vitals.json`, schema `holter.vitals/1` (docs/formats/vitals.md). Columns, not rows: `t` and `v` of a series have the
 * same length, `t` in ms after window start ascending, `null` in `v` = gap. Times keep 0.1 ms, values 6 digits.
 */
interface VitalsFile extends Omit<VitalSigns, 'series'> {
  schema: 'holter.vitals/1';
  series: { name: SeriesName; t: number[]; v: (number | null)[]; masked?: Series['masked'] }[];
}

export function writeVitals(vitals: VitalSigns): string {
  const { series, ...rest } = vitals;
  const file: VitalsFile = {
    schema: 'holter.vitals/1',
    ...rest,
    series: [...series.values()].map(({ name, time, value, masked }) => ({
      name,
      t: Array.from(time, (t) => Math.round(t * 10) / 10),
      v: Array.from(value, (v) => (Number.isFinite(v) ? Number(v.toPrecision(6)) : null)),
      ...(masked === undefined ? {} : { masked }),
    })),
  };
  return `${JSON.stringify(file)}\n`;
}

/** @throws HolterError E_FILE_TRUNCATED (no JSON), E_FILE_FORMAT (another schema or shape) */
export function readVitals(text: string): VitalSigns {
  let file: Partial<VitalsFile>;
  try {
    file = JSON.parse(text) as Partial<VitalsFile>;
  } catch (error) {
    throw new HolterError(
      'E_FILE_TRUNCATED',
      `vitals.json is cut off or damaged: ${(error as Error).message}`,
      { cause: error },
    );
  }
  if (file?.schema !== 'holter.vitals/1' || !Array.isArray(file.series) || typeof file.seconds !== 'number')
    throw new HolterError(
      'E_FILE_FORMAT',
      `vitals.json: schema is ${JSON.stringify(file?.schema ?? null)}, expected "holter.vitals/1"`,
    );
  const known = new Set<string>(SERIES_NAMES);
  const series = new Map<SeriesName, Series>();
  for (const { name, t, v, masked } of file.series) {
    // A series this version does not know is no reason to refuse the rest.
    if (!known.has(name) || !Array.isArray(t) || !Array.isArray(v)) continue;
    const length = Math.min(t.length, v.length);
    series.set(name, {
      name,
      time: Float64Array.from(t.slice(0, length), Number),
      value: Float64Array.from(v.slice(0, length), (x) => (x === null ? Number.NaN : Number(x))),
      ...(masked === undefined ? {} : { masked }),
    });
  }
  return {
    seconds: file.seconds,
    series,
    blocked: file.blocked ?? [],
    gc: file.gc ?? [],
    forcedGc: file.forcedGc ?? [],
    resources: file.resources ?? {},
    heapSpaces: file.heapSpaces ?? [],
    ...(file.requests === undefined ? {} : { requests: file.requests }),
    ...(file.loopIterationsPerSecond === undefined
      ? {}
      : { loopIterationsPerSecond: file.loopIterationsPerSecond }),
  };
}

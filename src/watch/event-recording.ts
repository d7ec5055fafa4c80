import { join } from 'node:path';
import type { TargetInfo } from '../base/target-info.ts';
import type { Series, SeriesName, VitalSigns } from '../metrics/series.ts';
import { writeVitals } from '../metrics/vitals-file.ts';
import { createRecording, type RecordingWriter } from '../recording/write-recording.ts';
import type { Hit, Reading } from './conditions.ts';
import { EVENT_FILE } from './disk-quota.ts';

/** `event.json` of a recording: what happened, and what was captured of it. */
export interface EventFile {
  schema: 'holter.watch-event/1';
  rule: string;
  /** ISO time of the trigger. */
  at: string;
  target: { pid: number; name: string };
  hit: Hit;
  /** `capturing` in a finished recording: the watch was killed on the way. */
  state: 'capturing' | 'done';
  captures: { action: string; ok: boolean; text: string }[];
}

/** A recording that is being made of one event. */
export interface EventRecording {
  folder: string;
  writer: RecordingWriter;
  file: EventFile;
}

/** `20261124T041500-loop-stuck-api-4711`, and a number when there is such a folder already. */
export function eventFolder(
  out: string,
  at: Date,
  rule: string,
  name: string,
  pid: number,
  taken: (path: string) => boolean,
): string {
  const time = at.toISOString().replace(/[-:]|\.\d+Z$/g, '');
  const safe = name.replace(/[^\w.-]+/g, '_').slice(0, 40);
  const base = join(out, `${time}-${rule}-${safe}${pid > 0 ? `-${pid}` : ''}`);
  for (let number = 1; ; number++) {
    const folder = number === 1 ? base : `${base}-${number}`;
    if (!taken(folder)) return folder;
  }
}

/**
 * Begins the recording of an event with the vital signs that led there. What captures add lies in folders of its own.
 * @throws HolterError E_WRITE
 */
export async function beginRecording(
  folder: string,
  file: EventFile,
  readings: readonly Reading[],
): Promise<EventRecording> {
  const writer = await createRecording(folder);
  await writer.addPage(EVENT_FILE, `${JSON.stringify(file, null, 2)}\n`);
  await writer.add({ name: 'vitals.json', kind: 'vitals' }, writeVitals(vitalsOf(readings)));
  return { folder, writer, file };
}

/** @throws HolterError E_WRITE */
export async function finishRecording(
  { writer, file }: EventRecording,
  facts: {
    holter: string;
    target: TargetInfo;
    readings: readonly Reading[];
    ended: boolean;
    pausesMs: readonly number[];
  },
): Promise<void> {
  const { holter, target, readings, ended, pausesMs } = facts;
  const first = readings[0];
  const last = readings.at(-1);
  const seconds = first === undefined || last === undefined ? 0 : (last.at - first.at) / 1000;
  await writer.addPage(EVENT_FILE, `${JSON.stringify({ ...file, state: 'done' }, null, 2)}\n`);
  await writer.finish({
    schema: 'holter.recording/1',
    holter,
    target,
    window: {
      startedAt: new Date(Date.parse(file.at) - seconds * 1000).toISOString(),
      startedMonotonicUs: Math.round((first?.at ?? 0) * 1000),
      seconds,
      requestedSeconds: seconds,
      end: ended ? { kind: 'target-exited', atMs: seconds * 1000, how: '' } : { kind: 'complete' },
    },
    access: 'outside',
    accessProblem: 'the minutes before an event, seen by holter watch from /proc',
    notes: [
      `rule ${file.rule}: ${file.hit.text}`,
      ...file.captures.map(({ action, ok, text }) => `${action}${ok ? '' : ' failed'}: ${text}`),
    ],
    files: [...writer.files],
    actions: pausesMs.map((pauseMs) => ({
      what: 'stopped, stack of the main thread read from its memory, continued',
      at: file.at,
      pauseMs,
    })),
    inspectorOpenMs: 0,
    left: { verified: true, leftBehind: [] },
  });
}

/** What /proc told, as series; times in ms after the first reading. */
export function vitalsOf(readings: readonly Reading[]): VitalSigns {
  const start = readings[0]?.at ?? 0;
  const time = Float64Array.from(readings, ({ at }) => at - start);
  const series = (name: SeriesName, read: (reading: Reading) => number): [SeriesName, Series] => [
    name,
    { name, time, value: Float64Array.from(readings, read) },
  ];
  return {
    seconds: ((readings.at(-1)?.at ?? start) - start) / 1000,
    series: new Map([
      series('cpu.main_percent', ({ main }) => main),
      series('cpu.other_percent', ({ cpu, main }) => Math.max(0, cpu - main)),
      series('sched.main_wait_percent', ({ wait }) => wait),
      series('memory.rss_bytes', ({ rss }) => rss),
    ]),
    blocked: [],
    gc: [],
    forcedGc: [],
    resources: {},
    heapSpaces: [],
  };
}

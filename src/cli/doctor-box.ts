import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HolterError } from '../base/errors.ts';
import {
  BOX_FILES,
  type BoxDescription,
  type BoxExit,
  readEvents,
  readRing,
  seriesOfRing,
} from '../metrics/black-box.ts';
import { causeOfDeath, type FatalReport } from '../metrics/box-death.ts';
import { SERIES_NAMES, type VitalSigns } from '../metrics/series.ts';
import { writeVitals } from '../metrics/vitals-file.ts';
import { createRecording, type RecordingWriter } from '../recording/write-recording.ts';
import { temporaryPath } from './paths.ts';
import { HOLTER_VERSION } from './version.ts';

/** Is it the folder `holter/agent` keeps of one process? */
export function isBlackBox(folder: string): boolean {
  return existsSync(join(folder, BOX_FILES.description));
}

/**
 * Reads a black box into a recording, which then is judged as any other: its last minutes and the cause of its end.
 * @throws HolterError E_FILE_FORMAT, E_FILE_TRUNCATED for a damaged one, E_WRITE
 */
export async function captureBox(folder: string, out: string | undefined): Promise<RecordingWriter> {
  const description = readDescription(folder);
  const rows = existsSync(join(folder, BOX_FILES.ring))
    ? readRing(readFileSync(join(folder, BOX_FILES.ring)))
    : [];
  const { target, cgroup } = description;
  const report = readFatalReport(folder);
  const exit = readJson<BoxExit>(join(folder, BOX_FILES.exit));
  const oomKillsNow =
    cgroup === undefined
      ? undefined
      : /^oom_kill (\d+)/m.exec(textOf(join(cgroup.folder, 'memory.events')))?.[1];
  const death = causeOfDeath({
    description,
    rows,
    events: readEvents(textOf(join(folder, BOX_FILES.events))),
    ...(typeof exit?.code === 'number' ? { exit } : {}),
    ...(report === undefined ? {} : { report }),
    isRunning: textOf(`/proc/${target.pid}/cmdline`).includes(target.command.split(' ').at(-1) || '\0'),
    ...(oomKillsNow === undefined ? {} : { oomKillsNow: Number(oomKillsNow) }),
    bootIdNow: textOf('/proc/sys/kernel/random/boot_id').trim(),
  });

  const first = rows[0]?.[0] ?? Date.parse(description.startedAt);
  const seconds = ((rows.at(-1)?.[0] ?? first) - first) / 1000;
  const known = new Set<string>(SERIES_NAMES);
  const vitals: VitalSigns = {
    seconds,
    series: new Map(seriesOfRing(rows, description.columns, known).map((series) => [series.name, series])),
    blocked: [],
    gc: [],
    forcedGc: [],
    resources: {},
    heapSpaces: [],
  };
  const writer = await createRecording(out ?? temporaryPath(basename(folder), ''));
  await writer.add({ name: 'vitals.json', kind: 'vitals' }, writeVitals(vitals));
  await writer.add({ name: 'box.json', kind: 'black-box' }, `${JSON.stringify(death)}\n`);
  await writer.finish({
    schema: 'holter.recording/1',
    holter: HOLTER_VERSION,
    target,
    window: {
      startedAt: new Date(first).toISOString(),
      startedMonotonicUs: 0,
      seconds,
      requestedSeconds: seconds,
      end:
        death.cause === 'running'
          ? { kind: 'complete' }
          : { kind: 'target-exited', atMs: seconds * 1000, how: death.how },
    },
    access: 'outside',
    accessProblem: 'read from the black box its agent kept',
    files: [...writer.files],
    actions: [],
    inspectorOpenMs: 0,
    left: { verified: true, leftBehind: [] },
  });
  return writer;
}

function readDescription(folder: string): BoxDescription {
  const path = join(folder, BOX_FILES.description);
  const description = readJson<Partial<BoxDescription>>(path);
  const { target } = description ?? {};
  if (
    description?.schema !== 'holter.black-box/1' ||
    typeof target?.pid !== 'number' ||
    typeof target.command !== 'string' ||
    typeof target.cwd !== 'string' ||
    !Array.isArray(description.columns) ||
    typeof description.startedAt !== 'string'
  )
    throw new HolterError('E_FILE_FORMAT', `${path} is no black box of holter, or damaged`);
  return description as BoxDescription;
}

/** The report Node wrote when V8 gave up, if there is one. */
function readFatalReport(folder: string): FatalReport | undefined {
  for (const file of readdirSync(folder).filter((name) => /^report\..*\.json$/.test(name))) {
    const report = readJson<{
      header?: { trigger?: unknown; event?: unknown };
      javascriptStack?: { stack?: unknown };
      javascriptHeap?: Record<string, unknown>;
    }>(join(folder, file));
    const trigger = String(report?.header?.trigger ?? '');
    // The program may write reports of its own; these are V8's and Node's last words.
    if (!/^(OOMError|FatalError)$/.test(trigger)) continue;
    const { usedMemory, memoryLimit } = report?.javascriptHeap ?? {};
    const stack = report?.javascriptStack?.stack;
    return {
      file,
      trigger,
      event: String(report?.header?.event ?? ''),
      stack: Array.isArray(stack) ? stack.map(String) : [],
      ...(typeof usedMemory === 'number' ? { heapUsedBytes: usedMemory } : {}),
      ...(typeof memoryLimit === 'number' ? { heapLimitBytes: memoryLimit } : {}),
    };
  }
  return undefined;
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

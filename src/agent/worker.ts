import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { BOX_COLUMNS, BOX_FILES, type BoxDescription, type BoxEvent } from '../metrics/black-box.ts';
import { appendEvent, removeOldBoxes, writeBoxFile } from './box-folder.ts';
import { makeCaptures } from './captures.ts';
import { buildMetrics, writePrometheus } from './metric-table.ts';
import {
  countDescriptors,
  findMemoryGroup,
  groupMemory,
  readBootId,
  readMainThread,
} from './process-readings.ts';
import { serveMetrics } from './serve-metrics.ts';
import { gcSeconds, SLOTS } from './shared-vitals.ts';
import { openRing, RING_ROWS } from './vitals-ring.ts';
import { watchLoop } from './watch-loop.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';

/**
 * The agent's thread. It keeps the black box, notices a loop that does not turn, captures. Files are written
 * synchronously: the pool of libuv's threads is the program's. It is built into one string that the main thread starts.
 */

const PERIOD_MS = 1000;
/** Longest time between two looks at the loop. */
const TICK_MS = 100;
/** The timer of the main loop's delay (main-thread.ts). */
const RESOLUTION_MS = 20;
const DESCRIPTORS_EVERY = 10;
/** Main's numbers are older than that: it has not turned, they are a gap. */
const STALE_MS = 2500;
/** Put into the folder by a person, this file asks for a capture, also of a process that answers no signal. */
const REQUEST_FILE = 'capture';

const start = workerData as WorkerStart;
const { settings, folder, delays } = start;
const shared = new Float64Array(start.shared);
const slot = (name: keyof typeof SLOTS): number => shared[SLOTS[name]] ?? 0;

const tell = (event: BoxEvent): void => {
  appendEvent(folder, event);
  parentPort?.postMessage({ event } satisfies FromWorker);
};
const problem = (text: string): void => tell({ kind: 'problem', at: new Date().toISOString(), text });

const group = findMemoryGroup();
const limited = group !== undefined && Number.isFinite(group.limitBytes);
const description: BoxDescription = {
  schema: 'holter.black-box/1',
  holter: start.holter,
  target: {
    ...start.target,
    ...(limited ? { memoryLimitBytes: group.limitBytes } : {}),
  },
  startedAt: new Date().toISOString(),
  periodMs: PERIOD_MS,
  rows: RING_ROWS,
  columns: BOX_COLUMNS,
  bootId: readBootId(),
  ...(group === undefined ? {} : { cgroup: { folder: group.folder, oomKills: group.oomKills } }),
};
writeBoxFile(folder, BOX_FILES.description, `${JSON.stringify(description, null, 1)}\n`);
const ring = openRing(folder);
const captures = makeCaptures(settings, folder, tell);
for (const text of start.problems) problem(text);
removeOldBoxes(join(folder, '..'), folder, settings.quotaBytes);

const tickMs = settings.blockedMs === 0 ? PERIOD_MS : Math.max(50, Math.min(TICK_MS, settings.blockedMs / 4));
let hasTurned = false;
const loop = watchLoop(settings.blockedMs, tickMs, tell, () => hasTurned);

let nextRow = performance.now();
let turn = 0;
let descriptors = Number.NaN;
let before = {
  at: performance.now(),
  cpu: process.cpuUsage(),
  main: readMainThread(),
  gc: 0,
  active: 0,
  idle: 0,
};
/** Largest delay of the second; the histogram itself is emptied at each row. */
const writeRow = (now: number, blockedMs: number): void => {
  // Of the first look there is nothing to compare with yet: its rates are gaps.
  const seconds = now - before.at < PERIOD_MS / 2 ? Number.NaN : (now - before.at) / 1000;
  const cpu = process.cpuUsage();
  const main = readMainThread();
  const gc = gcSeconds(shared);
  const [active, idle] = [slot('eluActive'), slot('eluIdle')];
  const isFresh = Date.now() - slot('refreshed') < STALE_MS;
  const fresh = (value: number): number => (isFresh ? value : Number.NaN);
  const delay = delays.count === 0 ? 0 : Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
  if (turn++ % DESCRIPTORS_EVERY === 0) descriptors = countDescriptors();
  const turned = active - before.active + idle - before.idle;
  ring.write({
    time: Date.now(),
    'cpu.main_percent': (100 * (main.cpuSeconds - before.main.cpuSeconds)) / seconds,
    'cpu.process_percent': (cpu.user + cpu.system - before.cpu.user - before.cpu.system) / 1e4 / seconds,
    'sched.main_wait_percent': (100 * (main.waitSeconds - before.main.waitSeconds)) / seconds,
    'memory.rss_bytes': process.memoryUsage.rss(),
    'memory.heap_used_bytes': fresh(slot('heapUsed')),
    'memory.heap_total_bytes': fresh(slot('heapTotal')),
    'memory.external_bytes': fresh(slot('external')),
    'memory.array_buffers_bytes': fresh(slot('arrayBuffers')),
    'loop.delay_ms': Math.max(delay, blockedMs),
    'loop.utilisation_percent':
      turned > 0 ? (100 * (active - before.active)) / turned : isFresh ? 0 : Number.NaN,
    'gc.percent': Math.min(100, (100 * (gc - before.gc)) / seconds),
    'handles.active': fresh(slot('handles')),
    'handles.fds': descriptors,
    'cgroup.memory_bytes': group === undefined ? Number.NaN : groupMemory(group.folder),
    'loop.blocked_ms': blockedMs,
  });
  before = { at: now, cpu, main, gc, active, idle };
};

let lastCount = 0;
let turns = 0;
const tick = (): void => {
  const now = performance.now();
  const { count } = delays;
  // The histogram is emptied at each row: what counts is that it changes.
  if (count !== lastCount || captures.isStopping()) turns++;
  lastCount = count;
  hasTurned ||= turns > 2;
  const blockedMs = loop.tick(now, turns);
  if (now < nextRow) return;
  nextRow = Math.max(nextRow + PERIOD_MS, now);
  writeRow(now, blockedMs < 2 * tickMs ? 0 : blockedMs);
  delays.reset();
  lastCount = 0;
  const request = join(folder, REQUEST_FILE);
  if (existsSync(request)) {
    rmSync(request, { force: true });
    void captures.onDemand('a file named capture');
  }
};
const timer = setInterval(tick, tickMs);
tick();

let closeMetrics: (() => void) | undefined;
if (settings.metrics !== '')
  serveMetrics(
    settings.metrics,
    () => {
      const { user, system } = process.cpuUsage();
      return writePrometheus(
        buildMetrics({
          shared,
          spaces: start.spaces,
          delays: start.scrape,
          resolutionMs: RESOLUTION_MS,
          cpuUserSeconds: user / 1e6,
          cpuSystemSeconds: system / 1e6,
          rssBytes: process.memoryUsage.rss(),
          uptimeSeconds: process.uptime(),
          descriptors: countDescriptors(),
        }),
      );
    },
    problem,
  ).then(
    (close) => {
      closeMetrics = close;
    },
    (error: Error) => problem(`metrics are not served: ${error.message}`),
  );

parentPort?.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'leak': {
      const event: BoxEvent = {
        kind: 'leak',
        at: new Date().toISOString(),
        text: message.text,
        numbers: message.numbers,
      };
      const room = limited ? group.limitBytes - groupMemory(group.folder) : Number.POSITIVE_INFINITY;
      void captures.onLeak(event, slot('heapUsed'), room);
      break;
    }
    case 'near-heap-limit':
      tell({
        kind: 'near-heap-limit',
        at: new Date().toISOString(),
        text: message.text,
        numbers: message.numbers,
      });
      break;
    case 'capture':
      void captures.onDemand(message.why);
      break;
    case 'stop':
      clearInterval(timer);
      closeMetrics?.();
      ring.close();
      process.exit(0);
  }
});

import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { makeLeakRule } from './leak-rule.ts';
import type { Settings } from './settings.ts';
import {
  addCollection,
  gcTypeOf,
  MAX_SPACES,
  SLOT_COUNT,
  SLOTS,
  SPACE_STEP,
  SPACES_FROM,
} from './shared-vitals.ts';
import type { ToWorker } from './worker-messages.ts';

/** Period of the timer that measures the loop's delay; it is C++ and calls no JavaScript. */
export const RESOLUTION_MS = 20;
const REFRESH_MS = 1000;
/** Counting handles makes a list of them all: less often. */
const HANDLES_EVERY = 10;

/** The part of the agent that must live in the main thread; it is kept small: everything else is in the worker. */
export interface MainThread {
  shared: SharedArrayBuffer;
  spaces: readonly string[];
  delays: ReturnType<typeof monitorEventLoopDelay>;
  /** Brings the shared numbers up to date. */
  refresh(): void;
  stop(): void;
}

export function watchMainThread(settings: Settings, tell: (message: ToWorker) => void): MainThread {
  const buffer = new SharedArrayBuffer(SLOT_COUNT * 8);
  const shared = new Float64Array(buffer);
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const spaces = getHeapSpaceStatistics()
    .slice(0, MAX_SPACES)
    .map(({ space_name: name }) => name);

  let turn = 0;
  const refresh = (): void => {
    const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
    shared[SLOTS.heapUsed] = heapUsed;
    shared[SLOTS.heapTotal] = heapTotal;
    shared[SLOTS.external] = external;
    shared[SLOTS.arrayBuffers] = arrayBuffers;
    const { active, idle } = performance.eventLoopUtilization();
    shared[SLOTS.eluActive] = active;
    shared[SLOTS.eluIdle] = idle;
    if (turn++ % HANDLES_EVERY === 0) {
      shared[SLOTS.handles] = process.getActiveResourcesInfo().length;
      shared[SLOTS.heapLimit] = getHeapStatistics().heap_size_limit;
    }
    if (settings.metrics !== '')
      for (const [index, space] of getHeapSpaceStatistics().slice(0, MAX_SPACES).entries()) {
        const at = SPACES_FROM + index * SPACE_STEP;
        shared[at] = space.space_size;
        shared[at + 1] = space.space_used_size;
        shared[at + 2] = space.space_available_size;
        shared[at + 3] = space.physical_space_size;
      }
    shared[SLOTS.refreshed] = Date.now();
  };
  refresh();
  const timer = setInterval(refresh, REFRESH_MS);
  timer.unref();

  const collections = watchCollections(settings, shared, tell);
  return {
    shared: buffer,
    spaces,
    delays,
    refresh,
    stop() {
      clearInterval(timer);
      delays.disable();
      collections.disconnect();
    },
  };
}

function watchCollections(
  settings: Settings,
  shared: Float64Array,
  tell: (message: ToWorker) => void,
): PerformanceObserver {
  const rule =
    settings.leakCollections > 0
      ? makeLeakRule(settings.leakCollections, settings.leakGraceMs, performance.now())
      : undefined;
  let toldNearLimit = Number.NEGATIVE_INFINITY;

  const afterFullCollection = (): void => {
    const { used_heap_size: used, heap_size_limit: limit, external_memory: external } = getHeapStatistics();
    const now = performance.now();
    const verdict = rule?.add({ time: now, bytes: used + external });
    if (verdict !== undefined)
      tell({
        kind: 'leak',
        text: `more was left after each of ${verdict.lows.length - 1} full collections in a row: ${mega(verdict.growthBytes)} MB more, ${mega(verdict.bytesPerMinute)} MB a minute`,
        numbers: {
          collections: verdict.lows.length - 1,
          growthBytes: verdict.growthBytes,
          bytesPerMinute: Math.round(verdict.bytesPerMinute),
          fromBytes: verdict.lows[0]?.bytes ?? 0,
          toBytes: verdict.lows.at(-1)?.bytes ?? 0,
        },
      });
    const percent = (100 * used) / limit;
    if (
      settings.nearLimitPercent > 0 &&
      percent >= settings.nearLimitPercent &&
      now - toldNearLimit >= settings.cooldownMs
    ) {
      toldNearLimit = now;
      tell({
        kind: 'near-heap-limit',
        text: `${Math.round(percent)} % of the heap's limit is in use after a full collection: ${mega(used)} of ${mega(limit)} MB`,
        numbers: { heapUsedBytes: used, heapLimitBytes: limit },
      });
    }
  };

  const observer = new PerformanceObserver((list) => {
    let wasFull = false;
    for (const entry of list.getEntries()) {
      const type = gcTypeOf((entry as { detail?: { kind?: number } }).detail?.kind ?? 0);
      addCollection(shared, type, entry.duration / 1000);
      wasFull ||= type === 1;
    }
    if (wasFull) afterFullCollection();
  });
  observer.observe({ entryTypes: ['gc'] });
  return observer;
}

function mega(bytes: number): string {
  const value = bytes / 1e6;
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

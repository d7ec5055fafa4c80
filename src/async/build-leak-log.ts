import type { Milliseconds } from '../base/units.ts';
import type { LeakDescriptors, LeakLog } from './leak-log.ts';
import { HANDLE_TYPES, type LeakArming, type LeakHarvest, type LeakSample } from './leak-recorder-state.ts';

/**
 * A hook of async_hooks makes awaits of the program dearer for as long as it lives (V8 gives up a short cut once promises were
 * hooked; before Node 24 every hook hooks promises): stacks are taken only of what is seen to grow, and to go on growing.
 */
const SEEMS_TO_GROW = 5;
const STILL_GROWING = 0.15;
/** Bytes a second in old space, which is what survived two collections; or so many in all. */
const HEAP_PER_SECOND = 120_000;
const HEAP_LEAST = 250_000;
const HEAP_ENOUGH = 2_500_000;
/** Bytes that requests under way and code being compiled do not explain. */
const HELD_LEAST = 100_000;
const LEAST_LOOKS = 5;
/** Looks in which our own code is compiled and warms up. */
const WARM_UP = 3;

/** Puts the looks of a leak recorder together into one log, and tells what seems to grow meanwhile. */
export class LeakLogBuilder {
  readonly #offsetMs: Milliseconds;
  readonly #node: string;
  readonly #fromMs: Milliseconds;
  readonly #samples: LeakSample[] = [];
  readonly #watched = new Map<number, LeakSample['watched'][number]>();
  readonly #armed = { timers: false, files: false, promises: false, requests: false };
  readonly #handles = new Set<string>();
  #harvest: LeakHarvest | undefined;
  /** A full collection came before it was looked which promises are alive. */
  collected = false;
  /** Between two collections more and more was held: not only garbage that waits. */
  heapIsProven = false;

  /** `clockMs`: the target's clock when the recorder began, which was `fromMs` of the window. */
  constructor({ clockMs, fromMs, node }: { clockMs: Milliseconds; fromMs: Milliseconds; node: string }) {
    this.#offsetMs = clockMs - fromMs;
    this.#fromMs = fromMs;
    this.#node = node;
  }

  get armedPromises(): boolean {
    return this.#armed.promises;
  }

  add(sample: LeakSample): void {
    this.#samples.push(sample);
    for (const watched of sample.watched) this.#watched.set(watched[0], watched);
  }

  harvest(harvest: LeakHarvest): void {
    this.#harvest = harvest;
  }

  /** Old space rises over the looks: a leak, or garbage that waits for its collection. */
  get heapSeemsToGrow(): boolean {
    return this.#samples.length >= LEAST_LOOKS && heapGrows(this.#samples.slice(WARM_UP));
  }

  /** Whether what was held rose by `bytes` in `ms` fast enough for a leak. */
  static isGrowth(bytes: number, ms: Milliseconds): boolean {
    return bytes >= HELD_LEAST && bytes >= (HEAP_PER_SECOND * ms) / 1000;
  }

  /**
   * What to take stacks of from now on; undefined: nothing more than before. The judgement comes later.
   */
  whatGrows(filesGrow: boolean): LeakArming | undefined {
    const samples = this.#samples;
    if (samples.length < LEAST_LOOKS) return undefined;
    const seems = (read: (sample: LeakSample) => number): boolean =>
      growth(samples, read) >= SEEMS_TO_GROW && goesOn(samples, read);
    const handles = Object.entries(HANDLE_TYPES)
      .filter(([type, name]) => {
        return !this.#handles.has(type) && seems(({ resources }) => resources[name] ?? 0);
      })
      .map(([type]) => type);
    const armed = this.#armed;
    const heap = this.heapIsProven;
    // Timers that do not hold the loop are counted nowhere: the heap tells.
    const timers = !armed.timers && (heap || seems(({ resources }) => resources.Timeout ?? 0));
    // Where they are hooked anyway, listening to them too costs little.
    const promises = !armed.promises && (heap || samples.at(-1)!.hooked);
    const files = !armed.files && filesGrow;
    const requests = !armed.requests && this.listenersGrow;
    if (handles.length === 0 && !timers && !promises && !files && !requests) return undefined;
    for (const type of handles) this.#handles.add(type);
    armed.timers ||= timers;
    armed.promises ||= promises;
    armed.files ||= files;
    armed.requests = true;
    return {
      ...(handles.length === 0 ? {} : { handles }),
      ...(timers ? { timers } : {}),
      ...(files ? { files } : {}),
      ...(promises ? { promises } : {}),
    };
  }

  /** Some event of some emitter seems to have more and more listeners. */
  get listenersGrow(): boolean {
    return [...this.#watched.keys()].some((number) => {
      // Before it had many it was not looked at: it had about as many.
      let known = 0;
      const counts = this.#samples.flatMap(
        ({ listeners }) => listeners.find(([other]) => other === number)?.[1] ?? [],
      );
      const missing = this.#samples.length - counts.length;
      return (
        growth(this.#samples, () => (known++ < missing ? (counts[0] ?? 0) : counts[known - 1 - missing]!)) >=
        SEEMS_TO_GROW
      );
    });
  }

  finish(descriptors: LeakDescriptors | undefined): LeakLog {
    const samples = this.#samples;
    const harvest = this.#harvest;
    const at = (time: number): Milliseconds => Math.round((time - this.#offsetMs) * 10) / 10;
    const names = new Set(samples.flatMap(({ resources }) => Object.keys(resources)));
    const frames: LeakLog['frames'] = [];
    const frameNumbers = new Map<string, number>();
    const stacks = (harvest?.stacks ?? []).map((stack) =>
      stack.map((frame) => {
        const key = JSON.stringify(frame);
        let number = frameNumbers.get(key);
        if (number === undefined) {
          number = frames.length;
          frames.push(frame);
          frameNumbers.set(key, number);
        }
        return number;
      }),
    );
    const counts = new Map([...this.#watched.keys()].map((number) => [number, [] as (number | null)[]]));
    for (const { listeners } of samples) {
      const now = new Map(listeners);
      for (const [number, list] of counts) list.push(now.get(number) ?? null);
    }
    return {
      schema: 'holter.leaks/1',
      node: this.#node,
      fromMs: this.#fromMs,
      toMs: at(harvest?.time ?? samples.at(-1)?.time ?? this.#offsetMs),
      times: samples.map(({ time }) => at(time)),
      resources: Object.fromEntries(
        [...names].map((name) => [name, samples.map(({ resources }) => resources[name] ?? 0)]),
      ),
      heapUsed: samples.map(({ heapUsed }) => heapUsed),
      oldSpace: samples.map(({ oldSpace }) => oldSpace),
      requests: samples.map(({ requests }) => requests),
      unanswered: samples.map(({ unanswered }) => unanswered),
      listeners: [...this.#watched.values()].map(([number, emitter, event, kind]) => ({
        emitter,
        event,
        kind,
        counts: counts.get(number) ?? [],
        added: (harvest?.added ?? [])
          .filter(([other]) => other === number)
          .map(([, stack, count]): [number, number] => [stack, count]),
      })),
      types: harvest?.types ?? [],
      created: harvest?.created ?? [],
      armedAt: (harvest?.armedAt ?? []).map(at),
      rows: (harvest?.rows ?? []).map(
        (row) => row.map((value, index) => (index === 3 ? at(value) : value)) as typeof row,
      ),
      collected: this.collected,
      ...(descriptors === undefined ? {} : { descriptors }),
      stacks,
      frames,
      notes: harvest !== undefined && harvest.errors > 0 ? ['some creations could not be read'] : [],
    };
  }
}

/** By how much the lowest value of the second half is above that of the first. */
function growth(samples: readonly LeakSample[], read: (sample: LeakSample) => number): number {
  const half = Math.floor(samples.length / 2);
  let early = Number.POSITIVE_INFINITY;
  let late = Number.POSITIVE_INFINITY;
  for (const [index, sample] of samples.entries()) {
    if (index < half) early = Math.min(early, read(sample));
    else late = Math.min(late, read(sample));
  }
  return late - early;
}

/** True when a good part of it came in the last quarter: what a load brings when it begins is level by then. */
function goesOn(samples: readonly LeakSample[], read: (sample: LeakSample) => number): boolean {
  const last = read(samples.at(-1)!);
  const before = read(samples[Math.floor((samples.length * 3) / 4) - 1]!);
  return last - before >= STILL_GROWING * (last - read(samples[0]!));
}

function heapGrows(samples: readonly LeakSample[]): boolean {
  if (samples.length < LEAST_LOOKS) return false;
  const bytes = growth(samples, ({ oldSpace }) => oldSpace);
  const seconds = (samples.at(-1)!.time - samples[0]!.time) / 2000;
  return bytes >= HEAP_ENOUGH || (bytes >= HEAP_LEAST && bytes >= HEAP_PER_SECOND * seconds);
}

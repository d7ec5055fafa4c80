import { readClosureVariables, type Variable } from './closure-variables.ts';
import { functionName, sharedOf } from './function-info.ts';
import { loopTime, timersWithin } from './libuv-handle.ts';
import { membersByName, numberIn, truthIn } from './members-by-name.ts';
import { environmentLayout, realmOf } from './node-environment.ts';
import { rawElements } from './object-elements.ts';
import { readValue } from './read-value.ts';
import { field, isHeapObject, isJsFunction, isJsReceiver } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** A timer of the program: setTimeout, setInterval, and those that Node's own modules set. */
export interface JsTimer {
  /** Tagged address of the Timeout. */
  address: number;
  /** What was asked for, ms. */
  delayMs: number;
  /** Of setInterval. */
  isRepeated: boolean;
  isReferenced: boolean;
  /** From the moment of the look (a core: from the loop's last look at the clock); negative: it is late. NaN unknown. */
  dueMs: number;
  /** What will be called, `(anonymous)`, and where that is. */
  callback: string;
  place?: string;
}

/** Bytes of an Environment (its timer is in it) and of a Realm: theirs are 3 200 and 1 000 in Node 26. */
const ENVIRONMENT_SIZE = 6000;
const REALM_SIZE = 2048;
const MOST_TIMERS = 100_000;
const MOST_IMMEDIATES = 1_000_000;

/**
 * Timers and immediates of an Environment: the lists of node:internal/timers, variables around the function that its
 * Realm calls when time has come (`processTimers`).
 * @param loop its uv_loop_t; NaN: then nobody knows when they are due
 * @param until of performance.now(): then what was read so far is all
 */
export function readJsTimers(
  v8: V8Reader,
  environment: number,
  loop: number,
  until: number,
): { timers?: JsTimer[]; immediates?: number; isCut: boolean } {
  const variables = timerVariables(v8, environment);
  if (variables === undefined) return { isCut: false };
  const map = variables.find(({ name }) => name === 'timerListMap')?.word ?? Number.NaN;
  const queue = variables.find(({ name }) => name === 'immediateQueue')?.word ?? Number.NaN;
  const immediates = countImmediates(v8, queue, until);
  const found = immediates === undefined ? {} : { immediates };
  if (!isJsReceiver(v8, map)) return { ...found, isCut: false };
  const next = variables.find(({ name }) => name === 'nextExpiry');
  const base = timeBase(v8, environment, loop, next);
  const now = v8.image.kind === 'process' ? monotonicNow() : loopTime(v8.memory, loop);
  const timers: JsTimer[] = [];
  for (const { word: list } of rawElements(v8, map, MOST_TIMERS).list) {
    let timer = nextOf(membersByName(v8, list));
    while (isJsReceiver(v8, timer) && timer !== list && timers.length < MOST_TIMERS) {
      if (performance.now() > until) break;
      const members = membersByName(v8, timer);
      timers.push(readTimer(v8, timer, members, base - now));
      timer = nextOf(members);
    }
  }
  timers.sort((a, b) => (a.dueMs || 0) - (b.dueMs || 0));
  return { timers, ...found, isCut: performance.now() > until || timers.length >= MOST_TIMERS };
}

function nextOf(members: ReadonlyMap<string, number>): number {
  return members.get('_idleNext') ?? Number.NaN;
}

function readTimer(
  v8: V8Reader,
  timer: number,
  members: ReadonlyMap<string, number>,
  offset: number,
): JsTimer {
  const delayMs = numberIn(v8, members.get('_idleTimeout'));
  const start = numberIn(v8, members.get('_idleStart'));
  const callback = members.get('_onTimeout') ?? Number.NaN;
  const value = isHeapObject(callback) ? readValue(v8, callback, { depth: 0 }) : undefined;
  const target =
    value?.type === 'object' && value.place === undefined && isHeapObject(callback)
      ? readValue(v8, field(v8, callback, 'JSBoundFunction.target'), { depth: 0 })
      : value;
  const place = target?.type === 'object' ? target.place : undefined;
  return {
    address: timer,
    delayMs,
    isRepeated: !Number.isNaN(numberIn(v8, members.get('_repeat'))),
    isReferenced: truthIn(v8, members.get('Symbol(refed)')) !== false,
    dueMs: start + delayMs + offset,
    callback: (value?.type === 'object' ? value.text : undefined) || '(anonymous)',
    ...(place === undefined || place === '' ? {} : { place }),
  };
}

/**
 * Where an Environment has `timer_base_`, the moment its clock began, before its list of handles; by version of V8,
 * measured on Node's official builds.
 */
const BASE_BEFORE: Readonly<Record<number, number>> = { 102: 728, 113: 816, 124: 856, 136: 856, 146: 872 };

/**
 * When the clock of node:internal/timers began, ms of CLOCK_MONOTONIC. In a version nobody measured it follows from the
 * uv_timer of the Environment, which is set to the same moment as the next list, except while timers are being called.
 */
function timeBase(v8: V8Reader, environment: number, loop: number, next: Variable | undefined): number {
  const before = BASE_BEFORE[v8.layout.v8Number];
  if (before !== undefined && v8.layout.isKnown) {
    const base = v8.memory.word(environment + environmentLayout(v8).handleQueue - before);
    if (base > 0 && base <= loopTime(v8.memory, loop)) return base;
  }
  const word = next?.word ?? Number.NaN;
  // Negative where only timers wait that keep nothing alive.
  const expiry = Math.abs(next?.double ?? numberIn(v8, word));
  const [due = Number.NaN] = timersWithin(v8.memory, loop, environment, environment + ENVIRONMENT_SIZE);
  return due - expiry;
}

function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Variables of node:internal/timers; undefined: not found. */
function timerVariables(v8: V8Reader, environment: number): Variable[] | undefined {
  const { memory } = v8;
  const realm = realmOf(v8, environment);
  const seen = new Set<number>();
  for (let slot = realm; slot < realm + REALM_SIZE; slot += 8) {
    const handle = memory.word(slot);
    if (!isPointer(handle)) continue;
    const object = memory.word(handle);
    if (!isHeapObject(object) || seen.has(object) || !isJsFunction(v8, object)) continue;
    seen.add(object);
    if (!/^process(?:Timers|Immediate)$/.test(functionName(v8, sharedOf(v8, object)))) continue;
    const variables = readClosureVariables(v8, object);
    if (variables.some(({ name }) => name === 'timerListMap')) return variables;
  }
  return undefined;
}

function isPointer(word: number): boolean {
  return word > 4096 && word < 2 ** 47 && word % 8 === 0;
}

function countImmediates(v8: V8Reader, queue: number, until: number): number | undefined {
  if (!isJsReceiver(v8, queue)) return undefined;
  let count = 0;
  let at = membersByName(v8, queue).get('head') ?? Number.NaN;
  const first = at;
  while (isJsReceiver(v8, at) && count < MOST_IMMEDIATES && performance.now() < until) {
    count++;
    at = nextOf(membersByName(v8, at));
    if (at === first) break;
  }
  return count;
}

import type { ByteSource } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { JsonKeys } from '../base/json-keys.ts';
import { END, JsonReader } from '../base/json-reader.ts';
import { FloatList, IntList } from '../base/number-list.ts';
import type { Category } from './call-tree.ts';
import { CallTreeBuilder, ROOT_FRAME } from './call-tree-builder.ts';
import type { ProfileFile, ReadProfileOptions } from './profile-file.ts';
import { StackIndex } from './stack-index.ts';
import { CODE_KINDS, V8LogCodes } from './v8-log-codes.ts';

/** V8's default, and what a lone tick counts. */
const DEFAULT_INTERVAL_US = 1000;

/** A tick that is followed by nothing for longer than this, or for 10 intervals, did not run all the time. */
const LONGEST_GAP_US = 20_000;

const KEYS = new JsonKeys(['code', 'ticks']);
const TICK_KEYS = new JsonKeys(['tm', 'vm', 's']);

/** How a VM state is shown (V8 include/v8-unwinder.h, StateTag): as innermost frame, instead of C++ code. */
const STATES: readonly ({ name: string; category: Category } | undefined)[] = [
  undefined,
  { name: '(garbage collector)', category: 'gc' },
  { name: '(parser)', category: 'program' },
  { name: '(bytecode compiler)', category: 'program' },
  { name: '(compiler)', category: 'program' },
  undefined,
  undefined,
  { name: '(atomics wait)', category: 'idle' },
  { name: '(idle)', category: 'idle' },
  { name: '(logging)', category: 'program' },
];
const IDLE_STATE = 8;

/** Ticks in the order of the file. */
class Ticks {
  readonly time = new FloatList(1024);
  readonly node = new IntList(1024);
  readonly state = new IntList(1024);
  /** Stacks; the frame of a node is the number of its code entry + 1. */
  readonly stacks = new StackIndex();
}

/**
 * Reads what `node --prof-process --preprocess isolate….log` writes (Node's copy of V8's tools/tickprocessor.mjs and
 * profile.mjs): code entries, and ticks with time, VM state and stack. A tick weighs the time to the next one. Garbage
 * collections, parsing and compiling are frames of their own below the JS that caused them; time in which V8 took no
 * ticks, as it does while the thread waits, is `(idle)`. C++ code keeps its name, machinery of the interpreter is left out. Streams;
 * a cut file gives the ticks before the cut.
 * @throws HolterError E_FILE_FORMAT when there is no tick in it, E_FILE_TRUNCATED when it ends before the first
 */
export function readV8Log(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  const json = new JsonReader(source);
  const codes = new V8LogCodes();
  const ticks = new Ticks();
  if (json.enterObject()) {
    for (let key = json.nextKey(KEYS); key !== END; key = json.nextKey(KEYS)) {
      if (key === 0) codes.read(json);
      else if (key === 1) readTicks(json, ticks);
      else json.skip();
    }
  }
  json.finish();
  const partial = json.describeDamage();
  if (ticks.time.length === 0) {
    throw partial !== undefined && codes.length > 0
      ? new HolterError('E_FILE_TRUNCATED', `${source.name}: the file ends before its first tick`, {
          hint: 'write it again: node --prof-process --preprocess isolate….log > v8.json',
        })
      : new HolterError('E_FILE_FORMAT', `${source.name}: there are no ticks in it`, {
          hint: 'node --prof app.js, then node --prof-process --preprocess isolate….log > v8.json',
        });
  }
  const notes: string[] = [];
  const tree = buildTree(ticks, codes, options, notes).finish(partial);
  return { format: 'v8-log', profiles: [{ name: 'main', tree }], notes };
}

function readTicks(json: JsonReader, ticks: Ticks): void {
  if (!json.enterArray()) return;
  const batch = new Float64Array(1024);
  /** Code entries of one stack, innermost first; every second number is a place in the code. */
  const stack = new FloatList(256);
  while (json.nextElement()) {
    let time = Number.NaN;
    let state = 0;
    stack.length = 0;
    if (!json.enterObject()) continue;
    for (let key = json.nextKey(TICK_KEYS); key !== END; key = json.nextKey(TICK_KEYS)) {
      if (key === 0) time = json.readNumber(Number.NaN);
      else if (key === 1) state = json.readNumber(0);
      else if (key === 2 && json.enterArray()) {
        for (let count = json.readNumbers(batch); count > 0; count = json.readNumbers(batch)) {
          for (let i = 0; i < count; i++) stack.push(batch[i]!);
        }
      } else if (key !== 2) json.skip();
    }
    // The last tick of a cut file has lost part of its stack.
    if (json.damagedAt !== undefined) return;
    if (!(time >= 0 && time <= 2 ** 52)) continue;
    let node = 0;
    for (let i = stack.length - (stack.length % 2) - 2; i >= 0; i -= 2) {
      const code = stack.values[i]!;
      if (code >= 0 && code < 2 ** 31 - 1) node = ticks.stacks.child(node, Math.trunc(code) + 1);
    }
    ticks.time.push(time);
    ticks.node.push(node);
    ticks.state.push(state >= 0 && state < STATES.length ? Math.trunc(state) : 0);
  }
}

function buildTree(
  ticks: Ticks,
  codes: V8LogCodes,
  options: ReadProfileOptions,
  notes: string[],
): { finish(partial: string | undefined): ReturnType<CallTreeBuilder['finish']> } {
  const builder = new CallTreeBuilder('microseconds');
  const shown = showStacks(ticks.stacks, codes, builder, options);
  const stateRows = STATES.map((state) =>
    state === undefined ? -1 : builder.frameRow({ ...ROOT_FRAME, ...state }),
  );
  const idle = builder.frameRow({ ...ROOT_FRAME, name: '(idle)', category: 'idle' });
  const order = timeOrder(ticks.time.packed());
  const interval = medianInterval(ticks.time.values, order);
  const longest = Math.max(LONGEST_GAP_US, 10 * interval);
  let gaps = 0;
  let end = 0;
  for (let i = 0; i < order.length; i++) {
    const tick = order[i]!;
    const time = ticks.time.values[tick]!;
    const state = ticks.state.values[tick]!;
    const stack = ticks.node.values[tick]!;
    const node =
      state === IDLE_STATE
        ? builder.child(0, idle)
        : stateRows[state]! >= 0
          ? builder.child(shown.scripts[stack]!, stateRows[state]!)
          : shown.all[stack] === 0
            ? builder.programNode()
            : shown.all[stack]!;
    const last = i + 1 === order.length;
    const gap = last ? interval : ticks.time.values[order[i + 1]!]! - time;
    const weight = gap > longest && state !== IDLE_STATE ? interval : gap;
    builder.addSample(time / 1000, node, weight);
    if (weight < gap) {
      builder.addSample((time + weight) / 1000, builder.child(0, idle), gap - weight);
      gaps++;
    }
    end = (time + gap) / 1000;
  }
  if (gaps > 0) notes.push(`V8 took no ticks for ${gaps} stretches of time; they are counted as idle`);
  const from = ticks.time.values[order[0]!]! / 1000;
  return { finish: (partial) => builder.finish({ from, to: end, partial }) };
}

/** Builder nodes by stack: with all that is shown, and with the JS alone, below which VM states are hung. */
function showStacks(
  stacks: StackIndex,
  codes: V8LogCodes,
  builder: CallTreeBuilder,
  options: ReadProfileOptions,
): { all: Int32Array; scripts: Int32Array } {
  const all = new Int32Array(stacks.length);
  const scripts = new Int32Array(stacks.length);
  /** Where what a function calls is hung. */
  const below = new Int32Array(stacks.length);
  const rows = new Map<number, { row: number; kind: number }>();
  for (let node = 1; node < stacks.length; node++) {
    const parent = stacks.parent[node]!;
    const code = stacks.frame[node]! - 1;
    all[node] = below[parent]!;
    below[node] = below[parent]!;
    scripts[node] = scripts[parent]!;
    let frame = rows.get(code);
    if (frame === undefined) {
      const kind = codes.kind(code);
      frame = {
        row: kind === CODE_KINDS.hidden ? -1 : builder.frameRow(codes.describe(code, options)),
        kind,
      };
      rows.set(code, frame);
    }
    if (frame.row < 0) continue;
    all[node] = builder.child(below[parent]!, frame.row);
    // In between, a library is nothing but a builtin of V8 that its log did not find.
    if (frame.kind !== CODE_KINDS.library) below[node] = all[node]!;
    if (frame.kind === CODE_KINDS.js) scripts[node] = all[node]!;
  }
  return { all, scripts };
}

function timeOrder(time: Float64Array): Int32Array {
  const order = Int32Array.from(time, (_, i) => i);
  return order.sort((a, b) => time[a]! - time[b]! || a - b);
}

function medianInterval(time: Float64Array, order: Int32Array): number {
  const gaps = new Float64Array(Math.max(0, order.length - 1));
  for (let i = 0; i < gaps.length; i++) gaps[i] = time[order[i + 1]!]! - time[order[i]!]!;
  gaps.sort();
  return gaps.length === 0 ? DEFAULT_INTERVAL_US : gaps[gaps.length >> 1]! || DEFAULT_INTERVAL_US;
}

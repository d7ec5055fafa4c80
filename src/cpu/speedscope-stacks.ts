import type { CallTree } from './call-tree.ts';
import type { CallTreeBuilder } from './call-tree-builder.ts';

/** What the stacks of one profile of a speedscope file are read with. */
export interface SpeedscopeStacks {
  /** Row in the builder's frame table by index in `shared.frames`. */
  rows: Int32Array;
  /** Line that ran by index in `shared.frames`, 0 unknown. */
  lines: Int32Array;
  /** What the file calls the begin, in µs. */
  zero: number;
  /** Takes what was skipped, in sentences. */
  notes: string[];
}

const UNITS: ReadonlyMap<unknown, { unit: CallTree['unit']; divisor: number }> = new Map<
  unknown,
  { unit: CallTree['unit']; divisor: number }
>([
  ['nanoseconds', { unit: 'microseconds', divisor: 1000 }],
  ['microseconds', { unit: 'microseconds', divisor: 1 }],
  ['milliseconds', { unit: 'microseconds', divisor: 1 / 1e3 }],
  ['seconds', { unit: 'microseconds', divisor: 1 / 1e6 }],
  ['bytes', { unit: 'bytes', divisor: 1 }],
]);

/** A value of the file divided by `divisor` is in `unit`. */
export function unitOfSpeedscope(unit: unknown): { unit: CallTree['unit']; divisor: number } {
  return UNITS.get(unit) ?? { unit: 'samples', divisor: 1 };
}

/** Adds the stacks of a `sampled` profile; the span in ms. */
export function growSampled(
  builder: CallTreeBuilder,
  profile: Record<string, unknown>,
  stacks: SpeedscopeStacks,
): { from: number; to: number } {
  const { unit, divisor } = unitOfSpeedscope(profile.unit);
  const samples = Array.isArray(profile.samples) ? (profile.samples as unknown[]) : [];
  const weights = Array.isArray(profile.weights) ? (profile.weights as unknown[]) : [];
  const start = finite(profile.startValue, 0);
  const span = finite(profile.endValue, start) - start;
  const timed = unit === 'microseconds';
  const otherwise = timed ? Math.max(0, span) / Math.max(1, samples.length) : 1;
  const from = timed ? (start / divisor - stacks.zero) / 1000 : 0;
  if (weights.length < samples.length) {
    stacks.notes.push(
      `weights of ${samples.length - weights.length} of ${samples.length} samples are missing`,
    );
  }
  let sum = 0;
  let unknown = 0;
  for (let i = 0; i < samples.length; i++) {
    const stack = samples[i];
    let node = 0;
    let line = 0;
    if (Array.isArray(stack)) {
      for (let at = 0; at < stack.length; at++) {
        const frame = stack[at] as number;
        const row = stacks.rows[frame];
        if (row === undefined) unknown++;
        else {
          node = builder.child(node, row);
          line = stacks.lines[frame]!;
        }
      }
    } else unknown++;
    const weight = Math.max(0, finite(weights[i], otherwise)) / divisor;
    if (timed) builder.addSample(from + sum / 1000, node, weight);
    else builder.addSelf(node, weight);
    builder.addLine(node, line, weight);
    sum += weight;
  }
  if (unknown > 0) stacks.notes.push(`${unknown} frames of its stacks are not in the file`);
  return { from, to: timed ? from + Math.max(sum, span / divisor) / 1000 : 0 };
}

/** Adds the time between the events of an `evented` profile to the stack that was open; the span in ms. */
export function growEvented(
  builder: CallTreeBuilder,
  profile: Record<string, unknown>,
  stacks: SpeedscopeStacks,
): { from: number; to: number } {
  const { unit, divisor } = unitOfSpeedscope(profile.unit);
  const events = Array.isArray(profile.events) ? (profile.events as unknown[]) : [];
  const timed = unit === 'microseconds';
  const start = finite(profile.startValue, 0);
  const open = new OpenFrames(builder, stacks);
  let now = start;
  let skipped = 0;
  const advance = (to: number): void => {
    if (to <= now) return;
    const weight = (to - now) / divisor;
    // Nothing open: the root's own time, as an empty stack of a sampled profile is.
    if (timed) builder.addSample((now / divisor - stacks.zero) / 1000, open.node, weight);
    else builder.addSelf(open.node, weight);
    builder.addLine(open.node, open.line, weight);
    now = to;
  };
  for (const entry of events) {
    const { type, frame, at } = (entry ?? {}) as { type?: unknown; frame?: unknown; at?: unknown };
    const row = stacks.rows[frame as number];
    if (row === undefined || typeof at !== 'number' || (type !== 'O' && type !== 'C')) {
      skipped++;
      continue;
    }
    advance(finite(at, now));
    if (type === 'O') open.push(frame as number);
    else if (!open.close(frame as number)) skipped++;
  }
  advance(finite(profile.endValue, now));
  if (skipped > 0) stacks.notes.push(`${skipped} of ${events.length} events do not fit and were left out`);
  const from = timed ? (start / divisor - stacks.zero) / 1000 : 0;
  return { from, to: timed ? (now / divisor - stacks.zero) / 1000 : 0 };
}

/** The stack of open frames; a frame that was never closed is closed with its caller. */
class OpenFrames {
  readonly #builder: CallTreeBuilder;
  readonly #stacks: SpeedscopeStacks;
  readonly #frames: number[] = [];
  readonly #nodes: number[] = [0];
  /** How often each frame is open: a close of what is not open costs no search. */
  readonly #count: Int32Array;

  constructor(builder: CallTreeBuilder, stacks: SpeedscopeStacks) {
    this.#builder = builder;
    this.#stacks = stacks;
    this.#count = new Int32Array(stacks.rows.length);
  }

  get node(): number {
    return this.#nodes.at(-1)!;
  }

  get line(): number {
    const frame = this.#frames.at(-1);
    return frame === undefined ? 0 : this.#stacks.lines[frame]!;
  }

  push(frame: number): void {
    this.#nodes.push(this.#builder.child(this.node, this.#stacks.rows[frame]!));
    this.#frames.push(frame);
    this.#count[frame]!++;
  }

  close(frame: number): boolean {
    if (this.#count[frame] === 0) return false;
    for (let last = this.#frames.pop(); last !== undefined; last = this.#frames.pop()) {
      this.#nodes.pop();
      this.#count[last]!--;
      if (last === frame) break;
    }
    return true;
  }
}

/** A number that sums stay exact with, else `otherwise`. */
function finite(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Math.abs(value) <= 2 ** 52 ? value : otherwise;
}

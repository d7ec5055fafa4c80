import { FloatList } from '../base/number-list.ts';
import type { Microseconds, Milliseconds } from '../base/units.ts';
import type { CallTreeBuilder } from './call-tree-builder.ts';
import type { IdIndex } from './profile-nodes.ts';
import type { RawProfile } from './profile-tree.ts';

/** Times up to this sum up exactly. */
export const LONGEST_US: Microseconds = 2 ** 52;

/** Used when a file holds neither times nor an interval. V8's default, and holter's. */
const DEFAULT_INTERVAL_US = 1000;

/**
 * The last sample reaches to the end of the profile, but not further than this: Node 18 takes no samples in idle time
 * when it profiles itself, and the whole wait would be given to the function that ran before. The rest is `(program)`.
 */
const LONGEST_TAIL_US = 20_000;

/**
 * Adds the samples of a profile to the tree, in time order and each with the time to the next one; returns the span in
 * ms after `startedMonotonicUs` (default: the profile's own start). What does not fit together goes to `notes`. The
 * profile's columns become the tree's: a long profile is there once.
 */
export function addTimes(
  builder: CallTreeBuilder,
  raw: RawProfile,
  ids: IdIndex,
  nodeOf: Int32Array,
  startedMonotonicUs: number | undefined,
  notes: string[],
): { from: Milliseconds; to: Milliseconds } {
  const { samples, deltas } = raw;
  const count = samples.length;
  const start = finite(raw.startTime, startedMonotonicUs ?? 0);
  const zero = startedMonotonicUs ?? start;
  if (count === 0) return addHits(builder, raw, nodeOf, start, zero);
  const interval = guessInterval(raw, start);
  if (deltas.length < count) notes.push(`times of ${count - deltas.length} of ${count} samples are missing`);

  const times = deltas;
  const { ordered, unknown } = placeSamples(raw, ids, nodeOf, start, interval);
  if (unknown > 0) notes.push(`${unknown} of ${count} samples name a node that is not in the file`);
  // V8 writes its own samples (at start, stop, for GC) late, as negative steps: bring them into order.
  if (!ordered) sortByTime(times.values, samples.values, count);

  const first = Math.min(start, times.values[0]!);
  const last = times.values[count - 1]!;
  const end = Math.max(last, finite(raw.endTime, last + interval));
  const known = Math.min(end - last, Math.max(LONGEST_TAIL_US, 10 * interval));
  const weights = new FloatList(count + 1);
  const timeOf = times.values;
  const weightOf = weights.values;
  let time = timeOf[0]!;
  for (let i = 0; i + 1 < count; i++) {
    const next = timeOf[i + 1]!;
    weightOf[i] = next - time;
    timeOf[i] = (time - zero) / 1000;
    time = next;
  }
  weightOf[count - 1] = known;
  timeOf[count - 1] = (last - zero) / 1000;
  weights.length = count;
  if (known < end - last) {
    times.push((last + known - zero) / 1000);
    samples.push(builder.programNode());
    weights.push(end - last - known);
  }
  builder.addSamples(times, samples, weights);
  return { from: (first - zero) / 1000, to: (end - zero) / 1000 };
}

/**
 * Makes times of the deltas, as many as there are samples, and nodes of the ids, both in place. `unknown` ids go to the
 * root; `ordered` is false when some step went back.
 */
function placeSamples(
  { samples, deltas }: RawProfile,
  ids: IdIndex,
  nodeOf: Int32Array,
  start: number,
  interval: number,
): { ordered: boolean; unknown: number } {
  const count = samples.length;
  deltas.reserve(count + 1);
  samples.reserve(count + 1);
  const times = deltas.values;
  const nodes = samples.values;
  const given = deltas.length;
  let time = start;
  let ordered = true;
  let unknown = 0;
  for (let i = 0; i < count; i++) {
    const delta = i < given ? finite(times[i]!, interval) : interval;
    if (delta < 0) ordered = false;
    time += delta;
    times[i] = time;
    const row = ids.rowOf(nodes[i]!);
    if (row < 0) unknown++;
    nodes[i] = row < 0 ? 0 : nodeOf[row]!;
  }
  deltas.length = count;
  return { ordered, unknown };
}

/**
 * Sorts samples by time, in place and stable. V8's late samples are few places off, which insertion mends in one pass;
 * a file in real disorder is sorted by a general sort instead.
 */
function sortByTime(times: Float64Array, nodes: Int32Array, count: number): void {
  let moves = 16 * count;
  for (let i = 1; i < count; i++) {
    const time = times[i]!;
    const node = nodes[i]!;
    let at = i;
    while (at > 0 && times[at - 1]! > time && moves-- > 0) {
      times[at] = times[at - 1]!;
      nodes[at] = nodes[at - 1]!;
      at--;
    }
    times[at] = time;
    nodes[at] = node;
    if (moves <= 0) {
      const order = new Uint32Array(count);
      for (let place = 0; place < count; place++) order[place] = place;
      const oldTimes = times.slice(0, count);
      const oldNodes = nodes.slice(0, count);
      order.sort((a, b) => oldTimes[a]! - oldTimes[b]! || a - b);
      for (let place = 0; place < count; place++) {
        times[place] = oldTimes[order[place]!]!;
        nodes[place] = oldNodes[order[place]!]!;
      }
      return;
    }
  }
}

/** No samples (old or aggregated profiles): share the span out by hit counts. */
function addHits(
  builder: CallTreeBuilder,
  { nodes, endTime }: RawProfile,
  nodeOf: Int32Array,
  start: number,
  zero: number,
): { from: Milliseconds; to: Milliseconds } {
  let hits = 0;
  for (let row = 0; row < nodes.length; row++) hits += nodes.hits.values[row]!;
  const span = finite(endTime, 0) - start;
  const weight = hits === 0 ? 0 : span > 0 ? span / hits : DEFAULT_INTERVAL_US;
  for (let row = 0; row < nodes.length; row++)
    builder.addSelf(nodeOf[row]!, nodes.hits.values[row]! * weight);
  return { from: (start - zero) / 1000, to: (start - zero + weight * hits) / 1000 };
}

function guessInterval({ deltas, samples, sum, endTime }: RawProfile, start: number): number {
  if (sum > 0) return sum / deltas.length;
  const span = finite(endTime, 0) - start;
  return span > 0 ? span / samples.length : DEFAULT_INTERVAL_US;
}

/** A time in µs that sums stay exact with, else `otherwise`; also for NaN. */
function finite(value: number, otherwise: number): number {
  return Math.abs(value) <= LONGEST_US ? value : otherwise;
}

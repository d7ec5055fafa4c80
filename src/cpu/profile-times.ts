import type { CallTreeBuilder } from './call-tree-builder.ts';
import type { RawNode } from './profile-nodes.ts';

/** Used when a file holds neither times nor an interval. V8's default, and holter's. */
const DEFAULT_INTERVAL_US = 1000;

/**
 * The last sample reaches to the end of the profile, but not further than this: Node 18 takes no samples in idle time
 * when it profiles itself, and the whole wait would be given to the function that ran before. The rest is `(program)`.
 */
const LONGEST_TAIL_US = 20_000;

/**
 * Adds the samples of a profile to the tree, in time order and each with the time to the next one; returns the span in
 * ms after `startedMonotonicUs` (default: the profile's own start). What does not fit together goes to `notes`.
 */
export function addTimes(
  builder: CallTreeBuilder,
  profile: Record<string, unknown>,
  nodes: readonly RawNode[],
  nodeOf: Int32Array,
  startedMonotonicUs: number | undefined,
  notes: string[],
): { from: number; to: number } {
  const samples = Array.isArray(profile.samples) ? (profile.samples as unknown[]) : [];
  const deltas = Array.isArray(profile.timeDeltas) ? (profile.timeDeltas as unknown[]) : [];
  const start = finite(profile.startTime, startedMonotonicUs ?? 0);
  const zero = startedMonotonicUs ?? start;
  if (samples.length === 0) return addHits(builder, profile, nodes, nodeOf, start, zero);
  const interval = guessInterval(profile, deltas, samples.length, start);
  if (deltas.length < samples.length) {
    notes.push(`times of ${samples.length - deltas.length} of ${samples.length} samples are missing`);
  }
  const rowOfId = new Map<number, number>();
  for (const [row, node] of nodes.entries()) if (!rowOfId.has(node.id)) rowOfId.set(node.id, row);

  const times = new Float64Array(samples.length);
  let time = start;
  let ordered = true;
  for (let i = 0; i < samples.length; i++) {
    const delta = finite(deltas[i], interval);
    if (delta < 0) ordered = false;
    time += delta;
    times[i] = time;
  }
  // V8 writes its own samples (at start, stop, for GC) late, as negative steps: bring them into order.
  const order = Uint32Array.from(times, (_, i) => i);
  if (!ordered) order.sort((a, b) => times[a]! - times[b]! || a - b);
  const last = times[order[order.length - 1]!]!;
  const end = Math.max(last, finite(profile.endTime, last + interval));
  let unknown = 0;
  for (let i = 0; i < order.length; i++) {
    const sample = order[i]!;
    const at = times[sample]!;
    const next = i + 1 < order.length ? times[order[i + 1]!]! : end;
    const row = rowOfId.get(samples[sample] as number);
    if (row === undefined) unknown++;
    const known =
      i + 1 < order.length ? next - at : Math.min(next - at, Math.max(LONGEST_TAIL_US, 10 * interval));
    builder.addSample((at - zero) / 1000, row === undefined ? 0 : nodeOf[row]!, known);
    if (known < next - at)
      builder.addSample((at + known - zero) / 1000, builder.programNode(), next - at - known);
  }
  if (unknown > 0) notes.push(`${unknown} of ${samples.length} samples name a node that is not in the file`);
  const first = Math.min(start, times[order[0]!]!);
  return { from: (first - zero) / 1000, to: (end - zero) / 1000 };
}

/** No samples (old or aggregated profiles): share the span out by hit counts. */
function addHits(
  builder: CallTreeBuilder,
  profile: Record<string, unknown>,
  nodes: readonly RawNode[],
  nodeOf: Int32Array,
  start: number,
  zero: number,
): { from: number; to: number } {
  let hits = 0;
  for (const node of nodes) hits += node.hitCount;
  const span = finite(profile.endTime, 0) - start;
  const weight = hits === 0 ? 0 : span > 0 ? span / hits : DEFAULT_INTERVAL_US;
  for (const [row, node] of nodes.entries()) builder.addSelf(nodeOf[row]!, node.hitCount * weight);
  return { from: (start - zero) / 1000, to: (start - zero + weight * hits) / 1000 };
}

function guessInterval(
  profile: Record<string, unknown>,
  deltas: readonly unknown[],
  samples: number,
  start: number,
): number {
  let sum = 0;
  for (const delta of deltas) sum += Math.max(0, finite(delta, 0));
  if (sum > 0) return sum / deltas.length;
  const span = finite(profile.endTime, 0) - start;
  return span > 0 ? span / samples : DEFAULT_INTERVAL_US;
}

/** A time in µs that sums stay exact with, else `otherwise`. */
function finite(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Math.abs(value) <= 2 ** 52 ? value : otherwise;
}

import { IntList } from '../base/number-list.ts';
import { PairIndex } from '../base/pair-index.ts';
import type { Microseconds } from '../base/units.ts';
import { emptyProfile } from './profile-fields.ts';
import { IdIndex } from './profile-nodes.ts';
import type { RawProfile } from './profile-tree.ts';
import { ScriptFunctions } from './script-functions.ts';

/** What one trace event holds of a profile. Used again for every event: most hold nothing. */
export interface ProfilePart {
  raw: RawProfile;
  /** Line of each sample, 1-based in the generated script, 0 unknown. */
  lines: IntList;
  startTime: Microseconds;
  endTime: Microseconds;
}

/** The profile of one thread, put together from its chunks. */
export class TraceProfile {
  readonly pid: number;
  /** Of the thread that is profiled; chunks are written by another one. NaN unknown. */
  tid: number = Number.NaN;
  readonly raw: RawProfile;
  /** Parallel to `raw.samples`. */
  readonly #lines = new IntList();
  /** Where chunk i ends in `raw.samples`, and when it was written. */
  readonly #chunks: { end: number; at: Microseconds }[] = [];

  constructor(pid: number, functions: ScriptFunctions) {
    this.pid = pid;
    this.raw = emptyProfile(functions);
  }

  get chunks(): number {
    return this.#chunks.length;
  }

  /** Adds a chunk that was written `at` (µs on the clock of the trace). */
  add({ raw: part, lines, endTime }: ProfilePart, at: Microseconds): void {
    const { raw } = this;
    if (Number.isNaN(raw.startTime) && this.#chunks.length === 0) {
      // The event that opens the profile is not in the file: its first sample is the earliest time known.
      raw.startTime = part.samples.length > 0 ? at - part.sum : at;
    }
    const { nodes } = part;
    for (let row = 0; row < nodes.length; row++) {
      raw.nodes.id.push(nodes.id.values[row]!);
      raw.nodes.parentId.push(nodes.parentId.values[row]!);
      raw.nodes.fn.push(nodes.fn.values[row]!);
      raw.nodes.hits.push(nodes.hits.values[row]!);
      const from = row === 0 ? 0 : nodes.childEnd.values[row - 1]!;
      for (let i = from; i < nodes.childEnd.values[row]!; i++)
        raw.nodes.childId.push(nodes.childId.values[i]!);
      raw.nodes.childEnd.push(raw.nodes.childId.length);
    }
    for (let i = 0; i < part.samples.length; i++) {
      raw.samples.push(part.samples.values[i]!);
      raw.deltas.push(i < part.deltas.length ? part.deltas.values[i]! : Number.NaN);
      this.#lines.push(i < lines.length ? lines.values[i]! : 0);
    }
    raw.sum += part.sum;
    if (!Number.isNaN(endTime)) raw.endTime = endTime;
    this.#chunks.push({ end: raw.samples.length, at });
  }

  /** The whole profile, chunks in the order of time, lines of samples as line ticks. To be called once. */
  finish(): RawProfile {
    this.#sortChunks();
    const { nodes, samples } = this.raw;
    const ids = new IdIndex(nodes.id.values, nodes.length);
    const index = new PairIndex();
    // Row 0 of the index means "not there", so its rows are one more than those of the ticks.
    const row = new IntList();
    const line = new IntList();
    row.push(-1);
    line.push(0);
    for (let i = 0; i < samples.length; i++) {
      const at = this.#lines.values[i]!;
      const node = at > 0 ? ids.rowOf(samples.values[i]!) : -1;
      if (node < 0) continue;
      const known = index.find(row.values, line.values, node, at);
      if (known > 0) {
        nodes.ticks.values[known - 1]! += 1;
        continue;
      }
      row.push(node);
      line.push(at);
      index.add(row.values, line.values, row.length - 1);
      nodes.tickNode.push(node);
      nodes.tickLine.push(at);
      nodes.ticks.push(1);
    }
    return this.raw;
  }

  /** Writers flush their buffers in any order. */
  #sortChunks(): void {
    const chunks = this.#chunks.map(({ end, at }, i) => ({ begin: this.#chunks[i - 1]?.end ?? 0, end, at }));
    if (chunks.every(({ at }, i) => i === 0 || !(at < chunks[i - 1]!.at))) return;
    chunks.sort((a, b) => a.at - b.at);
    const { samples, deltas } = this.raw;
    const old = [samples, deltas, this.#lines].map(({ values, length }) => values.slice(0, length));
    let to = 0;
    for (const { begin, end } of chunks) {
      for (const [i, list] of [samples, deltas, this.#lines].entries())
        list.values.set(old[i]!.subarray(begin, end), to);
      to += end - begin;
    }
  }
}

/** All profiles of a trace, by process and id. */
export class TraceProfiles {
  readonly functions: ScriptFunctions = new ScriptFunctions();
  readonly #byKey = new Map<string, TraceProfile>();

  of(pid: number, id: string): TraceProfile {
    const key = `${pid} ${id}`;
    let profile = this.#byKey.get(key);
    if (profile === undefined) {
      profile = new TraceProfile(pid, this.functions);
      this.#byKey.set(key, profile);
    }
    return profile;
  }

  all(): TraceProfile[] {
    return [...this.#byKey.values()];
  }
}

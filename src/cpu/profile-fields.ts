import type { JsonReader } from '../base/json-reader.ts';
import { FloatList, IntList } from '../base/number-list.ts';
import { ProfileNodes, readProfileNodes } from './profile-nodes.ts';
import { LONGEST_US } from './profile-times.ts';
import type { RawProfile } from './profile-tree.ts';
import type { ScriptFunctions } from './script-functions.ts';

/** Numbers read at a time. */
const BATCH = 4096;

/** A profile nothing was read of; `functions` is shared where several come from one file. */
export function emptyProfile(functions?: ScriptFunctions): RawProfile {
  return {
    nodes: new ProfileNodes(functions),
    samples: new IntList(),
    deltas: new FloatList(),
    startTime: Number.NaN,
    endTime: Number.NaN,
    sum: 0,
  };
}

/**
 * Reads the value of a key of `Profiler.Profile` into `raw`, lists being added to what is there; false, and nothing
 * read, when it is none of its keys.
 */
export function readProfileField(json: JsonReader, name: string, raw: RawProfile): boolean {
  if (name === 'nodes') readProfileNodes(json, raw.nodes);
  else if (name === 'samples') readSamples(json, raw);
  else if (name === 'timeDeltas') readDeltas(json, raw);
  else if (name === 'startTime') raw.startTime = json.readNumber(Number.NaN);
  else if (name === 'endTime') raw.endTime = json.readNumber(Number.NaN);
  else return false;
  return true;
}

function readSamples(json: JsonReader, { samples, nodes }: RawProfile): void {
  if (!json.enterArray()) return;
  const begin = json.position;
  const batch = new Float64Array(BATCH);
  for (let count = json.readNumbers(batch); count > 0; count = json.readNumbers(batch)) {
    makeRoom(samples, count, json, begin);
    const values = samples.values;
    let at = samples.length;
    for (let i = 0; i < count; i++) {
      const id = batch[i]!;
      values[at++] = id >= 0 && (id | 0) === id ? id : nodes.idOf(id);
    }
    samples.length = at;
  }
}

function readDeltas(json: JsonReader, raw: RawProfile): void {
  const { deltas, samples } = raw;
  if (!json.enterArray()) return;
  // As many as samples, which stand before them in V8's files, and one more for the end of the profile.
  deltas.reserve(samples.length + 1);
  const begin = json.position;
  const batch = new Float64Array(BATCH);
  for (let count = json.readNumbers(batch); count > 0; count = json.readNumbers(batch)) {
    makeRoom(deltas, count, json, begin);
    const values = deltas.values;
    let at = deltas.length;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const delta = batch[i]!;
      values[at++] = delta;
      if (delta > 0 && delta <= LONGEST_US) sum += delta;
    }
    raw.sum += sum;
    deltas.length = at;
  }
}

/**
 * Room for `count` more values. A list that will be long is made long at once, by what its values took so far in the
 * file: growing by doubling leaves as much garbage as the list is long.
 */
function makeRoom(list: IntList | FloatList, count: number, json: JsonReader, begin: number): void {
  const least = list.length + count;
  if (least <= list.values.length) return;
  const bytesEach = (json.position - begin) / least;
  const expected = least + (json.remaining ?? 0) / Math.max(2, bytesEach);
  list.reserve(Math.ceil(Math.min(Math.max(expected, least * 2), least * 16)) + 1);
}

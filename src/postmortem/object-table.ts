import type { Bytes } from '../base/units.ts';
import { functionPlace } from './function-values.ts';
import { areaBytes, type HeapPage, type HeapPages } from './heap-page.ts';
import { type HeapBatch, HeapWalk, type WalkLosses } from './heap-walk.ts';
import { buildObjectClass, constructorOfSample, type ObjectClass, SparseShapes } from './object-class.ts';
import { OUTSIDE, type Outside, OutsideMemory } from './object-outside.ts';
import { type LargeString, type StringSizes, StringTally } from './object-strings.ts';
import { ObjectTally } from './object-tally.ts';
import type { V8Reader } from './v8-reader.ts';
import { readString } from './v8-strings.ts';

/** How many objects of one class there are. */
export interface ObjectRow extends ObjectClass {
  count: number;
  /** Of the objects themselves: what they refer to is counted where it is. */
  bytes: Bytes;
  /** Outside of the heap: backing stores of ArrayBuffers, characters of external strings. */
  outsideBytes: Bytes;
  /** Of Buffers, typed arrays and DataViews: bytes of ArrayBuffers that they show (counted there). */
  viewedBytes: Bytes;
  /** One of them (tagged). */
  sample: number;
}

/** One isolate's part. */
export interface IsolateObjects {
  /** NaN: not known, or what all isolates share. */
  tid: number;
  isShared: boolean;
  /** What its pages have room for. */
  pageBytes: Bytes;
  count: number;
  bytes: Bytes;
}

/** A histogram of a heap. */
export interface ObjectTable {
  /** Most bytes first. */
  rows: ObjectRow[];
  isolates: IsolateObjects[];
  strings: StringSizes[];
  largestStrings: (LargeString & { text: string; length: number })[];
  count: number;
  bytes: Bytes;
  outsideBytes: Bytes;
  losses: WalkLosses;
}

export interface ObjectTableOptions {
  /** Only what this says is in use (addresses tagged); absent: all that lies there, dead or not. */
  isLive?: (address: number) => boolean;
  /** Used again, where another pass over this heap was made with it. */
  walk?: HeapWalk;
  /** Called between pages, with bytes done. */
  onProgress?: (done: Bytes, of: Bytes) => void;
}

const PREVIEW = 60;

/** Counts all objects in pages by class, in one pass and memory that depends on the number of maps only. */
export function countObjects(v8: V8Reader, pages: HeapPages, options: ObjectTableOptions = {}): ObjectTable {
  const walk = options.walk ?? new HeapWalk(v8);
  const count = new ObjectCount(v8, walk, options.isLive);
  const parts: (readonly [HeapPage[], number, boolean])[] = [
    ...pages.isolates.map((isolate) => [isolate.pages, isolate.tid, false] as const),
    [pages.readOnly, Number.NaN, true],
  ];
  const of = parts.reduce((sum, [part]) => sum + areaBytes(part), 0);
  let done = 0;
  const isolates: IsolateObjects[] = [];
  for (const [part, tid, isShared] of parts) {
    if (part.length === 0) continue;
    const before = { count: count.total.objects, bytes: count.total.totalBytes };
    walk.walk(part, (batch) => {
      count.add(batch);
      done += batch.length;
      options.onProgress?.(done, of);
    });
    isolates.push({
      tid,
      isShared,
      pageBytes: areaBytes(part),
      count: count.total.objects - before.count,
      bytes: count.total.totalBytes - before.bytes,
    });
  }
  const rows = count.rows();
  return {
    rows,
    isolates,
    strings: count.strings.rows(),
    largestStrings: count.strings.largest.map((one) => ({
      ...one,
      ...(readString(v8, one.address, PREVIEW) ?? { text: '', length: Number.NaN }),
    })),
    count: count.total.objects,
    bytes: count.total.totalBytes,
    outsideBytes: rows.reduce((sum, row) => sum + row.outsideBytes, 0),
    losses: { ...walk.losses },
  };
}

/** What to ask of the objects of a map, beside their size: the low two bits are OUTSIDE. */
const ASK = { outside: 3, string: 4, sparse: 8, first: 16 } as const;

class ObjectCount {
  readonly total: ObjectTally = new ObjectTally();
  readonly strings: StringTally = new StringTally();
  readonly #v8: V8Reader;
  readonly #walk: HeapWalk;
  readonly #isLive: ((address: number) => boolean) | undefined;
  readonly #outside: OutsideMemory;
  readonly #shapes: SparseShapes;
  /** By map. */
  #asks: Uint8Array = new Uint8Array(1024);
  #asked = 0;
  /** By map, of those looked at. */
  readonly #classes: ObjectClass[] = [];
  /** Rows of objects that are named one by one. */
  readonly #rows: Map<string, ObjectRow> = new Map();

  constructor(v8: V8Reader, walk: HeapWalk, isLive: ((address: number) => boolean) | undefined) {
    this.#v8 = v8;
    this.#walk = walk;
    this.#isLive = isLive;
    this.#outside = new OutsideMemory(v8);
    this.#shapes = new SparseShapes(v8);
  }

  add(batch: HeapBatch): void {
    this.#askNew();
    const { total } = this;
    const isLive = this.#isLive;
    if (isLive === undefined) total.add(batch);
    else total.addLive(batch, isLive);
    const { count, maps, base, offsets } = batch;
    const asks = this.#asks;
    for (let i = 0; i < count; i++) {
      const map = maps[i]!;
      if (asks[map] === 0) continue;
      const address = base + offsets[i]! + 1;
      if (isLive !== undefined && !isLive(address)) continue;
      this.#ask(batch, i, map, address);
    }
  }

  /** Most bytes first. */
  rows(): ObjectRow[] {
    const { total } = this;
    for (let map = 0; map < this.#asked; map++) {
      const count = total.counts[map]!;
      if (count === 0 || (this.#asks[map]! & ASK.sparse) !== 0) continue;
      const sample = total.samples[map]!;
      const row = this.#row(this.#classOf(map, sample), sample);
      row.count += count;
      row.bytes += total.bytes[map]!;
      if (this.#outside.kindOf(this.#walk.maps[map]!) === OUTSIDE.view)
        row.viewedBytes += total.outside[map]!;
      else row.outsideBytes += total.outside[map]!;
    }
    return [...this.#rows.values()].sort((a, b) => b.bytes + b.outsideBytes - (a.bytes + a.outsideBytes));
  }

  #askNew(): void {
    const { maps } = this.#walk;
    this.total.grow(maps.length);
    if (maps.length > this.#asks.length) {
      const more = new Uint8Array(maps.length * 2);
      more.set(this.#asks);
      this.#asks = more;
    }
    const { layout } = this.#v8;
    const plain = layout.types.get('JS_OBJECT_TYPE');
    for (; this.#asked < maps.length; this.#asked++) {
      const map = maps[this.#asked]!;
      const isString = map.type < layout.number('String.firstNonStringType');
      this.#asks[this.#asked] =
        this.#outside.kindOf(map) | (isString ? ASK.string : 0) | (map.type === plain ? ASK.first : 0);
    }
  }

  #ask(batch: HeapBatch, i: number, map: number, address: number): void {
    let ask = this.#asks[map]!;
    if ((ask & ASK.first) !== 0) {
      ask = this.#classOf(map, address).isSparse === true ? ASK.sparse : 0;
      this.#asks[map] = ask;
    }
    if ((ask & ASK.sparse) !== 0) {
      const { name: lead } = this.#classOf(map, address);
      const row = this.#row({ name: lead + this.#shapes.nameOf(address), kind: 'shape', group: '' }, address);
      row.count++;
      row.bytes += batch.sizes[i]!;
      return;
    }
    const kind = (ask & ASK.outside) as Outside;
    if (kind === OUTSIDE.nothing && (ask & ASK.string) === 0) return;
    const { type } = this.#walk.maps[map]!;
    const bytes = kind === OUTSIDE.nothing ? 0 : this.#outside.bytesOf(batch, i, kind, type);
    if (bytes > 0) this.total.outside[map]! += bytes;
    if ((ask & ASK.string) !== 0) this.strings.add(batch, i, bytes);
  }

  #classOf(map: number, sample: number): ObjectClass {
    this.#classes[map] ??= buildObjectClass(this.#v8, this.#walk.maps[map]!, sample);
    return this.#classes[map];
  }

  #row({ name, kind, group }: ObjectClass, sample: number): ObjectRow {
    const key = `${kind} ${name}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { name, kind, group, count: 0, bytes: 0, outsideBytes: 0, viewedBytes: 0, sample };
      this.#rows.set(key, row);
    }
    return row;
  }
}

/** Where the constructor of a row's class is written: `/app/session.js:12:7`; '' unknown, or V8's own. */
export function placeOfRow(v8: V8Reader, walk: HeapWalk, row: ObjectRow): string {
  if (row.kind !== 'class') return '';
  const map = walk.maps[walk.mapAt(v8.memory.word(row.sample - 1))];
  if (map === undefined) return '';
  return functionPlace(v8, constructorOfSample(v8, map, row.sample)).text;
}

import type { Bytes } from '../base/units.ts';
import { mappingAt } from '../linux/memory-map.ts';
import { type HeapMap, HeapMaps, RULE } from './heap-maps.ts';
import type { HeapPage } from './heap-page.ts';
import { HeapSizes } from './heap-sizes.ts';
import type { V8Reader } from './v8-reader.ts';

/** Read at once: a page, or a piece of a large object. */
const PIECE = 256 * 1024;
/** The smallest object is one word. */
const MOST_OBJECTS = PIECE / 8;

/**
 * Objects of one page, or a piece of a large object. All arrays are used again for the next: copy what shall last. Object
 * `i` lies at `base + offsets[i]` (untagged; tagged + 1), its words begin at `words[offsets[i] / 4]`.
 */
export interface HeapBatch {
  page: HeapPage;
  /** Untagged address of the first byte, a multiple of 8. */
  base: number;
  /** Bytes that could be read. */
  length: Bytes;
  bytes: Uint8Array;
  /** The same bytes: two a word, low half first. */
  words: Int32Array;
  view: DataView;
  count: number;
  /** Ascending, from `base`. */
  offsets: Int32Array;
  /** Of `HeapWalk.maps`. */
  maps: Int32Array;
  /** Bytes; of a large object the whole, of which more pieces follow. */
  sizes: Float64Array;
  /** Untagged address of the large object that this piece continues (`count` is 0 then); NaN: none. */
  continues: number;
}

/** What a walk could not make sense of. */
export interface WalkLosses {
  /** Without an object: damaged, or never filled. */
  garbageBytes: Bytes;
  /** Not in the core. */
  missingBytes: Bytes;
}

/**
 * Walks over all objects of pages, in the order they lie, dead ones that were not yet collected included. Every page is
 * read once into one buffer, so that memory stays flat. Whatever the pages hold, a walk ends, and what is given lies within
 * them. Free space and fillers are left out. No object is given twice.
 */
export class HeapWalk {
  /** Grows while walking; also of objects that were met by another walk of this. */
  readonly maps: readonly HeapMap[];
  readonly losses: WalkLosses = { garbageBytes: 0, missingBytes: 0 };
  readonly #v8: V8Reader;
  readonly #table: HeapMaps;
  readonly #sizes: HeapSizes;
  readonly #bytes: Uint8Array = new Uint8Array(PIECE);
  readonly #words: Int32Array = new Int32Array(this.#bytes.buffer);
  readonly #view: DataView = new DataView(this.#bytes.buffer);
  readonly #offsets: Int32Array = new Int32Array(MOST_OBJECTS);
  readonly #maps: Int32Array = new Int32Array(MOST_OBJECTS);
  readonly #objectSizes: Float64Array = new Float64Array(MOST_OBJECTS);
  /** Of the part being walked. */
  #end: Bytes = 0;
  readonly #isObjectAt = (offset: number): boolean => {
    if (offset >= this.#end) return offset === this.#end;
    const low = this.#words[offset >> 2]!;
    return (low & 3) === 1 && this.#table.indexOf(low, this.#words[(offset >> 2) + 1]!) >= 0;
  };

  constructor(v8: V8Reader) {
    this.#v8 = v8;
    this.#table = new HeapMaps(v8);
    this.maps = this.#table.list;
    this.#sizes = new HeapSizes(v8);
  }

  /**
   * @param visit gets each page that has objects; what it is given is used again for the next
   * @returns how many pages were walked
   */
  walk(pages: Iterable<HeapPage>, visit: (batch: HeapBatch) => void): number {
    let walked = 0;
    for (const page of pages) {
      if (page.isLarge) this.#walkLarge(page, visit);
      else visit(this.#readPage(page));
      walked++;
    }
    return walked;
  }

  /** Index in `maps` of the map at an address (tagged); −1: there is none. */
  mapAt(address: number): number {
    return this.#table.indexOf(address % 2 ** 32, Math.floor(address / 2 ** 32));
  }

  #batch(page: HeapPage, base: number, length: Bytes): HeapBatch {
    return {
      page,
      base,
      length,
      bytes: this.#bytes,
      words: this.#words,
      view: this.#view,
      count: 0,
      offsets: this.#offsets,
      maps: this.#maps,
      sizes: this.#objectSizes,
      continues: Number.NaN,
    };
  }

  #readPage(page: HeapPage): HeapBatch {
    const { areaStart, areaEnd } = page;
    const wanted = Math.min(PIECE, areaEnd - areaStart);
    const read = this.#v8.memory.read(
      areaStart,
      wanted === PIECE ? this.#bytes : this.#bytes.subarray(0, wanted),
    );
    const length = read - (read % 8);
    // V8 14 leaves parts of the read-only pages without memory: values that nobody may touch.
    if (page.space !== 'read_only')
      this.losses.missingBytes += this.#missing(areaStart + length, areaStart + wanted);
    const batch = this.#batch(page, areaStart, length);
    let from = 0;
    for (const [start, end] of page.unused) {
      this.#walkPart(batch, from, Math.min(length, start - areaStart));
      from = end - areaStart;
    }
    this.#walkPart(batch, from, length);
    return batch;
  }

  /** Bytes of a range that ought to be there: pages of code end before their reservation, in memory nobody may read. */
  #missing(from: number, to: number): Bytes {
    if (from >= to) return 0;
    const mapping = mappingAt(this.#v8.image.mappings, from);
    return mapping !== undefined && !mapping.permissions.startsWith('r') ? 0 : to - from;
  }

  /** Objects between two offsets of the page at hand. */
  #walkPart(batch: HeapBatch, from: Bytes, to: Bytes): void {
    const words = this.#words;
    const table = this.#table;
    const { list } = table;
    const offsets = this.#offsets;
    const maps = this.#maps;
    const sizes = this.#objectSizes;
    this.#end = to;
    let count = batch.count;
    let at = from;
    while (at < to) {
      const low = words[at >> 2]!;
      const index = (low & 3) === 1 ? table.indexOf(low, words[(at >> 2) + 1]!) : -1;
      if (index < 0) {
        at += 8;
        this.losses.garbageBytes += 8;
        continue;
      }
      const map = list[index]!;
      let size = map.instanceBytes;
      if (map.rule !== RULE.fixed || size > to - at) {
        size = this.#sizes.sizeOf(map, words, at >> 2, to - at, this.#isObjectAt);
        if (size === 0) size = this.#sizeByNext(map, batch.base, at, to);
        if (map.rule === RULE.freeSpace || map.rule === RULE.filler) {
          at += size;
          continue;
        }
      }
      offsets[count] = at;
      maps[count] = index;
      sizes[count] = size;
      count++;
      at += size;
    }
    batch.count = count;
  }

  /** Up to the next word that is a map. */
  #sizeByNext(map: HeapMap, base: number, at: Bytes, to: Bytes): Bytes {
    let next = at + 8;
    if (map.rule === RULE.code) {
      const end = this.#sizes.endOfInstructions(base + at + 1);
      if (end > 0) next = Math.min(to, Math.ceil((at + end) / 8) * 8);
    }
    while (next < to && !this.#isObjectAt(next)) next += 8;
    return next - at;
  }

  #walkLarge(page: HeapPage, visit: (batch: HeapBatch) => void): void {
    const { areaStart, areaEnd } = page;
    let size = 0;
    for (let base = areaStart; base < areaEnd; base += PIECE) {
      const wanted = Math.min(PIECE, areaEnd - base);
      const read = this.#v8.memory.read(
        base,
        wanted === PIECE ? this.#bytes : this.#bytes.subarray(0, wanted),
      );
      const length = read - (read % 8);
      this.losses.missingBytes += wanted - length;
      const batch = this.#batch(page, base, length);
      if (base === areaStart) {
        this.#end = 0;
        const low = this.#words[0]!;
        const index = length >= 16 && (low & 3) === 1 ? this.#table.indexOf(low, this.#words[1]!) : -1;
        if (index < 0) {
          this.losses.garbageBytes += areaEnd - areaStart;
          return;
        }
        const map = this.maps[index]!;
        size = this.#sizes.sizeOf(map, this.#words, 0, areaEnd - areaStart, this.#isObjectAt);
        // The object fills its page but for the rest of the last 4 KiB.
        if (size === 0) size = areaEnd - areaStart;
        this.#offsets[0] = 0;
        this.#maps[0] = index;
        this.#objectSizes[0] = size;
        batch.count = 1;
      } else {
        // What follows the object is nothing.
        if (base >= areaStart + size) return;
        batch.continues = areaStart;
        batch.length = Math.min(length, areaStart + size - base);
      }
      visit(batch);
    }
  }
}

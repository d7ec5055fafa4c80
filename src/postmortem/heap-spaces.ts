import { findEnvironments, isolateOf } from './node-environment.ts';
import type { V8Reader } from './v8-reader.ts';

/** A space of V8's heap, as `v8.getHeapSpaceStatistics` names it. */
export interface HeapSpace {
  name: string;
  /** Memory it has from the system; NaN not known (young generation, read-only). */
  committedBytes: number;
  /** In objects, those that are garbage but not yet collected included; NaN not known. */
  usedBytes: number;
}

/** The heap of one thread. */
export interface ThreadHeap {
  tid: number;
  spaces: HeapSpace[];
  /** Limit of the old generation (`--max-old-space-size`); NaN not known. */
  limitBytes: number;
}

/**
 * Where V8 keeps account, measured on Node's official builds for x86-64 by comparing with v8.getHeapSpaceStatistics:
 * offsets of the Heap in its Isolate, of `used` in spaces of pages and in those of large objects, of the limit in the Heap
 * (with a second number: in what a pointer there leads to). In all versions a space is: vtable, Heap, id (32 bits), committed bytes.
 */
interface HeapLayout {
  v8Number: number;
  heap: number;
  used: number;
  usedOfLarge: number;
  limit: [offset: number, behind?: number];
  /** By id. */
  names: string;
}

const LAYOUTS: readonly HeapLayout[] = [
  {
    v8Number: 102,
    heap: 50744,
    used: 272,
    usedOfLarge: 216,
    limit: [224],
    names: 'read_only old code map large_object code_large_object new_large_object new',
  },
  {
    v8Number: 113,
    heap: 53952,
    used: 152,
    usedOfLarge: 96,
    limit: [224],
    names:
      'read_only new old code shared new_large_object large_object code_large_object shared_large_object',
  },
  {
    v8Number: 124,
    heap: 56992,
    used: 112,
    usedOfLarge: 96,
    limit: [72],
    names:
      'read_only new old code shared trusted new_large_object large_object code_large_object shared_large_object trusted_large_object',
  },
  {
    v8Number: 136,
    heap: 61432,
    used: 120,
    usedOfLarge: 104,
    limit: [80],
    names:
      'read_only new old code shared trusted shared_trusted new_large_object large_object code_large_object shared_large_object shared_trusted_large_object trusted_large_object',
  },
  {
    v8Number: 146,
    heap: 62400,
    used: 104,
    usedOfLarge: 88,
    limit: [1976, 16],
    names:
      'read_only new old code shared trusted shared_trusted new_large_object large_object code_large_object shared_large_object shared_trusted_large_object trusted_large_object',
  },
];

/** Bytes of a Heap in which its table of spaces lies. */
const SEARCHED = 512;
const SPACE = { heap: 8, id: 16, committed: 24 } as const;
/** More than a machine has: damage. */
const MOST_BYTES = 2 ** 46;

/**
 * Sizes of the heaps of all threads that run JavaScript.
 * @returns undefined: nobody measured where this V8 keeps them; empty: no thread was found
 */
export function readHeapSpaces(v8: V8Reader): ThreadHeap[] | undefined {
  const layout = LAYOUTS.find(({ v8Number }) => v8Number === v8.layout.v8Number);
  if (layout === undefined || !v8.layout.isKnown) return undefined;
  const heaps: ThreadHeap[] = [];
  for (const { address, tid } of findEnvironments(v8)) {
    const isolate = isolateOf(v8, address);
    const spaces = spacesOf(v8, isolate + layout.heap, layout);
    const [offset, behind] = layout.limit;
    const at = isolate + layout.heap + offset;
    const limitBytes = bytesAt(v8, behind === undefined ? at : v8.memory.word(at) + behind);
    if (spaces.length > 0) heaps.push({ tid, spaces, limitBytes });
  }
  return heaps;
}

function spacesOf(v8: V8Reader, heap: number, layout: HeapLayout): HeapSpace[] {
  const { memory } = v8;
  const names = layout.names.split(' ');
  const spaces: (HeapSpace | undefined)[] = names.map(() => undefined);
  for (let at = heap; at < heap + SEARCHED; at += 8) {
    const space = memory.word(at);
    const id = memory.u32(space + SPACE.id);
    const name = names[id];
    // A space knows its Heap and its number: what does not is none.
    if (name === undefined || spaces[id] !== undefined || memory.word(space + SPACE.heap) !== heap) continue;
    // The young generation keeps account of two halves; what is read-only is shared by all threads.
    const isElsewhere = name === 'new' || name === 'read_only';
    const used = name.endsWith('large_object') ? layout.usedOfLarge : layout.used;
    spaces[id] = {
      name: `${name}_space`,
      committedBytes: isElsewhere ? Number.NaN : bytesAt(v8, space + SPACE.committed),
      usedBytes: isElsewhere ? Number.NaN : bytesAt(v8, space + used),
    };
  }
  return spaces.filter((space) => space !== undefined);
}

function bytesAt(v8: V8Reader, address: number): number {
  const bytes = v8.memory.word(address);
  return bytes >= 0 && bytes < MOST_BYTES ? bytes : Number.NaN;
}

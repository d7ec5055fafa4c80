import { setImmediate } from 'node:timers/promises';
import type { Mapping } from '../linux/memory-map.ts';

/** One deoptimisation as V8's CPU profiler keeps it. */
export interface ProfilerDeopt {
  /** Address of its frames: tells two of the same place apart. */
  address: number;
  /** V8's words. */
  reason: string;
  /** Innermost first: script id and 0-based offset in the script's text. */
  frames: { scriptId: number; position: number }[];
}

export interface DeoptLook {
  deopts: ProfilerDeopt[];
  /** Read of the target's memory. */
  bytes: number;
  /** There was more memory than may be read. */
  limited: boolean;
}

export interface DeoptSearch {
  /** Copies memory; the number of bytes before the first hole. Throws nothing. */
  read(address: number, into: Uint8Array): number;
  mappings: readonly Mapping[];
  /** Parts of a mapping that were ever touched. */
  populated(mapping: Mapping): readonly { start: number; end: number }[];
  /** The engine's code: the executable, or libnode.so. */
  isEngine(mapping: Mapping): boolean;
  /** Tells the reasons that are looked for from other texts. */
  isReason(text: string): boolean;
  mostBytes?: number;
}

/**
 * Finds what a running CPU profile has noted of deoptimisations, in the memory of the process; nothing is stopped.
 *
 * V8 takes one more sample whenever optimised code is thrown away, and keeps the reason with the node of the call tree:
 * `ProfileNode::deopt_infos_` (src/profiler/profile-generator.h), elements of `CpuProfileDeoptInfo` as the public
 * include/v8-profiler.h has had them since 2015. The inspector's protocol leaves them out. They lie there until the
 * profile is handed over.
 *
 *     word 0   const char* deopt_reason      text in the engine's read-only data
 *     word 1…3 begin, end, capacity          of a vector of { int script_id; size_t position }
 *
 * They are on malloc's heap: the arena of the profiler's thread, and mappings of their own once there are some thousands
 * in one node. So all anonymous memory is searched but V8's own heap, likely places first, up to a limit. A vector that
 * grows leaves a copy of its elements behind whose frames are the same: each address counts once.
 */
export async function findProfilerDeopts(search: DeoptSearch): Promise<DeoptLook> {
  const { read, mappings, isEngine, mostBytes = MOST_BYTES } = search;
  const texts = new TextCache(search);
  const [low, high] = readOnlyRange(mappings.filter(isEngine));
  const found = new Map<number, ProfilerDeopt>();
  let bytes = 0;
  let limited = false;
  const chunk = new ArrayBuffer(CHUNK_BYTES);
  for (const { start, end } of heapsOf(mappings).flatMap((heap) => search.populated(heap))) {
    // A record across the border of two chunks is seen in the second, which begins a little earlier.
    for (let at = start; at < end; at += CHUNK_BYTES - RECORD_BYTES) {
      if (bytes >= mostBytes) {
        limited = true;
        break;
      }
      const got = read(at, new Uint8Array(chunk, 0, Math.min(CHUNK_BYTES, end - at)));
      bytes += got;
      const words = new Uint32Array(chunk, 0, got >>> 2);
      // Frames mostly lie close to their record: there may be thousands, and each read is a system call.
      const near: DeoptSearch['read'] = (address, into) => {
        const offset = address - at;
        if (offset < 0 || offset + into.length > got) return read(address, into);
        into.set(new Uint8Array(chunk, offset, into.length));
        return into.length;
      };
      for (let word = 0; word + 8 <= words.length; word += 2) {
        const pointer = words[word + 1]! * 2 ** 32 + words[word]!;
        if (pointer < low || pointer >= high) continue;
        const deopt = readRecord(words, word, pointer, near, texts);
        if (deopt !== undefined) found.set(deopt.address, deopt);
      }
      if (got < CHUNK_BYTES) break;
      // The tool goes on listening to the target meanwhile.
      await setImmediate();
    }
  }
  return { deopts: [...found.values()], bytes, limited };
}

const CHUNK_BYTES = 1 << 20;
const RECORD_BYTES = 32;
const FRAME_BYTES = 16;
/** V8 builds at most some dozens of functions into one. */
const MOST_FRAMES = 64;
const MOST_BYTES = 384 * 2 ** 20;
const ARENA_BYTES = 64 * 2 ** 20;
/** V8's own heap comes in pages of this size and alignment. */
const V8_PAGE_BYTES = 256 * 1024;
const MOST_SCRIPTS = 10_000_000;
/** Longest text of a script in V8: 2^29 characters. */
const LONGEST_SCRIPT = 2 ** 29;

function readRecord(
  words: Uint32Array,
  word: number,
  reasonAt: number,
  read: DeoptSearch['read'],
  texts: TextCache,
): ProfilerDeopt | undefined {
  const begin = words[word + 3]! * 2 ** 32 + words[word + 2]!;
  const end = words[word + 5]! * 2 ** 32 + words[word + 4]!;
  const capacity = words[word + 7]! * 2 ** 32 + words[word + 6]!;
  const size = end - begin;
  if (begin < 4096 || begin % 8 !== 0 || !(begin < end) || !(end <= capacity)) return undefined;
  if (size % FRAME_BYTES !== 0 || size > MOST_FRAMES * FRAME_BYTES || capacity - begin > 4096)
    return undefined;
  const reason = texts.at(reasonAt);
  if (reason === undefined) return undefined;
  const bytes = new Uint8Array(size);
  if (read(begin, bytes) !== size) return undefined;
  const view = new DataView(bytes.buffer);
  const frames: ProfilerDeopt['frames'] = [];
  for (let at = 0; at < size; at += FRAME_BYTES) {
    const scriptId = view.getInt32(at, true);
    const position = view.getUint32(at + 8, true);
    if (scriptId <= 0 || scriptId > MOST_SCRIPTS || position >= LONGEST_SCRIPT) return undefined;
    if (view.getUint32(at + 12, true) !== 0) return undefined;
    frames.push({ scriptId, position });
  }
  return { address: begin, reason, frames };
}

/** Where the engine's texts lie. Its writable data and its bss are not among them. */
function readOnlyRange(engine: readonly Mapping[]): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { start, end, permissions } of engine) {
    if (permissions[1] === 'w') continue;
    low = Math.min(low, start);
    high = Math.max(high, end);
  }
  return [low, high];
}

/** What malloc may have given out, arenas first (the profiler's own thread has one), smallest first. */
function heapsOf(mappings: readonly Mapping[]): Mapping[] {
  const heaps = mappings.filter(
    ({ start, end, path, permissions }) =>
      permissions.startsWith('rw') &&
      (path === '' || path === '[heap]' || path.startsWith('[anon:')) &&
      (start % V8_PAGE_BYTES !== 0 || (end - start) % V8_PAGE_BYTES !== 0 || isArena(start, end)),
  );
  const rank = ({ start, end, path }: Mapping): number =>
    isArena(start, end) ? 0 : path === '[heap]' ? 1 : 2;
  return heaps.sort((a, b) => rank(a) - rank(b) || a.end - a.start - (b.end - b.start));
}

/** glibc's arenas begin at such an address and are as long as needed. */
function isArena(start: number, end: number): boolean {
  return start % ARENA_BYTES === 0 && end - start <= ARENA_BYTES;
}

/** Texts by address: there are a few dozen reasons, and many pointers to them. */
class TextCache {
  readonly #search: DeoptSearch;
  readonly #known: Map<number, string | undefined> = new Map();

  constructor(search: DeoptSearch) {
    this.#search = search;
  }

  at(address: number): string | undefined {
    if (this.#known.has(address)) return this.#known.get(address);
    const bytes = new Uint8Array(LONGEST_REASON);
    const got = this.#search.read(address, bytes);
    const end = bytes.subarray(0, got).indexOf(0);
    const text = end < 3 ? '' : Buffer.from(bytes.buffer, 0, end).toString('latin1');
    const reason = text !== '' && this.#search.isReason(text) ? text : undefined;
    if (this.#known.size < 100_000) this.#known.set(address, reason);
    return reason;
  }
}

const LONGEST_REASON = 80;

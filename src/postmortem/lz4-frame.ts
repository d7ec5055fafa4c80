import type { Bytes } from '../base/units.ts';
import { decodeBlock } from './lz4-block.ts';
import { Xxh32, xxh32 } from './xxh32.ts';

/** What is wrong with a compressed file; what came out before it is good. */
export class DamagedArchive extends Error {
  override readonly name = 'DamagedArchive';
}

const FRAME = 0x184d2204;
const LEGACY = 0x184c2102;
const SKIPPABLE = 0x184d2a50;
/** How far a match may point back: into the block before where blocks are linked. */
const HISTORY: Bytes = 64 * 1024;
const LEGACY_BLOCK: Bytes = 8 * 2 ** 20;
/** What LZ4 makes at most of a block of random bytes. */
const LONGEST_LEGACY: Bytes = LEGACY_BLOCK + Math.floor(LEGACY_BLOCK / 255) + 16;

function isSkippable(magic: number): boolean {
  return magic >= SKIPPABLE && magic <= SKIPPABLE + 15;
}

/**
 * Decodes LZ4 frames (lz4_Frame_format.md 1.6): any number of them one after the other, with linked blocks, checksums,
 * content sizes; skippable and legacy ones. A piece that is given lives until the next is asked for.
 * @throws DamagedArchive after all that could be decoded was given: cut, a wrong checksum, no LZ4
 */
export async function* unpackLz4(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { checksums?: boolean } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new PieceReader(pieces);
  const verify = options.checksums !== false;
  try {
    for (let count = 0; ; count++) {
      const head = await input.upTo(4);
      if (head.length === 0 && count > 0) return;
      if (head.length < 4) throw new DamagedArchive('it ends within the head of a frame');
      let magic: number | undefined = wordOf(head, 0);
      // A legacy frame ends where the head of the next stands.
      while (magic === LEGACY) magic = yield* legacyFrame(input);
      if (magic === undefined) return;
      if (magic === FRAME) yield* frame(input, verify);
      else if (isSkippable(magic)) await input.skip(wordOf(await input.exactly(4), 0));
      else if (count === 0) throw new DamagedArchive('it is no LZ4 file');
      else throw new DamagedArchive('what follows the last frame is no LZ4');
    }
  } finally {
    await input.close();
  }
}

async function* frame(input: PieceReader, verify: boolean): AsyncGenerator<Uint8Array, void, undefined> {
  const head = await readHead(input);
  const { isLinked, hasBlockSums, hasSum, longest } = head;
  const sum = verify && hasSum ? new Xxh32() : undefined;
  const into = new Uint8Array(HISTORY + longest);
  let history = 0;
  let total = 0;
  for (;;) {
    const size = wordOf(await input.exactly(4), 0);
    if (size === 0) break;
    const isPlain = size >= 2 ** 31;
    const length = size % 2 ** 31;
    if (length > longest) throw new DamagedArchive('a block is larger than it may be');
    const block = await input.upTo(length);
    let end = history;
    let damage: string | undefined;
    if (isPlain) {
      into.set(block, history);
      end = history + block.length;
    } else ({ end, damage } = decodeBlock(block, into.subarray(0, history + longest), history));
    // Of a block that is cut: what there is before its sum is missed.
    const isCut = block.length < length;
    const made = into.subarray(history, end);
    if (hasBlockSums && !isCut) {
      // Reading on takes the bytes of the block away.
      const own = verify ? xxh32(block) : undefined;
      const mark = await input.upTo(4);
      if (own !== undefined && mark.length === 4 && wordOf(mark, 0) !== own)
        throw new DamagedArchive('the checksum of a block is wrong');
    }
    total += made.length;
    sum?.update(made);
    if (made.length > 0) yield made;
    if (isCut) throw new DamagedArchive('it ends within a block');
    if (damage !== undefined) throw new DamagedArchive(damage);
    if (isLinked) {
      const kept = Math.min(HISTORY, end);
      into.copyWithin(0, end - kept, end);
      history = kept;
    }
  }
  if (head.contentSize !== undefined && head.contentSize !== total)
    throw new DamagedArchive(`it should hold ${head.contentSize} bytes, and holds ${total}`);
  if (!hasSum) return;
  const expected = wordOf(await input.exactly(4), 0);
  if (sum !== undefined && sum.digest() !== expected) throw new DamagedArchive('its checksum is wrong');
}

interface FrameHead {
  isLinked: boolean;
  hasBlockSums: boolean;
  hasSum: boolean;
  /** Of one block, unpacked. */
  longest: Bytes;
  contentSize?: Bytes;
}

async function readHead(input: PieceReader): Promise<FrameHead> {
  const flags = (await input.exactly(2)).slice();
  const [flag = 0, descriptor = 0] = flags;
  if (flag >>> 6 !== 1 || (flag & 2) !== 0) throw new DamagedArchive('this version of LZ4 is not known');
  const hasSize = (flag & 8) !== 0;
  const hasDictionary = (flag & 1) !== 0;
  const rest = (await input.exactly((hasSize ? 8 : 0) + (hasDictionary ? 4 : 0))).slice();
  const [sum] = await input.exactly(1);
  // Without the right head all sizes would be guesses.
  if (sum !== ((xxh32(Uint8Array.from([...flags, ...rest])) >>> 8) & 0xff))
    throw new DamagedArchive('the head of a frame is damaged');
  if (hasDictionary) throw new DamagedArchive('it was packed with a dictionary of its own');
  const code = (descriptor >>> 4) & 7;
  if (code < 4) throw new DamagedArchive('the head of a frame is damaged');
  return {
    isLinked: (flag & 32) === 0,
    hasBlockSums: (flag & 16) !== 0,
    hasSum: (flag & 4) !== 0,
    longest: 2 ** (8 + 2 * code),
    ...(hasSize ? { contentSize: wordOf(rest, 4) * 2 ** 32 + wordOf(rest, 0) } : {}),
  };
}

/** Blocks of 8 MB, each with its packed size before it, up to the end or the head of another frame, which is returned. */
async function* legacyFrame(input: PieceReader): AsyncGenerator<Uint8Array, number | undefined, undefined> {
  const into = new Uint8Array(LEGACY_BLOCK);
  for (;;) {
    const head = await input.upTo(4);
    if (head.length === 0) return undefined;
    if (head.length < 4) throw new DamagedArchive('it ends within a block');
    const length = wordOf(head, 0);
    if (length === FRAME || length === LEGACY || isSkippable(length)) return length;
    if (length > LONGEST_LEGACY) throw new DamagedArchive('a block is larger than it may be');
    const block = await input.upTo(length);
    const { end, damage } = decodeBlock(block, into, 0);
    if (end > 0) yield into.subarray(0, end);
    if (block.length < length) throw new DamagedArchive('it ends within a block');
    if (damage !== undefined) throw new DamagedArchive(damage);
  }
}

/** Bytes of pieces of any size, taken in counts that the format asks for. */
class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  #joined: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#pieces =
      Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  }

  /** `count` bytes, fewer at the end; valid until the next call. */
  async upTo(count: number): Promise<Uint8Array> {
    if (this.#piece.length - this.#at >= count) {
      this.#at += count;
      return this.#piece.subarray(this.#at - count, this.#at);
    }
    if (this.#joined.length < count) this.#joined = new Uint8Array(count);
    let done = 0;
    while (done < count) {
      if (this.#at === this.#piece.length && !(await this.#next())) break;
      const part = this.#piece.subarray(this.#at, this.#at + count - done);
      this.#joined.set(part, done);
      this.#at += part.length;
      done += part.length;
    }
    return this.#joined.subarray(0, done);
  }

  async exactly(count: number): Promise<Uint8Array> {
    const bytes = await this.upTo(count);
    if (bytes.length < count) throw new DamagedArchive('it ends too early');
    return bytes;
  }

  async skip(count: number): Promise<void> {
    let left = count;
    while (left > 0) {
      if (this.#at === this.#piece.length && !(await this.#next()))
        throw new DamagedArchive('it ends too early');
      const step = Math.min(left, this.#piece.length - this.#at);
      this.#at += step;
      left -= step;
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #next(): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done === true) return false;
    this.#piece = next.value;
    this.#at = 0;
    return true;
  }
}

function wordOf(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

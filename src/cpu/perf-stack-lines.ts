import type { ByteLines } from './byte-lines.ts';

/** A stack of a hostile file; perf itself cuts at 127, or what kernel.perf_event_max_stack says. */
const DEPTH_LIMIT = 2 ** 20;
/** Comparisons in vain that a sample may cost: recursion brings the same function back many times. */
const TRIES = 4;

/** A stack with the ends of its lines, the end of the whole sample, and the text positions they hold for. */
interface SampleLines {
  frames: Int32Array;
  ends: Int32Array;
  depth: number;
  end: number;
  moved: number;
}

/**
 * The stack of the sample being read, and where its lines are in the text. The outer frames of a sample mostly are, byte by
 * byte, those of the one before: once a function comes up that was in it too, the rest is compared at once.
 */
export class PerfStackLines {
  /** Frames, innermost first. */
  frames: Int32Array = new Int32Array(256);
  depth = 0;
  /** Per frame where its line ends. */
  #ends: Int32Array = new Int32Array(256);
  /** What `ByteLines.moved` was at the first frame. */
  #moved = 0;
  #before: SampleLines = {
    frames: new Int32Array(256),
    ends: new Int32Array(256),
    depth: 0,
    end: 0,
    moved: -1,
  };
  /** By frame: its place in the sample before, counted from `#base`, so that there is nothing to clear. */
  #places = new Int32Array(1024);
  #base = 1;
  #tries = 0;

  /** Adds a frame; the current line of `lines` is its line. */
  push(frame: number, lines: ByteLines): void {
    if (this.depth === 0) this.#moved = lines.moved;
    this.#add(frame, lines.position);
  }

  #add(frame: number, end: number): void {
    if (this.depth === this.frames.length && !this.#widen()) return;
    this.frames[this.depth] = frame;
    this.#ends[this.depth++] = end;
  }

  /** After `frame`: true when the sample goes on and ends as the one before; its frames are added then. */
  finish(frame: number, lines: ByteLines): boolean {
    const before = this.#before;
    if (this.#tries >= TRIES || before.moved !== lines.moved || frame >= this.#places.length) return false;
    const place = this.#places[frame]! - this.#base;
    if (place < 0) return false;
    this.#tries++;
    const from = before.ends[place]!;
    const start = lines.position;
    if (!lines.skipSame(from, before.end)) return false;
    const shift = start - from;
    for (let at = place + 1; at < before.depth; at++) this.#add(before.frames[at]!, before.ends[at]! + shift);
    return true;
  }

  /** The sample is over. `blank`: with a blank line just read, so that the next one can be compared with it. */
  clear(lines: ByteLines, blank: boolean): void {
    const { frames, ends } = this.#before;
    this.#base += this.#before.depth;
    if (this.#base > 2 ** 30) {
      this.#places.fill(0);
      this.#base = 1;
    }
    for (let at = 0; at < this.depth; at++) {
      const frame = this.frames[at]!;
      if (frame >= this.#places.length) this.#widenPlaces(frame);
      this.#places[frame] = this.#base + at;
    }
    this.#before = {
      frames: this.frames,
      ends: this.#ends,
      depth: this.depth,
      end: lines.position,
      moved: blank && this.#moved === lines.moved ? this.#moved : -1,
    };
    if (frames.length < this.frames.length) {
      this.frames = new Int32Array(this.frames.length);
      this.#ends = new Int32Array(this.frames.length);
    } else {
      this.frames = frames;
      this.#ends = ends;
    }
    this.depth = 0;
    this.#tries = 0;
  }

  #widenPlaces(frame: number): void {
    const wider = new Int32Array(Math.max(frame + 1, this.#places.length * 2));
    wider.set(this.#places);
    this.#places = wider;
  }

  /** False at the limit: the innermost frames are kept, as perf does. */
  #widen(): boolean {
    if (this.depth >= DEPTH_LIMIT) return false;
    const frames = new Int32Array(this.frames.length * 2);
    frames.set(this.frames);
    this.frames = frames;
    const ends = new Int32Array(frames.length);
    ends.set(this.#ends);
    this.#ends = ends;
    return true;
  }
}

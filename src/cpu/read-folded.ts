import type { ByteSource } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { ByteCache } from './byte-cache.ts';
import { ByteLines } from './byte-lines.ts';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { readFoldedFrame } from './folded-frame.ts';
import { describeForeignFrame } from './foreign-frame.ts';
import type { ProfileFile, ReadProfileOptions } from './profile-file.ts';

const SEMICOLON = 0x3b;
const OPEN = 0x28;
const CLOSE = 0x29;
const DOT = 0x2e;
const SLASH = 0x2f;
const HASH = 0x23;
const SPACE = 0x20;

/** What a `# unit:` line may say, and how much of the tree's unit one of it is. */
const UNITS: Readonly<Record<string, { unit: CallTree['unit']; scale: number }>> = {
  samples: { unit: 'samples', scale: 1 },
  bytes: { unit: 'bytes', scale: 1 },
  nanoseconds: { unit: 'microseconds', scale: 0.001 },
  ns: { unit: 'microseconds', scale: 0.001 },
  microseconds: { unit: 'microseconds', scale: 1 },
  us: { unit: 'microseconds', scale: 1 },
  milliseconds: { unit: 'microseconds', scale: 1000 },
  ms: { unit: 'microseconds', scale: 1000 },
};

/**
 * Reads folded stacks, `outermost;…;innermost count` a line: what flamegraph.pl takes (FlameGraph's README) and the
 * stackcollapse scripts, perf, bpftrace, async-profiler and holter write. Frames with a file are recognised as
 * `name file:line:column` and `name (file:line:column)`, V8's tier marks and kinds are taken off. Unit `samples`, unless
 * a line `# unit: microseconds` says otherwise. Of difffolded.pl's two counts the second is used. Lines that are no
 * stacks are counted in `notes`. Streams; memory grows with the tree, not with the file.
 * @throws HolterError E_FILE_FORMAT when no line, or less than half of them, is a stack
 */
export function readFolded(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  return new FoldedReader(source, options).read();
}

class FoldedReader {
  readonly #lines: ByteLines;
  readonly #name: string;
  readonly #options: ReadProfileOptions;
  readonly #cache = new ByteCache();
  #unit = UNITS.samples!;
  #builder = new CallTreeBuilder('samples');
  /** The stack of the line before: files are mostly sorted, and the begin of a stack is the same. */
  #frames = new Int32Array(256);
  #nodes = new Int32Array(256);
  #depth = 0;
  #rootRow = 0;
  /** Count of the current line, and where its stack ends. */
  #count = 0;
  #stackEnd = 0;

  constructor(source: ByteSource, options: ReadProfileOptions) {
    this.#lines = new ByteLines(source);
    this.#name = source.name;
    this.#options = options;
  }

  read(): ProfileFile {
    const lines = this.#lines;
    let stacks = 0;
    let others = 0;
    let twoCounts: boolean | undefined;
    let partial: string | undefined;
    while (lines.next()) {
      if (stacks + others === 0 && isMark(lines)) lines.start += 3;
      if (isBlank(lines)) continue;
      if (lines.bytes[lines.start] === HASH && lines.bytes[lines.start + 1] === SPACE) {
        if (stacks === 0) this.#readUnit(lines.text());
        continue;
      }
      if (!this.#readCount(lines.end)) {
        if (lines.closed) others++;
        else partial = `the last of ${stacks + others + 1} lines is cut off`;
        continue;
      }
      const { end } = lines;
      const count = this.#count;
      const stackEnd = this.#stackEnd;
      twoCounts ??= looksLikeTwoCounts(lines);
      if (twoCounts && this.#readCount(this.#stackEnd)) this.#count = count;
      else {
        this.#count = count;
        this.#stackEnd = stackEnd;
      }
      this.#addStack(lines.start, Math.min(this.#stackEnd, end));
      stacks++;
    }
    others += lines.tooLong;
    if (stacks === 0 || others > stacks) {
      throw new HolterError(
        'E_FILE_FORMAT',
        `${this.#name}: ${stacks} of ${stacks + others} lines are folded stacks`,
        {
          hint: 'expected a stack and a count on every line: main;handle;render 12',
        },
      );
    }
    const notes: string[] = [];
    if (others > 0) notes.push(`${others} of ${stacks + others} lines are no stacks`);
    if (twoCounts === true) notes.push('the file compares two profiles (difffolded): the second is shown');
    const tree = this.#builder.finish({ from: 0, to: 0, partial });
    return { format: 'folded', profiles: [{ name: 'stacks', tree }], notes };
  }

  /** Before the first stack only: a unit cannot change in the middle. */
  #readUnit(comment: string): void {
    const unit = UNITS[/^# *unit: *(\w+)/i.exec(comment)?.[1]?.toLowerCase() ?? ''];
    if (unit === undefined) return;
    this.#unit = unit;
    this.#builder = new CallTreeBuilder(unit.unit);
  }

  /** A number that ends at `end`, with a space before it. Sets `#count` and `#stackEnd`. */
  #readCount(end: number): boolean {
    const { bytes, start } = this.#lines;
    let last = end;
    while (last > start && isSpace(bytes[last - 1]!)) last--;
    let at = last;
    let dots = 0;
    while (at > start && (isDigit(bytes[at - 1]!) || bytes[at - 1] === DOT)) if (bytes[--at] === DOT) dots++;
    if (at === last || dots > 1 || bytes[at] === DOT || at === start || !isSpace(bytes[at - 1]!))
      return false;
    let value = 0;
    if (dots === 0) for (let i = at; i < last; i++) value = value * 10 + (bytes[i]! - 48);
    else value = Number(this.#lines.text(at, last));
    if (!Number.isFinite(value)) return false;
    this.#count = value;
    this.#stackEnd = at - 1;
    return true;
  }

  #addStack(start: number, end: number): void {
    const { bytes } = this.#lines;
    let node = 0;
    let depth = 0;
    let same = true;
    for (let from = start; from <= end; ) {
      let to = from;
      while (to < end && bytes[to] !== SEMICOLON) {
        // `render (/app/a;b.js:10)`: a file may hold what separates frames.
        if (bytes[to] === OPEN && bytes[to + 1] === SLASH) to = this.#closing(to, end);
        to++;
      }
      const frame = this.#frameRow(from, to);
      from = to + 1;
      if (frame === this.#rootRow && depth === 0) continue;
      same &&= depth < this.#depth && this.#frames[depth] === frame;
      if (!same) {
        if (depth === this.#frames.length) this.#widen();
        this.#frames[depth] = frame;
        this.#nodes[depth] = this.#builder.child(node, frame);
      }
      node = this.#nodes[depth]!;
      depth++;
    }
    this.#depth = depth;
    this.#builder.addSelf(node, this.#count * this.#unit.scale);
  }

  /** The bracket that closes the one at `open`, or `open` when the frame ends before. */
  #closing(open: number, end: number): number {
    const { bytes } = this.#lines;
    let depth = 0;
    for (let at = open; at < end; at++) {
      if (bytes[at] === OPEN) {
        // A new frame with a place of its own has begun.
        if (at > open && bytes[at + 1] === SLASH) return open;
        depth++;
      } else if (bytes[at] === CLOSE && --depth === 0) return at;
    }
    return open;
  }

  #frameRow(start: number, end: number): number {
    const { view } = this.#lines;
    const hash = this.#lines.hashOf(start, end);
    const known = this.#cache.find(view, start, end, hash);
    if (known >= 0) return known;
    const frame = readFoldedFrame(this.#lines.text(start, end));
    const row = this.#builder.frameRow(describeForeignFrame(frame, this.#options));
    this.#cache.add(view, start, end, hash, row);
    return row;
  }

  #widen(): void {
    const frames = new Int32Array(this.#frames.length * 2);
    frames.set(this.#frames);
    this.#frames = frames;
    const nodes = new Int32Array(frames.length);
    nodes.set(this.#nodes);
    this.#nodes = nodes;
  }
}

/** UTF-8 byte order mark, as Windows' editors leave it. */
function isMark({ bytes, start, end }: ByteLines): boolean {
  return end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
}

function isBlank({ bytes, start, end }: ByteLines): boolean {
  for (let at = start; at < end; at++) if (!isSpace(bytes[at]!)) return false;
  return true;
}

/**
 * Whether the file is difffolded.pl's, by the first lines of it: a name may end in a number, but not in every line, and
 * holter writes none that does.
 */
function looksLikeTwoCounts(lines: ByteLines): boolean {
  const first = lines.text();
  if (!TWO_COUNTS.test(first)) return false;
  return lines.ahead(64).every((line) => line.trim() === '' || TWO_COUNTS.test(line));
}

const TWO_COUNTS = /\s\d+(?:\.\d*)?\s+\d+(?:\.\d*)?\s*$/;

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 9 || byte === 13;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

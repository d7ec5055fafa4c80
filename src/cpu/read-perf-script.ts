import type { ByteSource } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { ByteCache } from './byte-cache.ts';
import { ByteLines } from './byte-lines.ts';
import { ROOT_FRAME } from './call-tree-builder.ts';
import { describeForeignFrame } from './foreign-frame.ts';
import { readPerfFrame } from './perf-frame.ts';
import {
  type PerfHeader,
  perfEventName,
  readPerfHeader,
  readPerfThread,
  readUntimedHeader,
} from './perf-header.ts';
import { PerfStackLines } from './perf-stack-lines.ts';
import { PerfStacks } from './perf-stacks.ts';
import { buildPerfTrees } from './perf-trees.ts';
import type { ProfileFile, ReadProfileOptions } from './profile-file.ts';

const SPACE = 0x20;
const TAB = 9;
const HASH = 0x23;

/** The line belongs to a stack, but is no frame: a source line, as `-F +srcline` adds them. */
const NOT_SHOWN = 0;
/** The line is no frame at all. */
const NO_FRAME = 1;
/** Frame f is remembered as f + 2. */
const FRAME_BASE = 2;

/**
 * Reads the text of `perf script` (tools/perf/Documentation/perf-script.txt; fields in any usual choice) into one tree
 * per thread, see buildPerfTrees for their order. Frames V8 names in perf maps become JS with file, line and column; kernel
 * frames are `kernel`, garbage collections with all they call `gc`, everything else `native`. Times are ms after the first sample, or after `startedMonotonicUs` when
 * it is given (record with `-k mono`). Streams, and reads a line it has seen before without taking it apart.
 * @throws HolterError E_FILE_FORMAT when there is no sample in it, E_FILE_TRUNCATED when not one is whole
 */
export function readPerfScript(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  return new PerfScriptReader(source, options).read();
}

class PerfScriptReader {
  readonly #lines: ByteLines;
  readonly #name: string;
  readonly #options: ReadProfileOptions;
  readonly #frames = new ByteCache();
  /** Threads and events by their text. */
  readonly #words = new ByteCache();
  readonly #stacks = new PerfStacks(ROOT_FRAME);
  readonly #header: PerfHeader = {
    whoEnd: 0,
    seconds: -1,
    nanoseconds: 0,
    period: 0,
    eventStart: 0,
    eventEnd: 0,
  };
  readonly #who: { command: string; pid: number; tid: number }[] = [];
  readonly #events: string[] = [];
  readonly #eventIndex = new Map<string, number>();
  readonly #threadIndex = new Map<string, number>();
  readonly #mappedPids = new Set<number>();
  /** 1 by frame that was outermost in a whole stack. */
  #outermost = new Uint8Array(1024);
  readonly #noStack: number;
  /** The sample being read: its frames, thread (−1 = none), time and period. */
  readonly #stack = new PerfStackLines();
  #thread = -1;
  #time = Number.NaN;
  #period = 0;
  #firstSeconds = -1;
  #firstNanoseconds = 0;
  #strange = 0;
  #recordedAt: string | undefined;

  constructor(source: ByteSource, options: ReadProfileOptions) {
    this.#lines = new ByteLines(source);
    this.#name = source.name;
    this.#options = options;
    this.#noStack = this.#stacks.frame({ ...ROOT_FRAME, name: '(no stack)' }, 'plain');
  }

  read(): ProfileFile {
    const lines = this.#lines;
    while (lines.next()) {
      const { start, end } = lines;
      if (start === end) {
        this.#endSample(true);
        continue;
      }
      const first = lines.bytes[start];
      if (this.#thread >= 0 && (first === TAB || first === SPACE)) {
        const known = this.#frames.find(lines.view, start, end, lines.hash);
        const meaning = known >= 0 ? known : this.#readFrame();
        if (meaning >= FRAME_BASE) {
          const frame = meaning - FRAME_BASE;
          this.#stack.push(frame, lines);
          // Outer frames mostly are those of the sample before.
          if (this.#stack.finish(frame, lines)) this.#endSample(true);
          continue;
        }
        if (meaning !== NO_FRAME) continue;
      }
      this.#readOther(first === HASH);
    }
    return this.#finish();
  }

  /** What the current line means in a stack; remembers it. */
  #readFrame(): number {
    const lines = this.#lines;
    const text = lines.text();
    let meaning = NO_FRAME;
    const frame = TIME.test(text) ? undefined : splitFrame(text);
    if (SOURCE_LINE.test(text)) meaning = NOT_SHOWN;
    else if (frame !== undefined) {
      const map = /perf-(\d+)\.map$/.exec(frame.module);
      if (map !== null) this.#mappedPids.add(Number(map[1]));
      meaning = FRAME_BASE + this.#frameOf(frame.symbol, frame.module);
    }
    // The end of a cut file is no line to learn from.
    if (lines.closed) this.#frames.add(lines.view, lines.start, lines.end, lines.hash, meaning);
    return meaning;
  }

  #frameOf(symbol: string, module: string): number {
    const frame = readPerfFrame(symbol.replace(/\+0x[0-9a-f]+$/, ''), module === 'inlined' ? '' : module);
    return this.#stacks.frame(describeForeignFrame(frame, this.#options), frame.role);
  }

  #readOther(comment: boolean): void {
    const lines = this.#lines;
    if (comment && this.#thread < 0) {
      this.#readComment(lines.text());
      return;
    }
    const header = this.#header;
    if (!readPerfHeader(lines, header) && !readUntimedHeader(lines, header)) {
      if (lines.text().trim() === '') this.#endSample(false);
      else this.#strange++;
      return;
    }
    const thread = this.#threadOf();
    if (thread < 0) {
      this.#strange++;
      return;
    }
    this.#endSample(false);
    this.#thread = thread;
    this.#period = header.period;
    this.#time = Number.NaN;
    if (header.seconds >= 0) {
      if (this.#firstSeconds < 0) {
        this.#firstSeconds = header.seconds;
        this.#firstNanoseconds = header.nanoseconds;
      }
      this.#time =
        (header.seconds - this.#firstSeconds) * 1000 + (header.nanoseconds - this.#firstNanoseconds) / 1e6;
    }
    this.#readInlineFrame();
  }

  /** Without `-g` the only frame stands on the line of the sample. */
  #readInlineFrame(): void {
    const lines = this.#lines;
    let at = this.#header.eventEnd;
    while (at < lines.end && (lines.bytes[at] === SPACE || lines.bytes[at] === TAB)) at++;
    if (at === lines.end) return;
    const text = lines.text(at, lines.end);
    const frame = splitFrame(text);
    // Behind a tracepoint's name stand its fields.
    if (frame === undefined || frame.module === '' || !ADDRESS.test(text.slice(0, text.indexOf(' ')))) return;
    this.#stack.push(this.#frameOf(frame.symbol, frame.module), lines);
  }

  #threadOf(): number {
    const { bytes, start } = this.#lines;
    let from = start;
    while (bytes[from] === SPACE || bytes[from] === TAB) from++;
    const who = this.#wordOf(from, this.#header.whoEnd, (text) => {
      const thread = readPerfThread(text);
      return thread === undefined ? -1 : this.#who.push(thread) - 1;
    });
    if (who < 0) return -1;
    const event = this.#wordOf(this.#header.eventStart, this.#header.eventEnd, (text) => {
      const name = perfEventName(text);
      let index = this.#eventIndex.get(name);
      if (index === undefined) {
        index = this.#events.push(name) - 1;
        this.#eventIndex.set(name, index);
      }
      return index;
    });
    const { command, pid, tid } = this.#who[who]!;
    const key = `${event} ${pid}/${tid}`;
    let thread = this.#threadIndex.get(key);
    if (thread === undefined) {
      thread = this.#stacks.addThread(event, pid, tid, command);
      this.#threadIndex.set(key, thread);
    }
    this.#stacks.threads[thread]!.command = command;
    return thread;
  }

  #wordOf(start: number, end: number, read: (text: string) => number): number {
    const { view } = this.#lines;
    const hash = this.#lines.hashOf(start, end);
    const known = this.#words.find(view, start, end, hash);
    if (known >= 0) return known;
    const value = read(this.#lines.text(start, end));
    if (value >= 0) this.#words.add(view, start, end, hash, value);
    return value;
  }

  #readComment(text: string): void {
    const reference = /^# reference time: .* = (\d+\.\d+) \(TOD\)/.exec(text);
    const captured = /^# captured on\s*: (.+)$/.exec(text);
    const time = reference !== null ? Number(reference[1]) * 1000 : Date.parse(captured?.[1] ?? '');
    if (Number.isFinite(time) && time > 0 && time < 8.64e15) this.#recordedAt = new Date(time).toISOString();
  }

  #endSample(blank: boolean): void {
    if (this.#thread < 0) return;
    const stack = this.#stack;
    if (stack.depth === 0) stack.push(this.#noStack, this.#lines);
    const outer = stack.frames[stack.depth - 1]!;
    if (outer >= this.#outermost.length) {
      const wider = new Uint8Array(outer * 2);
      wider.set(this.#outermost);
      this.#outermost = wider;
    }
    this.#outermost[outer] = 1;
    this.#stacks.addSample(this.#thread, stack.frames, stack.depth, this.#time, this.#period);
    stack.clear(this.#lines, blank);
    this.#thread = -1;
  }

  /**
   * The blank line behind the last sample may be missing because somebody trimmed the text, or because the file is cut.
   * A stack that ends where others end is whole.
   */
  #endLastSample(): string | undefined {
    if (this.#thread < 0) return undefined;
    const outer = this.#stack.depth === 0 ? -1 : this.#stack.frames[this.#stack.depth - 1]!;
    const whole = outer >= 0 && this.#outermost[outer] === 1;
    if (whole || (this.#lines.closed && this.#stacks.node.length === 0 && this.#stack.depth > 0)) {
      this.#endSample(false);
      return undefined;
    }
    return `the last of ${this.#stacks.node.length + 1} samples is cut off`;
  }

  #finish(): ProfileFile {
    const partial = this.#endLastSample();
    const samples = this.#stacks.node.length;
    if (samples === 0) {
      throw partial === undefined
        ? new HolterError('E_FILE_FORMAT', `${this.#name}: there is no sample of perf script in it`, {
            hint: 'perf record -g -k mono -p PID -- sleep 10; perf script > perf.txt',
          })
        : new HolterError('E_FILE_TRUNCATED', `${this.#name}: the file ends within its first sample`, {
            hint: 'write it again: perf script > perf.txt',
          });
    }
    const notes: string[] = [];
    const strange = this.#strange + this.#lines.tooLong;
    if (strange > 0) notes.push(`${strange} lines were not understood`);
    const { startedMonotonicUs } = this.#options;
    const offsetMs =
      startedMonotonicUs === undefined || this.#firstSeconds < 0
        ? 0
        : this.#firstSeconds * 1000 + this.#firstNanoseconds / 1e6 - startedMonotonicUs / 1000;
    const profiles = buildPerfTrees(this.#stacks, {
      events: this.#events,
      mappedPids: this.#mappedPids,
      offsetMs,
      partial,
      notes,
    });
    if (this.#events.length > 1) {
      notes.push(`several events: trees by thread are of ${this.#events[0]}, the others have one each`);
    }
    return {
      format: 'perf-script',
      profiles,
      notes,
      ...(this.#recordedAt === undefined ? {} : { recordedAt: this.#recordedAt }),
    };
  }
}

/** What only the first line of a sample has in it. */
const TIME = /\s\d+\.\d{3,9}:\s/;
const SOURCE_LINE = /^ {2}\S.*(?::\d+|\[[0-9a-f]+\])$/;
const ADDRESS = /^[0-9a-f]+$/;

/** `7f12c0 symbol+0x1f (/usr/bin/node (deleted))` taken apart; undefined when there is nothing in it. */
function splitFrame(line: string): { symbol: string; module: string } | undefined {
  const text = line.trim();
  const space = text.indexOf(' ');
  const bare = space > 0 && ADDRESS.test(text.slice(0, space)) ? text.slice(space + 1).trimStart() : text;
  let open = bare.endsWith(')') ? bare.lastIndexOf(' (') : -1;
  if (open > 0 && bare.endsWith(' (deleted))')) open = bare.lastIndexOf(' (', open - 1);
  if (open < 0) return bare === '' ? undefined : { symbol: bare, module: '' };
  return {
    symbol: bare.slice(0, open).trimEnd(),
    module: bare.slice(open + 2, -1).replace(/ \(deleted\)$/, ''),
  };
}

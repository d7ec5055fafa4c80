import { FloatList, IntList } from '../base/number-list.ts';
import type { FrameInfo } from './call-tree-builder.ts';
import { StackIndex } from './stack-index.ts';

/** One thread seen through one event: samples of different events must not be added up. */
export interface PerfThread {
  event: number;
  /** −1 unknown. */
  pid: number;
  tid: number;
  /** The name it had last: Node's main thread is called `node` until it names itself. */
  command: string;
  /** Its node below the root, above all its stacks. */
  node: number;
  samples: number;
}

const PLAIN = 0;
const JS = 1;
const INTERPRETED = 2;
const INTERPRETER = 3;
const GC = 4;
const KERNEL = 5;
const ROLES: Readonly<Record<'plain' | 'js' | 'interpreted' | 'interpreter' | 'gc' | 'kernel', number>> = {
  plain: PLAIN,
  js: JS,
  interpreted: INTERPRETED,
  interpreter: INTERPRETER,
  gc: GC,
  kernel: KERNEL,
};

/**
 * All samples of a `perf script` text over one tree, in which every thread is a node below the root. Stacks come
 * innermost first. On the way in, what perf cannot know is put right: native code that a garbage collection calls is part
 * of it, and V8's nameless interpreter frames in a row, or next to a frame that names the function, are one.
 */
export class PerfStacks {
  readonly shape: StackIndex = new StackIndex();
  /** By frame. Frame 0 is the root's; */
  readonly infos: FrameInfo[];
  readonly threads: PerfThread[] = [];
  /** One row per sample, in the order of the text. */
  readonly node: IntList = new IntList(1024);
  readonly thread: IntList = new IntList(1024);
  /** Since the first sample, ms; NaN without a time. */
  readonly time: FloatList = new FloatList(1024);
  readonly period: FloatList = new FloatList(1024);
  readonly #role = new IntList();
  /** The same function as part of a garbage collection, −1 not needed yet. */
  readonly #inGc = new IntList();
  readonly #known = new Map<string, number>();
  /** The stack entered last, outermost first: frames as they came, nodes, and whether a collection goes on there. */
  #frames = new Int32Array(256);
  #nodes = new Int32Array(256);
  #collecting = new Uint8Array(256);
  #depth = 0;
  #lastThread = -1;

  constructor(root: FrameInfo) {
    this.infos = [];
    this.#push(root, PLAIN);
  }

  /** Number of a function, made when new. */
  frame(info: FrameInfo, role: keyof typeof ROLES): number {
    return this.#frameOf(info, ROLES[role]);
  }

  addThread(event: number, pid: number, tid: number, command: string): number {
    const name: FrameInfo = { ...this.infos[0]!, name: `${event} ${pid}/${tid}` };
    const node = this.shape.child(0, this.#push(name, PLAIN));
    return this.threads.push({ event, pid, tid, command, node, samples: 0 }) - 1;
  }

  /** `stack` holds `depth` frames, innermost first. */
  addSample(thread: number, stack: Int32Array, depth: number, time: number, period: number): void {
    const node = this.#enter(thread, stack, depth);
    this.node.push(node);
    this.thread.push(thread);
    this.time.push(time);
    this.period.push(period);
    this.threads[thread]!.samples++;
  }

  #enter(thread: number, stack: Int32Array, depth: number): number {
    if (depth > this.#frames.length) this.#widen(depth);
    const frames = this.#frames;
    const nodes = this.#nodes;
    const collecting = this.#collecting;
    const role = this.#role.values;
    let at = 0;
    if (thread === this.#lastThread) {
      const both = Math.min(depth, this.#depth);
      while (at < both && frames[at] === stack[depth - 1 - at]) at++;
      // What becomes of an interpreter frame is decided by the one after it.
      while (at > 0 && role[frames[at - 1]!] === INTERPRETER) at--;
    }
    let node = at === 0 ? this.threads[thread]!.node : nodes[at - 1]!;
    let inGc = at === 0 ? 0 : collecting[at - 1]!;
    for (; at < depth; at++) {
      const frame = stack[depth - 1 - at]!;
      let kept = frame;
      let skipped = false;
      switch (this.#role.values[frame]) {
        case GC:
          inGc = 1;
          break;
        case JS:
          inGc = 0;
          break;
        case INTERPRETED:
          inGc = 0;
          break;
        case INTERPRETER: {
          const before = at === 0 ? PLAIN : this.#role.values[frames[at - 1]!]!;
          const next = at + 1 < depth ? this.#role.values[stack[depth - 2 - at]!]! : PLAIN;
          skipped = before === INTERPRETER || before === INTERPRETED || next === INTERPRETED;
          break;
        }
        case PLAIN:
          if (inGc === 1) kept = this.#collectingTwin(frame);
      }
      if (!skipped) node = this.shape.child(node, kept);
      frames[at] = frame;
      nodes[at] = node;
      collecting[at] = inGc;
    }
    this.#depth = depth;
    this.#lastThread = thread;
    return node;
  }

  #collectingTwin(frame: number): number {
    const known = this.#inGc.values[frame]!;
    if (known >= 0) return known;
    const twin = this.#frameOf({ ...this.infos[frame]!, category: 'gc' }, GC);
    this.#inGc.values[frame] = twin;
    return twin;
  }

  #frameOf(info: FrameInfo, role: number): number {
    const key = `${info.name}\n${info.line}:${info.column}:${info.category}:${role}\n${info.file}`;
    let frame = this.#known.get(key);
    if (frame === undefined) {
      frame = this.#push(info, role);
      this.#known.set(key, frame);
    }
    return frame;
  }

  #push(info: FrameInfo, role: number): number {
    this.#role.push(role);
    this.#inGc.push(-1);
    return this.infos.push(info) - 1;
  }

  #widen(least: number): void {
    const room = Math.max(least, this.#frames.length * 2);
    const frames = new Int32Array(room);
    frames.set(this.#frames);
    this.#frames = frames;
    const nodes = new Int32Array(room);
    nodes.set(this.#nodes);
    this.#nodes = nodes;
    const collecting = new Uint8Array(room);
    collecting.set(this.#collecting);
    this.#collecting = collecting;
  }
}

import type { Value } from './value.ts';

/** Code that a JavaScript frame ran in. */
export type Tier = 'interpreter' | 'baseline' | 'maglev' | 'turbofan' | 'builtin';

export interface StackPlace {
  /** URL or path as V8 has it: `file:///app/auth.js`, `/app/auth.js`, `node:internal/timers`. */
  url: string;
  /** 1-based, of the call that is going on (where it stands, in the innermost frame). */
  line: number;
  column: number;
  /** `exact`: as Error.stack has it. `near`: a line of this function near it. `function`: only where the function begins. */
  precision: 'exact' | 'near' | 'function';
  /** After source maps; undefined where there is none. */
  original?: { file: string; line: number; column: number; name?: string };
}

export interface JsFrame {
  kind: 'js';
  /** As Error.stack names it (`Session.load`, `new Foo`, `Array.map`, '' anonymous is `(anonymous)`). */
  name: string;
  /** V8's own name of the function alone: `load`; '' anonymous. */
  functionName: string;
  place?: StackPlace;
  tier: Tier;
  isInlined: boolean;
  /** Called by `new`. */
  isConstructor: boolean;
  /** Waits: not on the physical stack, found through promise reactions (`at async load`). */
  isAsync: boolean;
  /** Tagged addresses; undefined where optimised code does not keep them. */
  functionAddress?: number;
  /** Tagged; the context it runs in, where its variables that closures use live. */
  contextAddress?: number;
  receiver?: Value;
  /** Real arguments, in order, named by the function's parameters where it tells them. */
  arguments?: { name: string; value: Value }[];
  /** Of the physical frame it belongs to. */
  pc: number;
  fp: number;
}

export interface CodeFrame {
  /** `native`: of a binary. `v8`: entry, exit and stubs between JavaScript and C++. `unknown`: code of no file, not V8's. */
  kind: 'native' | 'v8' | 'unknown';
  /** `uv_run`, `node::Start(int, char**)`; `Entry frame`; '' unknown. */
  name: string;
  /** `libc.so.6`, `node`; '' for none. */
  file: string;
  offset?: number;
  pc: number;
  fp: number;
  /** Frames between this and the one above may be missing. */
  lost?: boolean;
}

export type StackFrame = JsFrame | CodeFrame;

/** A thread with its stack, innermost first. */
export interface ThreadStack {
  tid: number;
  /** comm. */
  name: string;
  role: 'main' | 'worker' | 'pool' | 'v8' | 'inspector' | 'signal' | 'other' | 'unknown';
  /** `running JavaScript`, `in native code`, `collecting garbage`, `idle in its event loop`, `waiting in futex` … */
  state: string;
  isIdle: boolean;
  frames: StackFrame[];
  /** Of Worker threads, when known. */
  workerId?: number;
  /** What is missing, a sentence each: `the innermost frames have no frame pointer`. */
  problems: string[];
}

export interface StackReport {
  /** `process 4711` or the core's path. */
  name: string;
  pid: number;
  /** `22.23.3`; '' unknown. */
  nodeVersion: string;
  v8Version: string;
  threads: ThreadStack[];
  crash?: { signal: number; name: string; address?: number };
  /** Live: how long the process was stopped, ms. */
  pausedMs?: number;
  problems: string[];
}

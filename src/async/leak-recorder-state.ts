import type { StackReader } from './recorder-stacks.ts';

/** Bounds of what the leak recorder does in the target. */
export interface LeakRecorderConfig {
  /** Tells this recorder from one of another visit, which takes its place. */
  token: string;
  /** Creating stacks per second and type once armed; of promises, of which there are a hundred to a request, more. */
  stacksPerSecond: number;
  promiseStacksPerSecond: number;
  /** Share of one core that stacks may take; above it they are taken half as often. */
  stackCost: number;
  /** Creations of one type kept with their stack; beyond, every second one is dropped and the others count double. */
  rowsPerType: number;
  /** Listeners for one event of one emitter from which on it is watched. */
  manyListeners: number;
  /** Emitters watched at most. */
  emitters: number;
  /** Nothing was asked for so long means that holter is gone: everything is taken out. ms */
  deadAfterMs: number;
}

/** Async_hooks' name of what makes a resource, and Node's name of it in `process.getActiveResourcesInfo`. */
export const HANDLE_TYPES: Record<string, string> = {
  TCPWRAP: 'TCPSocketWrap',
  TCPSERVERWRAP: 'TCPServerWrap',
  PIPEWRAP: 'PipeWrap',
  PIPESERVERWRAP: 'PipeServerWrap',
  PROCESSWRAP: 'ProcessWrap',
  FSEVENTWRAP: 'FSEventWrap',
  STATWATCHER: 'StatWatcher',
  UDPWRAP: 'UDPWrap',
  MESSAGEPORT: 'MessagePort',
  TTYWRAP: 'TTYWrap',
};

/** What creating stacks are taken of; `requests` only counts answers that are due. */
export interface LeakArming {
  /** Keys of `HANDLE_TYPES`. */
  handles?: string[];
  timers?: boolean;
  files?: boolean;
  promises?: boolean;
}

/** One look at the target's counts; JSON text. */
export interface LeakSample {
  /** CLOCK_MONOTONIC ms. */
  time: number;
  /** What the look cost, ms. */
  costMs: number;
  /** Resources that keep the loop alive, by Node's name. */
  resources: Record<string, number>;
  /** Bytes used in V8's heap and in its old space, garbage among them. */
  heapUsed: number;
  oldSpace: number;
  /** Promises are hooked anyway, by the recorder of waits. */
  hooked: boolean;
  /** HTTP requests since the counting began, and of these about how many have no answer; null before. */
  requests: number | null;
  unanswered: number | null;
  /** Number and listeners now of each emitter watched; an emitter that is gone has none. */
  listeners: [number, number][];
  /** Emitters watched since the last look: number, class, event, `EventTarget` or emitter. */
  watched: [number, string, string, 'emitter' | 'target'][];
}

/**
 * A creation: type (number in `types`), stack, how many it stands for, time, state, detail, async id, id of the promise it
 * was made from (0 none). State: 0 gone or settled, 1 alive (a promise: pending). Detail: ms of a timer, descriptor of a file.
 * Flags: 1 repeats by itself; 2 made in the callback of another timer.
 */
export type LeakRow = [
  type: number,
  stack: number,
  weight: number,
  time: number,
  alive: 0 | 1,
  detail: number,
  flags: number,
  id: number,
  parent: number,
];

/** What `finish` gives; JSON text. */
export interface LeakHarvest {
  time: number;
  types: string[];
  /** Creations of each type since the recorder was armed for it, all of them. */
  created: number[];
  /** When it was armed for each type. */
  armedAt: number[];
  rows: LeakRow[];
  /** Number of the emitter, stack, listeners added there (estimated). */
  added: [number, number, number][];
  stacks: [string, string, number, number, number][][];
  errors: number;
  /** ms of our own code in hooks: stacks, measured. */
  ownMs: number;
}

/** What is kept under one symbol on the target's globalThis. */
export interface LeakHandle {
  token: string;
  sample(): string;
  /** Begins to take stacks; what was armed stays so. */
  arm(arming: LeakArming): void;
  /** Promises made more than half a second ago and still pending, garbage among them (estimated). */
  pending(): number;
  /** The functions that add listeners are put back; emitters that have many are still counted. */
  letListenersGo(): void;
  /** Hooks off, nothing held any more: a collection from now on finds what the program holds. */
  disarm(): void;
  finish(): string;
  /** Takes everything out; true when nothing of ours is left. Safe to call twice. */
  undo(): boolean;
}

/** Chooses which creations get a stack, and keeps them. */
export interface LeakSampler {
  readonly reader: StackReader;
  /** Counts a creation of `type` (armed before); its row when it was chosen. */
  take(type: string, id: number, parent: number, resource: object | undefined): SampledCreation | undefined;
  begin(type: string): void;
}

export interface SampledCreation {
  type: string;
  stack: number;
  weight: number;
  time: number;
  id: number;
  parent: number;
  ref: WeakRef<object> | undefined;
  /** Files: the descriptor, −1 unknown yet. */
  detail: number;
  flags: number;
}

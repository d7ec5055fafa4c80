/**
 * What a provider gets from the installer. Providers run INSIDE the target, sent as text
 * (`Function.prototype.toString`): none may use its module's scope.
 */

/** Fires one probe: never throws, counts its own cost. */
export type ProbeHandler = (...args: unknown[]) => void;

/** Built-in modules by name, however this Node gives them out. */
export interface BuiltinRequire {
  (name: 'async_hooks'): typeof import('node:async_hooks');
  (name: 'diagnostics_channel'): typeof import('node:diagnostics_channel');
  (name: 'perf_hooks'): typeof import('node:perf_hooks');
  (name: 'module'): typeof import('node:module');
  (name: 'timers'): typeof import('node:timers');
  (name: string): Record<string, unknown>;
}

/** `provider:module:function:name` of one probe, or of a pattern of a program ('' and globs match). */
export interface ProbeName {
  provider: string;
  module: string;
  function: string;
  name: string;
}

/** The two ends of a call; null where the program wants nothing. */
export interface CallSlots {
  entry: ProbeHandler | null;
  done: ProbeHandler | null;
}

export interface ProbeHost {
  builtin: BuiltinRequire;
  /** The handler of a probe that some clause wants, else null. Counted and listed. */
  attach(provider: string, module: string, fn: string, name: string): ProbeHandler | null;
  /** False when no pattern of the program can match; '*' or '' in a field stands for anything. */
  wants(provider: string, module?: string, fn?: string, name?: string): boolean;
  /** Patterns of the program whose provider may be this one. */
  patterns(provider: string): ProbeName[];
  onTeardown(undo: () => void): void;
  /** ns, monotonic. */
  now(): number;
  /** Lets `timestamp` be another time than now while `fire` runs: for events told of after they happened. */
  at(ns: number, fire: () => void): void;
  /** True when the program uses `self->`: only then contexts are followed. */
  usesSelf: boolean;
  /** A new scope of `self->` below the running one. */
  childScope(): object;
  /** Runs `work` with `self->` in that scope, and all that it starts. */
  inScope<T>(scope: object, work: () => T): T;
  /** As `inScope`, for the rest of the running callback and what it starts. */
  enterScope(scope: object): void;
  /** Told to the user, once. */
  note(text: string): void;
  wrap: Wrapping;
}

/** Ways to put a function before another one, and to take it out again. */
export interface Wrapping {
  /**
   * `original` with its ends told: `this`, `new`, arguments, name, length and properties are its own. Entry: the
   * arguments; done: return value, duration in ns, exception or 0. A native promise tells when it settles.
   */
  call(original: CallableFunction, slots: CallSlots): CallableFunction;
  /** A function that `make` builds over the original, dressed as the original. */
  dress(original: CallableFunction, wrapper: CallableFunction): CallableFunction;
  /**
   * Puts `make(original)` at `holder[key]` until teardown; then the original is back if the property is still ours.
   * False when there is no function, or it cannot be replaced.
   */
  replace(
    holder: object,
    key: string | symbol,
    make: (original: CallableFunction) => CallableFunction,
  ): boolean;
}

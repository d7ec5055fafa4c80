import type { CallSlots, ProbeHost } from './provider-host.ts';

/** A function of a file that has to be reached through its own scope. */
export interface ScopedFunction {
  id: number;
  /** Name of its binding or method. */
  binding: string;
  /** Text of the script from the function's head on: the function found must be that text. */
  source: string;
}

/** The functions a program asks for, inside the target. */
export interface FunctionProbes {
  /** Of `js` probes: how many places each was put in by exports and paths. */
  found: { module: string; fn: string; places: number }[];
  /** A function of a file is wanted, once its scope is there. */
  expect(module: string, fn: string, scoped: ScopedFunction): void;
  /** Called by the condition of a breakpoint in the function. */
  inject(id: number, get: () => unknown, set: (value: unknown) => void, self: unknown): void;
  /** `waiting` for its first call, `in`, or why not. */
  states(): { id: number; probe: string; state: string }[];
}

/**
 * `js:<module>:<function>:entry|return`. Module: `global`, a built-in, a package, or a file by the end of its path;
 * function: a path from there (`JSON.parse`, `total`, `Cart.total`), or a line. Sent as text.
 */
export function provideFunctions(
  host: ProbeHost,
  patterns: readonly { module: string; function: string; name: string }[],
): FunctionProbes {
  const slotsOf = new Map<string, CallSlots>();
  const wrapped = new WeakMap<CallSlots, WeakMap<object, CallableFunction>>();
  const ours = new WeakSet<object>();
  const textOf = Function.prototype.toString;
  const MOST = 500;
  let count = 0;

  const slots = (module: string, fn: string): CallSlots => {
    const key = `${module}:${fn}`;
    let pair = slotsOf.get(key);
    if (pair === undefined) {
      const made: CallSlots = {
        entry: host.attach('js', module, fn, 'entry'),
        done: host.attach('js', module, fn, 'return'),
      };
      host.onTeardown(() => {
        made.entry = null;
        made.done = null;
      });
      slotsOf.set(key, made);
      pair = made;
    }
    return pair;
  };
  /** One wrapper of a function for each pair, however many places hold it: a call is told once. */
  const wrap = (original: CallableFunction, pair: CallSlots): CallableFunction => {
    let ofPair = wrapped.get(pair);
    if (ofPair === undefined) {
      ofPair = new WeakMap();
      wrapped.set(pair, ofPair);
    }
    const known = ofPair.get(original);
    if (known !== undefined) return known;
    const made = host.wrap.call(original, pair);
    ofPair.set(original, made);
    ofPair.set(made, made);
    ours.add(made);
    return made;
  };
  const own = (holder: unknown, key: string): unknown => {
    if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return undefined;
    const found = Object.getOwnPropertyDescriptor(holder, key);
    // A getter is the program's code: not run.
    return found !== undefined && 'value' in found ? found.value : undefined;
  };
  /** Where the path ends: who holds the function, and by which key. */
  const walk = (root: unknown, path: string[]): { holder: object; key: string } | undefined => {
    let holder = root;
    for (let i = 0; i < path.length - 1; i++) {
      const next = own(holder, path[i] ?? '');
      if (next === undefined) return undefined;
      const proto = own(next, 'prototype');
      const rest = path[i + 1] ?? '';
      // `Cart.total` is the method before it is the static one, as people write it.
      holder = typeof next === 'function' && typeof own(proto, rest) === 'function' ? proto : next;
    }
    for (
      let level = holder;
      typeof level === 'object' || typeof level === 'function';
      level = Object.getPrototypeOf(level)
    ) {
      if (level === null) break;
      const key = path[path.length - 1] ?? '';
      if (level !== Object.prototype && level !== Function.prototype && typeof own(level, key) === 'function')
        return { holder: level as object, key };
    }
    return undefined;
  };
  const put = (root: unknown, module: string, fn: string): number => {
    const isGlob = /[*?[\]]/.test(fn) || fn === '';
    const paths = isGlob
      ? Object.keys(Object(root) as object).filter(
          (key) => typeof own(root, key) === 'function' && !/^[A-Z]/.test(key),
        )
      : [fn];
    let places = 0;
    for (const path of paths) {
      if (count >= MOST) break;
      const at = walk(root, path.split('.'));
      if (at === undefined) continue;
      const pair = slots(module, path);
      if (pair.entry === null && pair.done === null) continue;
      if (host.wrap.replace(at.holder, at.key, (original) => wrap(original, pair))) {
        places++;
        count++;
      }
    }
    return places;
  };

  const { Module, builtinModules } = host.builtin('module') as unknown as {
    Module: { _cache: Record<string, { exports?: unknown } | undefined> };
    builtinModules: string[];
  };
  const rootsOf = (module: string): unknown[] => {
    if (module === 'global' || module === '') return [globalThis];
    const plain = module.replace(/^node:/, '');
    if (builtinModules.includes(plain)) return [host.builtin(plain)];
    const files = Object.keys(Module._cache);
    const ends = [`/${module}`, `/${module}.js`, `/${module}.cjs`];
    let found = files.filter(
      (file) => file === module || ends.some((end) => file.replaceAll('\\', '/').endsWith(end)),
    );
    if (found.length === 0)
      found = files
        .filter((file) => file.replaceAll('\\', '/').includes(`/node_modules/${module}/`))
        .slice(0, 200);
    return found.map((file) => Module._cache[file]?.exports);
  };
  const isBuiltin = (module: string): boolean =>
    module === 'global' || builtinModules.includes(module.replace(/^node:/, ''));

  const found: FunctionProbes['found'] = [];
  const seen = new Set<string>();
  let touched = false;
  for (const { module, function: fn } of patterns) {
    if (seen.has(`${module}:${fn}`)) continue;
    seen.add(`${module}:${fn}`);
    let places = 0;
    if (!/^\d+$/.test(fn))
      for (const root of rootsOf(module)) if (root !== undefined) places += put(root, module, fn);
    touched ||= places > 0 && isBuiltin(module);
    found.push({ module, fn, places });
  }
  if (touched) {
    const { syncBuiltinESMExports } = host.builtin('module');
    syncBuiltinESMExports();
    host.onTeardown(() => queueMicrotask(() => syncBuiltinESMExports()));
  }

  const scoped = new Map<number, { pair: CallSlots; what: ScopedFunction; of: string; state: string }>();
  const isIt = (value: unknown, source: string): value is CallableFunction => {
    if (typeof value !== 'function') return false;
    if (ours.has(value)) return true;
    const text = textOf.call(value).slice(0, 300);
    const at = source.indexOf(text.slice(0, source.length));
    return at !== -1 && at < 200;
  };
  return {
    found,
    expect: (module, fn, what) =>
      void scoped.set(what.id, { pair: slots(module, fn), what, of: `${module}:${fn}`, state: 'waiting' }),
    inject(id, get, set, self) {
      const one = scoped.get(id);
      if (one === undefined || one.state !== 'waiting') return;
      const { binding, source } = one.what;
      let current: unknown;
      try {
        current = get();
      } catch {
        // No binding of that name: a method.
      }
      if (isIt(current, source)) {
        const original = current;
        const made = wrap(original, one.pair);
        try {
          if (made !== original) set(made);
          if (get() === made) {
            one.state = 'in';
            host.onTeardown(() => {
              if (get() === made) set(original);
            });
            return;
          }
        } catch {
          // A constant.
        }
        const isExported = found.some(({ module, fn, places }) => places > 0 && one.of === `${module}:${fn}`);
        one.state = isExported ? 'in, by its exports' : 'a constant';
        return;
      }
      let holder = self;
      while ((typeof holder === 'object' || typeof holder === 'function') && holder !== null) {
        const value = own(holder, binding);
        if (isIt(value, source)) {
          one.state = host.wrap.replace(holder, binding, (original) => wrap(original, one.pair))
            ? 'in'
            : 'not replaceable';
          return;
        }
        holder = Object.getPrototypeOf(holder);
      }
      one.state = 'not found in its scope';
    },
    states: () => [...scoped].map(([id, { of, state }]) => ({ id, probe: `js:${of}`, state })),
  };
}

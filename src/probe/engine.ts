import type { FormatSegment } from './d-compile.ts';
import { engineBucket } from './engine-bucket.ts';
import type { AggregationSnapshot, EngineDrain, EngineOutput } from './engine-output.ts';
import { makeEngineText } from './engine-text.ts';
import type { BuiltinRequire, ProbeHandler, ProbeName } from './provider-host.ts';

export interface EngineOptions {
  aggregations: { name: string; fn: string; params: number[] }[];
  /** Share of one core the probes may cost: 0.05. */
  budget: number;
  mostKeys: number;
  mostBytesPerSecond: number;
  mostErrors: number;
  pid: number;
  /** Some clause has `this->`: it begins empty in each firing. */
  usesThis: boolean;
}

interface CompiledClause {
  probes: ProbeName[];
  run(...args: unknown[]): void;
}

export interface Engine {
  attach(probe: ProbeName): ProbeHandler | null;
  scope: () => object;
  time: number;
  begin(): void;
  end(): void;
  onTeardown(undo: () => void): void;
  stop(reason: string): void;
  drain(): EngineDrain;
  snapshot(): AggregationSnapshot[];
}

/** Functions the engine is made with; in the target all of them are one text (`engineSource`). */
export interface EngineParts {
  makeEngineText: typeof makeEngineText;
  engineBucket: typeof engineBucket;
}

/** The engine as text: a function of compiled clauses, options, `require` and the clock. */
export function engineSource(): string {
  return `((compiled, options, builtin, now) => (${createEngine})(compiled, options, builtin, now, { makeEngineText: ${makeEngineText}, engineBucket: ${engineBucket} }))`;
}

/**
 * The D engine: variables, aggregations, output, limits. Runs INSIDE the target, sent as text. No clause can loop, throw
 * into the program, or fire probes while it runs.
 */
export function createEngine(
  compiled: (runtime: unknown) => CompiledClause[],
  options: EngineOptions,
  builtin: BuiltinRequire,
  now: () => number,
  parts: EngineParts,
): Engine {
  type State = {
    key: (string | number)[];
    n: number;
    sum: number;
    squares: number;
    buckets: Map<number, number> | undefined;
  };
  const { setInterval: every, clearInterval: clearEvery } = builtin('timers');
  const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn } = Object as unknown as {
    getOwnPropertyDescriptor(o: object, k: string): PropertyDescriptor | undefined;
    getPrototypeOf(o: object): object | null;
    hasOwn(o: object, k: string): boolean;
  };
  const { isProxy } = builtin('util').types as { isProxy(value: unknown): boolean };
  const { floor, trunc, abs } = Math;
  const { convert, show, stackText } = parts.makeEngineText(
    builtin,
    (value) => R.n(value),
    (value) => R.s(value),
  );
  const whole = (value: unknown): number => {
    const number = trunc(R.n(value));
    return number === 0 ? 0 : number;
  };
  const NONE: ProbeName = { provider: '', module: '', function: '', name: '' };

  // --- aggregations
  const tables = options.aggregations.map((one) => ({ ...one, normal: 1, states: new Map<string, State>() }));
  const lost = { texts: 0, keys: 0 };
  const keyOf = (value: unknown): string | number => {
    if (typeof value === 'number') return value;
    const text = R.s(value);
    return text.length > 4096 ? text.slice(0, 4096) : text;
  };
  const snapshotOf = (index: number): AggregationSnapshot => {
    const { name, fn, params, normal, states } = tables[index]!;
    const rows = [...states.values()].map(({ key, n, sum, squares, buckets }) => {
      let value = sum;
      if (fn === 'count') value = n;
      else if (fn === 'avg') value = n === 0 ? 0 : sum / n;
      else if (fn === 'stddev') value = n === 0 ? 0 : Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
      else if (buckets !== undefined) value = n;
      if (buckets === undefined) return { key, value: trunc(value / normal) };
      const list = [...buckets].sort(([a], [b]) => a - b);
      // Infinity does not survive JSON.
      return {
        key,
        value: n,
        buckets: list.map(([low, count]): [number, number] => [
          Math.max(-1e308, Math.min(1e308, low)),
          count / normal,
        ]),
      };
    });
    rows.sort((a, b) => a.value - b.value);
    return { name, fn, params, normal, rows };
  };

  // --- output
  let out: EngineOutput[] = [];
  let room = options.mostBytesPerSecond;
  let roomAt = now();
  const write = (text: string): void => {
    if (room < text.length) {
      const time = now();
      room = Math.min(
        options.mostBytesPerSecond,
        room + ((time - roomAt) / 1e9) * options.mostBytesPerSecond,
      );
      roomAt = time;
      if (room < text.length) {
        lost.texts++;
        return;
      }
    }
    room -= text.length;
    const last = out.length - 1;
    const before = out[last];
    if (typeof before === 'string' && before.length < 16_384) out[last] = before + text;
    else out.push(text);
  };

  class ProgramError extends Error {}

  const maps = {
    self: new WeakMap<object, Map<string, unknown>>(),
    this: new Map<string, unknown>(),
    global: new Map<string, unknown>(),
  };
  const mapOf = (scope: 'self' | 'this' | 'global'): Map<string, unknown> => {
    if (scope !== 'self') return maps[scope];
    const key = R.scope();
    let found = maps.self.get(key);
    if (found === undefined) {
      found = new Map();
      maps.self.set(key, found);
    }
    return found;
  };
  const joined = (name: string, keys: unknown[]): string => {
    let text = name;
    for (const key of keys) text += `\u0000${typeof key === 'number' ? '#' : '$'}${keyOf(key)}`;
    return text;
  };
  let tokens = { text: '', at: 0 };

  /** What compiled clauses call; every value in it is a number, a text, or a value of the program. */
  const R = {
    pid: process.pid,
    ppid: process.ppid,
    tid: Number(builtin('worker_threads').threadId) || process.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    execname: 'node',
    probe: NONE,
    globals: Object.create(null) as Record<string, unknown>,
    own: Object.create(null) as Record<string, unknown>,
    scope: (): object => engine.scope(),
    timestamp: (): number => {
      if (engine.time !== 0) return engine.time;
      if (firedAt === 0) firedAt = now();
      return firedAt;
    },
    vtimestamp: (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) * 1000;
    },
    walltimestamp: (): number => Date.now() * 1e6,
    cwd: (): string => process.cwd(),
    n(value: unknown): number {
      if (typeof value === 'number') return Number.isNaN(value) ? 0 : value;
      if (typeof value === 'boolean') return value ? 1 : 0;
      if (typeof value === 'bigint') return Number(value);
      if (typeof value === 'string') return Number.parseInt(value, 10) || 0;
      return value === undefined || value === null ? 0 : 1;
    },
    b(value: unknown): boolean {
      return !(
        value === 0 ||
        value === undefined ||
        value === null ||
        value === '' ||
        value === false ||
        Number.isNaN(value)
      );
    },
    s(value: unknown): string {
      if (typeof value === 'string') return value;
      if (value === undefined || value === null) return '';
      if (typeof value === 'object') {
        if (!isProxy(value) && value instanceof Error) {
          const message = getOwnPropertyDescriptor(value, 'message')?.value as unknown;
          return typeof message === 'string' ? message : 'Error';
        }
        return show(value, 0);
      }
      return typeof value === 'symbol' || typeof value === 'function' ? typeof value : String(value);
    },
    eq(a: unknown, b: unknown): boolean {
      if (a === b) return true;
      if (typeof a === 'string' || typeof b === 'string') {
        // An unset variable is 0 and equals the empty text.
        if (a === 0 || a === undefined || a === null) return b === '';
        if (b === 0 || b === undefined || b === null) return a === '';
        return R.s(a) === R.s(b);
      }
      return R.n(a) === R.n(b) && typeof a !== 'object' && typeof b !== 'object';
    },
    cmp(a: unknown, b: unknown): number {
      if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
      return R.n(a) - R.n(b);
    },
    div(a: number, b: number): number {
      if (b === 0) throw new ProgramError('division by zero');
      return trunc(a / b);
    },
    mod(a: number, b: number): number {
      if (b === 0) throw new ProgramError('division by zero');
      return trunc(a) % trunc(b);
    },
    bit(op: string, a: number, b: number): number {
      const [x, y] = [BigInt(whole(a)), BigInt(whole(b))];
      let value = 0n;
      if (op === '&') value = x & y;
      else if (op === '|') value = x | y;
      else if (op === '^') value = x ^ y;
      else if (op === '<<') value = x << (y & 63n);
      else if (op === '>>') value = x >> (y & 63n);
      return Number(BigInt.asIntN(64, value));
    },
    field(value: unknown, name: unknown): unknown {
      if (typeof value === 'string') return name === 'length' ? value.length : 0;
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return 0;
      const key = String(typeof name === 'number' || typeof name === 'string' ? name : '');
      let level: object | null = value;
      for (let i = 0; i < 4 && level !== null && !isProxy(level); i++) {
        const found = getOwnPropertyDescriptor(level, key);
        if (found !== undefined) return 'value' in found ? found.value : 0;
        level = getPrototypeOf(level);
      }
      return 0;
    },
    setSelf(name: string, value: unknown, compound: boolean): unknown {
      const scope = engine.scope() as Record<string, unknown>;
      // `self->total += …` in a call of a request adds to the request's.
      if (compound && !hasOwn(scope, name))
        for (
          let level = getPrototypeOf(scope) as Record<string, unknown> | null;
          level !== null;
          level = getPrototypeOf(level) as typeof level
        )
          if (hasOwn(level, name)) {
            level[name] = value;
            return value;
          }
      scope[name] = value;
      return value;
    },
    getAt(scope: 'self' | 'this' | 'global', name: string, keys: unknown[]): unknown {
      return mapOf(scope).get(joined(name, keys)) ?? 0;
    },
    setAt(scope: 'self' | 'this' | 'global', name: string, keys: unknown[], value: unknown): unknown {
      const map = mapOf(scope);
      const key = joined(name, keys);
      if (value === 0) map.delete(key);
      else if (map.size < options.mostKeys || map.has(key)) map.set(key, value);
      else lost.keys++;
      return value;
    },
    aggregate(index: number, keys: unknown[], value: number, amount: number): void {
      const table = tables[index]!;
      let id = '';
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        id +=
          typeof key === 'number'
            ? `#${key}\u0000`
            : `$${typeof key === 'string' && key.length <= 4096 ? key : keyOf(key)}\u0000`;
      }
      let state = table.states.get(id);
      if (state === undefined) {
        if (table.states.size >= options.mostKeys) {
          lost.keys++;
          return;
        }
        const hasBuckets = table.fn.endsWith('quantize');
        const start =
          table.fn === 'min' ? Number.POSITIVE_INFINITY : table.fn === 'max' ? Number.NEGATIVE_INFINITY : 0;
        state = {
          key: keys.map(keyOf),
          n: 0,
          sum: start,
          squares: 0,
          buckets: hasBuckets ? new Map() : undefined,
        };
        table.states.set(id, state);
      }
      if (state.buckets !== undefined) {
        const bucket = parts.engineBucket(table.fn, table.params, value);
        state.buckets.set(bucket, (state.buckets.get(bucket) ?? 0) + amount);
        state.n += amount;
        return;
      }
      state.n++;
      if (table.fn === 'min') state.sum = value < state.sum ? value : state.sum;
      else if (table.fn === 'max') state.sum = value > state.sum ? value : state.sum;
      else {
        state.sum += value;
        if (table.fn === 'stddev') state.squares += value * value;
      }
    },
    printf(segments: FormatSegment[], values: unknown[]): void {
      let text = '';
      let next = 0;
      for (const segment of segments) {
        if (typeof segment === 'string') text += segment;
        else {
          const width = segment.star ? Math.min(1000, abs(whole(values[next++]))) : segment.width;
          text += convert(segment.star ? { ...segment, width } : segment, values[next++]);
        }
      }
      write(text);
    },
    printa(format: string | undefined, indices: number[]): void {
      // Each copy can be as large as the table: as much as 50 between two drains.
      if (out.length > 50) {
        lost.texts++;
        return;
      }
      out.push({ ...(format === undefined ? {} : { format }), aggregations: indices.map(snapshotOf) });
    },
    clear(index: number): void {
      for (const state of tables[index]!.states.values()) {
        state.n = 0;
        state.squares = 0;
        const { fn } = tables[index]!;
        state.sum = fn === 'min' ? Number.POSITIVE_INFINITY : fn === 'max' ? Number.NEGATIVE_INFINITY : 0;
        state.buckets?.clear();
      }
    },
    trunc(index: number, count: number): void {
      const { states, fn } = tables[index]!;
      const size = ({ n, sum }: State): number =>
        fn === 'count' || fn.endsWith('quantize') ? n : fn === 'avg' ? sum / n : sum;
      const ordered = [...states].sort(([, a], [, b]) => size(b) - size(a));
      const gone =
        count === 0
          ? ordered
          : count > 0
            ? ordered.slice(trunc(count))
            : ordered.slice(0, Math.max(0, ordered.length + trunc(count)));
      for (const [key] of gone) states.delete(key);
    },
    normalize(index: number, value: number): void {
      if (value === 0) throw new ProgramError('normalize by zero');
      tables[index]!.normal = value;
    },
    denormalize(index: number): void {
      tables[index]!.normal = 1;
    },
    fired(): void {
      const { provider, module, function: fn, name } = R.probe;
      write(`${[provider, module, fn, name].join(':')}\n`);
    },
    trace(value: unknown): void {
      write(`${R.s(value)}\n`);
    },
    print(value: unknown): void {
      write(`${show(value, 1)}\n`);
    },
    exit(code: unknown): void {
      exited ??= whole(code);
      leaving = true;
    },
    rand: (): number => floor(Math.random() * 2 ** 31),
    strlen: (a: unknown): number => R.s(a).length,
    strjoin: (a: unknown, b: unknown): string => (R.s(a) + R.s(b)).slice(0, 65_536),
    substr(a: unknown, from: unknown, length?: unknown): string {
      const text = R.s(a);
      const start = whole(from) < 0 ? Math.max(0, text.length + whole(from)) : whole(from);
      if (length === undefined) return text.slice(start);
      return whole(length) < 0
        ? text.slice(start, Math.max(start, text.length + whole(length)))
        : text.slice(start, start + whole(length));
    },
    basename: (a: unknown): string => /([^/]*)\/*$/.exec(R.s(a).slice(-4096))?.[1] ?? '',
    dirname(a: unknown): string {
      const text = R.s(a).slice(0, 4096).replace(/\/+$/, '');
      const at = text.lastIndexOf('/');
      return at === -1 ? '.' : at === 0 ? '/' : text.slice(0, at);
    },
    cleanpath: (a: unknown): string => R.s(a).replace(/\/+/g, '/'),
    strtok(a: unknown, separators: unknown): string {
      if (typeof a === 'string') tokens = { text: a, at: 0 };
      const set = R.s(separators);
      const { text } = tokens;
      let { at } = tokens;
      while (at < text.length && set.includes(text[at] ?? '')) at++;
      const start = at;
      while (at < text.length && !set.includes(text[at] ?? '')) at++;
      tokens = { text, at };
      return text.slice(start, at);
    },
    index: (a: unknown, b: unknown, from?: unknown): number =>
      R.s(a).indexOf(R.s(b), from === undefined ? 0 : whole(from)),
    rindex: (a: unknown, b: unknown, from?: unknown): number =>
      R.s(a).lastIndexOf(R.s(b), from === undefined ? Number.POSITIVE_INFINITY : whole(from)),
    strstr(a: unknown, b: unknown): string {
      const at = R.s(a).indexOf(R.s(b));
      return at === -1 ? '' : R.s(a).slice(at);
    },
    strchr: (a: unknown, c: unknown): string =>
      R.strstr(a, typeof c === 'number' ? String.fromCharCode(c) : c),
    strrchr(a: unknown, c: unknown): string {
      const at = R.s(a).lastIndexOf(typeof c === 'number' ? String.fromCharCode(c) : R.s(c));
      return at === -1 ? '' : R.s(a).slice(at);
    },
    toupper: (a: unknown): string => R.s(a).toUpperCase(),
    tolower: (a: unknown): string => R.s(a).toLowerCase(),
    copyinstr: (a: unknown, length?: unknown): string =>
      length === undefined ? R.s(a) : R.s(a).slice(0, Math.max(0, whole(length))),
    copyin: (a: unknown, length?: unknown): string => R.copyinstr(a, length),
    stringof: (a: unknown): string => R.s(a),
    lltostr: (a: unknown, base?: unknown): string =>
      whole(a).toString(Math.min(36, Math.max(2, base === undefined ? 10 : whole(base)))),
    strtoll: (a: unknown, base?: unknown): number =>
      Number.parseInt(R.s(a), base === undefined ? 10 : whole(base)) || 0,
    json(a: unknown, path: unknown): string {
      let value: unknown;
      try {
        value = typeof a === 'string' ? parseJson(a.slice(0, 1 << 20)) : a;
      } catch {
        return '';
      }
      for (const part of R.s(path).split(/[.[\]]+/)) if (part !== '') value = R.field(value, part);
      return R.s(value === 0 ? '' : value);
    },
    jstack: (frames?: unknown): string => stackText(frames === undefined ? 20 : whole(frames)),
    ustack: (frames?: unknown): string => stackText(frames === undefined ? 20 : whole(frames)),
    stack: (frames?: unknown): string => stackText(frames === undefined ? 20 : whole(frames)),
    stackDepth: (): number => stackText(100).split('\n').length - 1,
  };
  const parseJson = JSON.parse;

  // --- firing
  const clauses = compiled(R);
  let on = true;
  let inside = false;
  let firedAt = 0;
  let exited: number | undefined;
  let stopped: string | undefined;
  let leaving = false;
  let fired = 0;
  let costNs = 0;
  let windowAt = now();
  let windowCost = 0;
  let over = 0;
  const errors: string[] = [];
  let errorCount = 0;
  const teardowns: (() => void)[] = [];
  const intervals: NodeJS.Timeout[] = [];
  // What a call of ours takes that only reads the clock: not the program's cost.
  const probed = now();
  for (let i = 0; i < 64; i++) now();
  const clockNs = (now() - probed) / 65;

  const teardown = (): void => {
    on = false;
    for (const timer of intervals.splice(0)) clearEvery(timer);
    for (const undo of teardowns.splice(0)) undo();
  };
  const runAll = (runs: CompiledClause[], probe: ProbeName, a: unknown[]): void => {
    R.probe = probe;
    clearOwn();
    firedAt = 0;
    fired++;
    for (const { run } of runs) run(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
  };
  const usesOwn = options.usesThis;
  const clearOwn = (): void => {
    if (!usesOwn) return;
    R.own = Object.create(null) as Record<string, unknown>;
    if (maps.this.size > 0) maps.this.clear();
  };
  const failed = (error: unknown, probe: ProbeName): void => {
    errorCount++;
    const why = error instanceof ProgramError ? error.message : `fault in a clause: ${String(error)}`;
    const text = `${why} in ${[probe.provider, probe.module, probe.function, probe.name].join(':')}`;
    if (errors.length < 20 && !errors.includes(text)) errors.push(text);
    const handlers = of({ ...NONE, name: 'ERROR' });
    try {
      if (handlers.length > 0) runAll(handlers, { ...NONE, name: 'ERROR' }, [why]);
    } catch {
      // An ERROR clause that fails is not told of again.
    }
    if (errorCount >= options.mostErrors) engine.stop(`${errorCount} errors in clauses, the last: ${text}`);
  };
  const fire = (runs: CompiledClause[], probe: ProbeName, a: unknown[]): void => {
    if (!on || inside) return;
    inside = true;
    const measured = (fired & 31) === 0;
    const began = measured ? now() : 0;
    try {
      runAll(runs, probe, a);
    } catch (error) {
      failed(error, probe);
    }
    if (measured) {
      const time = now();
      const cost = Math.max(0, time - began - clockNs) * 32;
      costNs += cost;
      windowCost += cost;
      if (time - windowAt > 1e9) {
        // One long firing among 32 is taken for all of them: only two windows in a row tell.
        over = windowCost / (time - windowAt) > options.budget ? over + 1 : 0;
        if (over >= 2)
          engine.stop(
            `the probes cost ${((100 * windowCost) / (time - windowAt)).toFixed(1)} % of a core, more than the budget of ${(100 * options.budget).toFixed(1)} %`,
          );
        windowAt = time;
        windowCost = 0;
      }
    }
    inside = false;
    if (leaving && on) teardown();
  };
  const globs = new Map<string, RegExp | undefined>();
  const matches = (pattern: string, text: string): boolean => {
    if (pattern === '' || pattern === '*' || pattern === text) return true;
    if (!/[*?[]/.test(pattern)) return false;
    if (!globs.has(pattern)) {
      let found: RegExp | undefined;
      try {
        found = new RegExp(
          `^${pattern
            .replace(/[.+^${}()|\\]/g, '\\$&')
            .replace(/\*/g, '.*')
            .replace(/\?/g, '.')
            .replace(/\[!/g, '[^')}$`,
        );
      } catch {
        found = undefined;
      }
      globs.set(pattern, found);
    }
    return globs.get(pattern)?.test(text) === true;
  };
  const SPECIAL = /^(?:BEGIN|END|ERROR|(?:tick|profile)-.*)$/;
  function of(probe: ProbeName): CompiledClause[] {
    return clauses.filter(({ probes }) =>
      probes.some(
        (one) =>
          // BEGIN and END are named, not matched by a glob.
          (SPECIAL.test(probe.name) ? one.name === probe.name : matches(one.name, probe.name)) &&
          matches(one.provider, probe.provider) &&
          matches(one.module, probe.module) &&
          matches(one.function, probe.function),
      ),
    );
  }
  const once = (name: string): void => {
    const probe = { provider: 'dtrace', module: '', function: '', name };
    const runs = of(probe);
    if (runs.length > 0) fire(runs, probe, []);
  };

  const defaultScope = Object.create(null) as object;
  const engine: Engine = {
    attach(probe) {
      const runs = of(probe);
      if (runs.length === 0) return null;
      const [only] = runs;
      if (runs.length > 1 || only === undefined)
        return (...args: unknown[]) => {
          if (on) fire(runs, probe, args);
        };
      const { run } = only;
      // The same as `fire`, without an array of arguments: most probes have one clause.
      return (a0, a1, a2, a3, a4, a5, a6, a7, a8, a9) => {
        if (!on || inside) return;
        if ((fired & 31) === 0 || usesOwn || leaving) {
          fire(runs, probe, [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9]);
          return;
        }
        inside = true;
        R.probe = probe;
        firedAt = 0;
        fired++;
        try {
          run(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9);
        } catch (error) {
          failed(error, probe);
        }
        inside = false;
        if (leaving && on) teardown();
      };
    },
    scope: () => defaultScope,
    time: 0,
    begin() {
      once('BEGIN');
      if (!on) return;
      const PER_MS: Record<string, number> = {
        ns: 1e-6,
        us: 1e-3,
        ms: 1,
        s: 1000,
        sec: 1000,
        m: 60_000,
        min: 60_000,
        h: 3.6e6,
        d: 8.64e7,
      };
      const made = new Set<string>();
      for (const { probes } of clauses)
        for (const { name } of probes) {
          const found = /^(tick|profile)-(\d+)(ns|us|ms|s|sec|m|min|h|d|hz)?$/i.exec(name);
          if (found === null || made.has(name)) continue;
          made.add(name);
          const count = Number(found[2]) || 1;
          const unit = (found[3] ?? 'hz').toLowerCase();
          const ms = unit === 'hz' ? 1000 / count : count * (PER_MS[unit] ?? 1);
          const probe = {
            provider: found[1] === 'tick' ? 'tick' : 'profile',
            module: '',
            function: '',
            name,
          };
          const runs = of(probe);
          const timer = every(() => fire(runs, probe, []), Math.min(2 ** 31 - 1, Math.max(1, ms)));
          timer.unref();
          intervals.push(timer);
        }
    },
    end() {
      const before = on;
      on = true;
      once('END');
      on = before;
      on = false;
    },
    onTeardown: (undo) => void teardowns.push(undo),
    stop(reason) {
      if (stopped === undefined && on) stopped = reason;
      leaving = true;
      teardown();
    },
    drain() {
      const taken: EngineDrain = {
        out,
        errors: errors.splice(0),
        drops: { ...lost },
        fired,
        costNs,
        ...(exited === undefined ? {} : { exited }),
        ...(stopped === undefined ? {} : { stopped }),
      };
      out = [];
      return taken;
    },
    snapshot: () => tables.map((_, index) => snapshotOf(index)),
  };
  return engine;
}

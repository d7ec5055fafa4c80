import type { Engine } from './engine.ts';
import type { AggregationSnapshot, EngineDrain } from './engine-output.ts';
import type { provideApplications } from './provider-application.ts';
import type { provideChannels } from './provider-channel.ts';
import type { FunctionProbes, provideFunctions } from './provider-function.ts';
import type { BuiltinRequire, ProbeHost, ProbeName } from './provider-host.ts';
import type { provideHttp } from './provider-http.ts';
import type { provideIo } from './provider-io.ts';
import type { provideJson } from './provider-json.ts';
import type { provideLogs } from './provider-log.ts';
import type { provideRuntime } from './provider-runtime.ts';
import type { makeWrapping } from './provider-wrap.ts';

export interface InstallerConfig {
  token: string;
  patterns: ProbeName[];
  /** Patterns of `js` probes, provider filled in. */
  functions: ProbeName[];
  knownChannels: string[];
  usesSelf: boolean;
  /** ms without a drain after which the tool is taken for dead. */
  deadAfterMs: number;
}

export interface InstallerParts {
  makeWrapping: typeof makeWrapping;
  provideApplications: typeof provideApplications;
  provideChannels: typeof provideChannels;
  provideFunctions: typeof provideFunctions;
  provideHttp: typeof provideHttp;
  provideIo: typeof provideIo;
  provideJson: typeof provideJson;
  provideLogs: typeof provideLogs;
  provideRuntime: typeof provideRuntime;
}

/** What one drain brings from the target. */
export interface ProbeDrain {
  engine: EngineDrain;
  notes: string[];
  states: { id: number; probe: string; state: string }[];
  /** Probes put in so far. */
  probes: number;
}

/** On `globalThis[Symbol.for('holter.probe.session')]` while probes are in. */
export interface ProbeSessionHandle {
  token: string;
  functions: FunctionProbes;
  drain(): ProbeDrain;
  /** Probes out, END clauses run; the rest is read by a last drain. */
  finish(reason: string): ProbeDrain;
  snapshot(): AggregationSnapshot[];
  undo(): boolean;
}

/** Puts engine and providers in; INSIDE the target, sent as text. */
export function installProbes(
  builtin: BuiltinRequire,
  config: InstallerConfig,
  makeEngine: (now: () => number) => Engine,
  parts: InstallerParts,
): { probes: string[]; found: FunctionProbes['found']; notes: string[] } {
  const key = Symbol.for('holter.probe.session');
  const globals = globalThis as unknown as Record<symbol, ProbeSessionHandle | undefined>;
  globals[key]?.undo();

  const hooks = builtin('async_hooks');
  const timers = builtin('timers');
  const { hrtime } = process;
  const now = (): number => {
    const time = hrtime();
    return time[0] * 1e9 + time[1];
  };
  const notes: string[] = [];
  const note = (text: string): void => {
    if (notes.length < 50 && !notes.includes(text)) notes.push(text);
  };
  const undos: (() => void)[] = [];
  const engine = makeEngine(now);

  // --- self->: one object for each request or call, and for each callback outside of them
  const storage = config.usesSelf ? new hooks.AsyncLocalStorage<object>() : undefined;
  const { executionAsyncId } = hooks;
  const loose = new Map<number, object>();
  const MOST_LOOSE = 4096;
  const scope = (): object => {
    const store = storage?.getStore();
    if (store !== undefined) return store;
    const id = executionAsyncId();
    let found = loose.get(id);
    if (found === undefined) {
      found = Object.create(null) as object;
      if (loose.size >= MOST_LOOSE)
        for (const oldest of loose.keys()) {
          loose.delete(oldest);
          break;
        }
      loose.set(id, found);
    }
    return found;
  };
  if (config.usesSelf) {
    engine.scope = scope;
    undos.push(() => storage?.disable());
  }

  // --- which patterns are whose
  const globs = new Map<string, RegExp>();
  const matches = (pattern: string, text: string): boolean => {
    if (pattern === '' || pattern === '*' || text === '*') return true;
    let compiled = globs.get(pattern);
    if (compiled === undefined) {
      const source = pattern
        .replace(/[.+^${}()|\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')
        .replace(/\[!/g, '[^');
      try {
        compiled = new RegExp(`^${source}$`);
      } catch {
        compiled = /(?!)/;
      }
      globs.set(pattern, compiled);
    }
    return compiled.test(text);
  };
  const attached: string[] = [];
  const base: Omit<ProbeHost, 'wrap'> = {
    builtin,
    attach(provider, module, fn, name) {
      const handler = engine.attach({ provider, module, function: fn, name });
      if (handler !== null) attached.push(`${provider}:${module}:${fn}:${name}`);
      return handler;
    },
    wants: (provider, module = '*', fn = '*', name = '*') =>
      config.patterns.some(
        (one) =>
          matches(one.provider, provider) &&
          matches(one.module, module) &&
          matches(one.function, fn) &&
          matches(one.name, name),
      ),
    patterns: (provider) =>
      config.patterns.filter((one) => one.provider !== '' && matches(one.provider, provider)),
    onTeardown: (undo) => void undos.push(undo),
    now,
    at(ns, fire) {
      engine.time = ns;
      try {
        fire();
      } finally {
        engine.time = 0;
      }
    },
    usesSelf: config.usesSelf,
    childScope: () => Object.create(scope()) as object,
    inScope: (store, work) => (storage === undefined ? work() : storage.run(store, work)),
    enterScope: (store) => storage?.enterWith(store),
    note,
  };
  const host: ProbeHost = { ...base, wrap: parts.makeWrapping(base) };

  let out = false;
  const takeOut = (): void => {
    if (out) return;
    out = true;
    // Last in, first out: two wrappers of one function come off in order.
    for (const undo of undos.splice(0).reverse()) {
      try {
        undo();
      } catch (error) {
        note(`taking a probe out: ${String(error)}`);
      }
    }
  };
  engine.onTeardown(takeOut);

  let functions: FunctionProbes = { found: [], expect() {}, inject() {}, states: () => [] };
  let asked = now();
  const bridge = globals[Symbol.for('holter')] as unknown as { undo(): void } | undefined;
  const bridgeUndo = bridge?.undo;
  const watchdog = timers.setInterval(() => {
    if (now() - asked > config.deadAfterMs * 1e6) handle.undo();
  }, 1000);
  watchdog.unref();
  const takeNotes = (): ProbeDrain => ({
    engine: engine.drain(),
    notes: notes.splice(0),
    states: functions.states(),
    probes: attached.length,
  });
  let ended = false;
  const handle: ProbeSessionHandle = {
    token: config.token,
    functions,
    drain() {
      asked = now();
      return takeNotes();
    },
    finish(reason) {
      asked = now();
      takeOut();
      if (!ended) {
        ended = true;
        engine.end();
      }
      engine.stop(reason);
      return takeNotes();
    },
    snapshot: () => engine.snapshot(),
    undo() {
      timers.clearInterval(watchdog);
      takeOut();
      if (!ended) {
        ended = true;
        engine.stop('undone');
      }
      if (bridge !== undefined && bridge.undo === undoAll && bridgeUndo !== undefined)
        bridge.undo = bridgeUndo;
      if (globals[key] === handle) delete globals[key];
      return notes.length === 0;
    },
  };
  const undoAll = (): void => {
    handle.undo();
    bridgeUndo?.call(bridge);
  };
  if (bridge !== undefined && bridgeUndo !== undefined) bridge.undo = undoAll;
  Object.defineProperty(globals, key, { value: handle, enumerable: false, configurable: true });

  const attempt = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      note(`${what} probes are not in: ${String(error)}`);
    }
  };
  engine.begin();
  attempt('http', () => parts.provideHttp(host));
  attempt('runtime', () => parts.provideRuntime(host));
  attempt('fs and dns', () => parts.provideIo(host));
  attempt('channel', () => parts.provideChannels(host, config.knownChannels));
  attempt('application', () => parts.provideApplications(host));
  attempt('log', () => parts.provideLogs(host));
  attempt('function', () => {
    functions = parts.provideFunctions(host, config.functions);
    handle.functions = functions;
  });
  attempt('json', () => parts.provideJson(host));
  return { probes: attached.slice(0, 1000), found: functions.found, notes: notes.splice(0) };
}

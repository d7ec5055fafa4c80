/**
 * Counts failed answers: code that runs INSIDE the target, sent as text (`Function.prototype.toString`), so nothing of
 * this module's scope may be used.
 *
 *     http.server.response.finish ──►  one more; from 500 on: its status and route
 *     uncaughtExceptionMonitor    ──►  the last ones, with their stacks
 *
 * That is all that is in the target while nothing fails: the part that looks for errors (error-sampler.ts) comes later.
 * HTTP/1 over TCP and TLS publishes on all versions, HTTP/2 streams from Node 22 on, with their status
 * and no more.
 */

import { makeErrorSampler } from './error-sampler.ts';
import type {
  ErrorBuiltins,
  ErrorText,
  ErrorWatchConfig,
  ErrorWatchCore,
  ErrorWatchHandle,
  UncaughtSample,
} from './error-state.ts';

/** Puts the counter in; the time on its clock. */
export function installErrorWatch(builtin: ErrorBuiltins, config: ErrorWatchConfig): { time: number } {
  const key = Symbol.for('holter.errors');
  const globals = globalThis as unknown as Record<symbol, ErrorWatchHandle | undefined>;
  globals[key]?.undo();

  const channels = builtin('diagnostics_channel');
  const timers = builtin('timers');
  const { types } = builtin('util');
  const hrtime = process.hrtime;
  /** CLOCK_MONOTONIC is what every other part of holter counts in. */
  const now = (): number => {
    const [seconds, nanos] = hrtime();
    return seconds * 1e3 + nanos / 1e6;
  };

  const ROUTES = 200;
  const KEPT = 40;
  let on = true;
  let errors = 0;
  let answers = 0;
  let failed = 0;
  let uncaught = 0;
  let rejected = 0;
  const statuses = new Map<number, number>();
  const routes = new Map<string, Map<number, number>>();
  let uncaughtSamples: UncaughtSample[] = [];
  let asked = now();

  /** The program's own getters and proxies may do anything: what they throw is no text. */
  const read = (holder: unknown, name: string, most: number): string => {
    try {
      const value = (holder as Record<string, unknown>)[name];
      if (typeof value === 'string') return value.slice(0, most);
      return typeof value === 'number' ? String(value) : '';
    } catch {
      return '';
    }
  };
  const isError = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    !types.isProxy(value) &&
    (types.isNativeError(value) || value instanceof Error);
  const describeOne = (error: unknown): ErrorText => {
    if (typeof error !== 'object' || error === null) {
      let message = '';
      try {
        message = String(error).slice(0, 300);
      } catch {}
      return { name: error === null ? 'null' : typeof error, message, code: '', stack: '' };
    }
    const name = read(error, 'name', 80) || 'Error';
    let made = '';
    try {
      made = read((error as object).constructor, 'name', 80);
    } catch {}
    return {
      name: name === 'Error' && made !== '' && made !== 'Object' ? made : name,
      message: read(error, 'message', 300),
      code: read(error, 'code', 80),
      stack: isError(error) ? read(error, 'stack', 4000) : '',
    };
  };
  const describe = (error: unknown): ErrorText => {
    const text = describeOne(error);
    if (typeof error !== 'object' || error === null || types.isProxy(error)) return text;
    const cause = (error as { cause?: unknown }).cause;
    return isError(cause) && cause !== error ? { ...text, cause: describeOne(cause) } : text;
  };

  /** Names a route once for all ids: `/orders/8271/lines` and `/orders/17/lines` are one. */
  const routeOf = (request: object | undefined): string => {
    const { route, baseUrl, originalUrl, url, method } = (request ?? {}) as Record<string, unknown>;
    const pattern = (route as { path?: unknown } | undefined)?.path;
    let path: string;
    if (typeof pattern === 'string') path = (typeof baseUrl === 'string' ? baseUrl : '') + pattern;
    else {
      const whole = typeof originalUrl === 'string' ? originalUrl : typeof url === 'string' ? url : '';
      const query = whole.search(/[?#]/);
      path = whole
        .slice(0, Math.min(query === -1 ? whole.length : query, 200))
        .replace(/\/(?=[^/]*\d)(?:\d+|[^/]{8,})(?=\/|$)/g, '/:id');
    }
    return `${typeof method === 'string' ? method : ''} ${path}`.slice(0, 120);
  };

  const guard = <A extends unknown[]>(work: (...values: A) => void) => {
    return (...values: A): void => {
      if (!on) return;
      try {
        work(...values);
      } catch {
        errors++;
      }
    };
  };
  const core: ErrorWatchCore = { now, describe, isError, routeOf, guard };

  const count = (request: object | undefined, status: number): void => {
    answers++;
    let route = '';
    if (status >= 500) {
      failed++;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      route = request === undefined ? 'HTTP/2' : routeOf(request);
      const name = routes.has(route) || routes.size < ROUTES ? route : 'other routes';
      let counts = routes.get(name);
      if (counts === undefined) {
        counts = new Map();
        routes.set(name, counts);
      }
      if (counts.has(status) || counts.size < 20) counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    if (request !== undefined) handle.sampler?.finished(request, status, route);
  };
  const onFinish = guard((event: unknown): void => {
    const { request, response } = event as { request?: object; response?: { statusCode?: unknown } };
    // Anything may be written there; only what HTTP knows keeps the tables small.
    const status = Number(response?.statusCode) | 0;
    count(request, status >= 100 && status < 1000 ? status : 0);
  });
  const onStream = guard((event: unknown): void => {
    const { headers } = event as { headers?: Record<string, unknown> };
    const status = Number(headers?.[':status']) | 0;
    if (status >= 200 && status < 1000) count(undefined, status);
  });
  const subscriptions: [string, (event: unknown) => void][] = [
    ['http.server.response.finish', onFinish],
    ['http2.server.stream.finish', onStream],
  ];
  for (const [name, listener] of subscriptions) channels.subscribe?.(name, listener);

  const keep = (error: unknown, origin: string): void => {
    uncaughtSamples.push({ time: now(), origin, error: describe(error) });
    if (uncaughtSamples.length > KEPT) uncaughtSamples.shift();
  };
  /** Tells without handling: the program ends or goes on as it would. */
  const onUncaught = guard((error: unknown, origin?: unknown): void => {
    uncaught++;
    keep(error, String(origin).slice(0, 40));
  });
  const onRejected = (error: unknown): void => {
    // Alone here it would keep a program alive that ends by this: do what Node does without a listener.
    if (process.listenerCount('unhandledRejection') === 1) {
      process.removeListener('unhandledRejection', onRejected);
      throw error;
    }
    if (!on) return;
    rejected++;
    try {
      keep(error, 'unhandledRejection');
    } catch {
      errors++;
    }
  };
  process.on('uncaughtExceptionMonitor', onUncaught);
  // A program without a listener of its own ends by a rejection, and the monitor tells of it.
  if (process.listenerCount('unhandledRejection') > 0) process.on('unhandledRejection', onRejected);

  const heartbeat = timers.setInterval(() => {
    if (now() - asked > config.deadAfterMs) handle.undo();
  }, 1000);
  heartbeat.unref();

  let done = false;
  let clean = true;
  const handle: ErrorWatchHandle = {
    token: config.token,
    core,
    sampler: undefined,
    flush() {
      asked = now();
      const flushed = {
        time: asked,
        answers,
        failed,
        statuses: [...statuses],
        routes: [...routes].flatMap(([route, counts]) =>
          [...counts].map(([status, times]): [string, number, number] => [route, status, times]),
        ),
        uncaught,
        rejected,
        uncaughtSamples,
        errors,
        ...(handle.sampler?.take() ?? { samples: [], sampledFailed: 0, sampledPassed: 0, pausesMs: [] }),
      };
      uncaughtSamples = [];
      return flushed;
    },
    undo() {
      if (done) return clean;
      done = true;
      on = false;
      clean = handle.sampler?.undo() ?? true;
      for (const [name, listener] of subscriptions) channels.unsubscribe?.(name, listener);
      process.removeListener('uncaughtExceptionMonitor', onUncaught);
      process.removeListener('unhandledRejection', onRejected);
      timers.clearInterval(heartbeat);
      if (globals[key] === handle) delete globals[key];
      return clean;
    },
  };
  // Not put back: it goes with the bridge, and parts leave in no order.
  const bridge = globals[Symbol.for('holter')] as unknown as { undo(): void } | undefined;
  const bridgeUndo = bridge?.undo;
  if (bridge !== undefined && bridgeUndo !== undefined)
    bridge.undo = () => {
      handle.undo();
      bridgeUndo.call(bridge);
    };
  Object.defineProperty(globals, key, { value: handle, enumerable: false, configurable: true });
  return { time: now() };
}

const BUILTIN = '(process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require)';
const HOLDER = 'globalThis[Symbol.for("holter.errors")]';

/** The expression that puts the counter in. */
export function errorWatchExpression(config: ErrorWatchConfig): string {
  return `(${installErrorWatch})(${BUILTIN}, ${JSON.stringify(config)})\n//# sourceURL=holter:errors`;
}

/** The expression that puts the sampler in; its value is false when the watch is gone. */
export function errorSamplerExpression(token: string): string {
  return `((h) => h !== undefined && (h.sampler ??= (${makeErrorSampler})(${BUILTIN}, h.core)) !== undefined)(${errorWatchSelf(token)})\n//# sourceURL=holter:errors`;
}

/** The expression by which later evaluates call a method of this very watch; its value is undefined when it is gone. */
export function errorWatchCall(token: string, call: string): string {
  return `${errorWatchSelf(token)}?.${call}`;
}

/** The expression of this very watch; undefined when it is gone. */
export function errorWatchSelf(token: string): string {
  return `(${HOLDER}?.token === ${JSON.stringify(token)} ? ${HOLDER} : undefined)`;
}

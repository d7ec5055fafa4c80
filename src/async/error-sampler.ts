import type { AnswerSample, ErrorBuiltins, ErrorSampler, ErrorWatchCore, FoundHow } from './error-state.ts';

/**
 * Looks for the errors behind failed answers; runs INSIDE the target, sent as text. It is there for some seconds only,
 * when answers fail, and pauses nothing by itself: its `debugger` statement stops only under an enabled debugger.
 *
 *     writeHead     ──►  status of 500 and nothing known of that request: stop, and search the variables in reach
 *
 * and, where that finds nothing, linked:
 *
 *     request.start ──►  the running async id gets a number; `init` hands it on to what is begun there
 *     init          ──►  setImmediate(onerror, err), nextTick(callback, err): an error passed in that request
 *     throw         ──►  the tool's pause at an exception: an error thrown in that request
 *     finish        ──►  the request failed: what was passed or thrown in it is why; it did not: that is acquitted
 */
export function makeErrorSampler(builtin: ErrorBuiltins, core: ErrorWatchCore): ErrorSampler {
  /** Small: what we take must not look like what the program takes. Slow requests of a very busy server are lost. */
  const SLOTS = 1 << 15;
  const MASK = SLOTS - 1;
  /** Requests under way that can be told apart. */
  const OPEN = 1 << 14;
  const MOST_FOUND = 500;
  const MOST_SAMPLES = 60;
  const hooks = builtin('async_hooks');
  const channels = builtin('diagnostics_channel');
  const { executionAsyncId } = hooks;
  /** Their low 32 bits. */
  const slotId = new Uint32Array(SLOTS);
  const slotRequest = new Int32Array(SLOTS);
  const underWay = new Uint8Array(OPEN);
  const numbers = new WeakMap<object, number>();

  interface Found {
    how: FoundHow;
    id: number;
    error: unknown;
  }
  /** By number of the request, until its answer. */
  const found = new Map<number, Found[]>();
  /** Answers that were looked at in a stop. */
  const looked = new Set<number>();
  let samples: AnswerSample[] = [];
  let pausesMs: number[] = [];
  let sampledFailed = 0;
  let sampledPassed = 0;
  let requests = 0;
  let ids = 0;
  let shots = 0;
  let on = true;
  let linked = false;

  const put = (id: number, request: number): void => {
    slotId[id & MASK] = id >>> 0;
    slotRequest[id & MASK] = request;
  };
  const running = (): number => {
    const id = executionAsyncId();
    const request = slotId[id & MASK] === id >>> 0 ? slotRequest[id & MASK]! : 0;
    return request !== 0 && underWay[request & (OPEN - 1)] === 1 ? request : 0;
  };
  /** Number of the entry; 0 when it is known or there is no room. */
  const note = (request: number, how: FoundHow, error: unknown): number => {
    let list = found.get(request);
    if (list === undefined) {
      if (found.size >= MOST_FOUND) return 0;
      list = [];
      found.set(request, list);
    }
    if (list.length >= 4 || list.some((known) => known.error === error)) return 0;
    list.push({ how, id: ++ids, error });
    return ids;
  };
  const peek = (request: number, values: unknown): void => {
    if (!Array.isArray(values)) return;
    for (let index = 0; index < values.length && index < 2; index++)
      if (core.isError(values[index])) note(request, 'passed', values[index]);
  };
  const init = (id: number, type: string, _trigger: number, resource: object): void => {
    const request = running();
    if (request === 0) return;
    put(id, request);
    if (type === 'Immediate') peek(request, (resource as { _argv?: unknown })._argv);
    else if (type === 'TickObject') peek(request, (resource as { args?: unknown }).args);
  };
  const hook = hooks.createHook({ init: core.guard(init) });

  const START = 'http.server.request.start';
  const onStart = core.guard((event: unknown): void => {
    const { request } = event as { request: object };
    const number = ++requests;
    numbers.set(request, number);
    underWay[number & (OPEN - 1)] = 1;
    found.delete(number - OPEN);
    put(executionAsyncId(), number);
  });

  // --- the answer: its code has the error in reach, or only knows that there was one
  const { ServerResponse } = builtin('http');
  const prototype = ServerResponse.prototype as unknown as Record<string, unknown>;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'writeHead');
  const original = descriptor?.value as ((...values: unknown[]) => unknown) | undefined;
  let answering: { request: object; number: number; status: number } | undefined;
  const stop = (response: { req?: object }, status: number): void => {
    const request = response.req ?? response;
    const number = numbers.get(request) ?? 0;
    // One that began before it was told apart: what is known of it is not all.
    if (linked && (number === 0 || found.has(number) || looked.has(number))) return;
    shots--;
    answering = { request, number, status };
    const begun = core.now();
    // biome-ignore lint/suspicious/noDebugger: this is the stop itself
    debugger;
    const ms = core.now() - begun;
    // Nobody listened: no stop.
    if (ms > 0.05) pausesMs.push(ms);
    answering = undefined;
  };
  const replacement = function writeHead(this: { req?: object }, ...values: unknown[]): unknown {
    const [status] = values;
    if (shots > 0 && typeof status === 'number' && status >= 500 && answering === undefined)
      stop(this, status);
    return Reflect.apply(original!, this, values);
  };

  const LIKELY = /^(?:e|er|err|error|ex|exc|exception|reason|cause|failure)$|err(?:or)?$|^err/i;
  /** An error among the own values of `holder`; never by a getter. */
  const among = (holder: unknown, onlyLikely: boolean, deep: boolean): unknown => {
    if (typeof holder !== 'object' || holder === null || builtin('util').types.isProxy(holder))
      return undefined;
    const later: unknown[] = [];
    let seen = 0;
    for (const name of Reflect.ownKeys(holder)) {
      if (++seen > 80) break;
      const value: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value;
      if (typeof value !== 'object' || value === null) continue;
      if (core.isError(value)) {
        if (!onlyLikely || LIKELY.test(typeof name === 'symbol' ? (name.description ?? '') : name))
          return value;
      } else if (deep) later.push(value);
    }
    for (const value of later) {
      const inner = among(value, !Array.isArray(value), false);
      if (inner !== undefined) return inner;
    }
    return undefined;
  };

  if (descriptor?.configurable === true && typeof original === 'function') {
    Object.defineProperty(replacement, 'length', { value: original.length, configurable: true });
    Object.defineProperty(prototype, 'writeHead', { ...descriptor, value: replacement });
  }

  return {
    link() {
      if (linked || !on) return;
      linked = true;
      channels.subscribe?.(START, onStart);
      hook.enable();
    },
    shoot(count) {
      shots = count;
    },
    search(objects, kinds) {
      if (answering === undefined) return undefined;
      const { request, number, status } = answering;
      if (number !== 0 && looked.size < 5000) looked.add(number);
      let error: unknown;
      for (const deep of [false, true])
        for (let index = 0; index < objects.length && error === undefined; index++)
          error = among(objects[index], kinds[index] !== 'l', deep && kinds[index] !== 'c');
      const sample: AnswerSample = {
        how: 'answered',
        id: 0,
        time: core.now(),
        status,
        route: core.routeOf(request),
      };
      return error === undefined ? sample : { ...sample, error: core.describe(error) };
    },
    thrown(error) {
      const request = on ? running() : 0;
      return request === 0 ? 0 : note(request, 'thrown', error);
    },
    finished(request, status, route) {
      const number = numbers.get(request);
      if (number === undefined) return;
      underWay[number & (OPEN - 1)] = 0;
      const list = found.get(number);
      if (list !== undefined) found.delete(number);
      const failed = status >= 500;
      if (failed) sampledFailed++;
      const wasLooked = looked.delete(number);
      if (list === undefined) return;
      const passed = list.filter(({ how }) => how === 'passed').at(-1);
      if (failed && passed !== undefined) sampledPassed++;
      // Of several the last: what was thrown before was caught, or is its cause.
      const thrown = list.filter(({ how }) => how === 'thrown');
      const chosen = failed ? [passed ?? thrown.at(-1)] : thrown;
      for (const one of chosen) {
        if (one === undefined || samples.length >= MOST_SAMPLES || (wasLooked && one.how === 'passed'))
          continue;
        const { how, id, error } = one;
        samples.push({ how, id, time: core.now(), status, route, error: core.describe(error) });
      }
    },
    take() {
      const taken = { samples, sampledFailed, sampledPassed, pausesMs };
      samples = [];
      pausesMs = [];
      return taken;
    },
    undo() {
      on = false;
      shots = 0;
      hook.disable();
      channels.unsubscribe?.(START, onStart);
      found.clear();
      looked.clear();
      if (prototype.writeHead !== replacement) return original === undefined || !wasWrapped();
      if (descriptor !== undefined) Object.defineProperty(prototype, 'writeHead', descriptor);
      return true;

      /** Somebody wrapped ours meanwhile: it only hands on. */
      function wasWrapped(): boolean {
        return prototype.writeHead !== original;
      }
    },
  };
}

/**
 * The leak recorder: code that runs INSIDE the target, sent as text (`Function.prototype.toString`), so no function here
 * may use this module's scope.
 *
 *     always        a look four times a second: how many resources, listeners, requests      (about 20 µs a look)
 *     once armed    async_hooks init, only of the types that were seen to grow: a sample with stack and WeakRef
 *     at the end    which of the sampled ones are still alive
 *
 * Everything hangs on one symbol of globalThis and on the undo of the bridge; a heartbeat is the second net.
 */

import { watchOpens } from './leak-recorder-files.ts';
import { watchListeners } from './leak-recorder-listeners.ts';
import { watchUnanswered } from './leak-recorder-requests.ts';
import { makeSampler } from './leak-recorder-sampler.ts';
import type {
  LeakArming,
  LeakHandle,
  LeakHarvest,
  LeakRecorderConfig,
  LeakSample,
} from './leak-recorder-state.ts';
import { makeStackReader } from './recorder-stacks.ts';

/** Built-in modules by name, however this Node gives them out. */
export interface LeakBuiltins {
  (name: 'async_hooks'): typeof import('node:async_hooks');
  (name: 'diagnostics_channel'): typeof import('node:diagnostics_channel');
  (name: 'events'): typeof import('node:events');
  (name: 'fs'): typeof import('node:fs');
  (name: 'module'): typeof import('node:module');
  (name: 'perf_hooks'): typeof import('node:perf_hooks');
  (name: 'timers'): typeof import('node:timers');
  (name: 'util'): typeof import('node:util');
  (name: 'v8'): typeof import('node:v8');
}

/** The functions the core is given, because it cannot import them in the target. */
export interface LeakRecorderParts {
  makeStackReader: typeof makeStackReader;
  makeSampler: typeof makeSampler;
  watchListeners: typeof watchListeners;
  watchOpens: typeof watchOpens;
  watchUnanswered: typeof watchUnanswered;
}

/** Puts the recorder in; gives the time on its clock. */
export function installLeakRecorder(
  builtin: LeakBuiltins,
  config: LeakRecorderConfig,
  parts: LeakRecorderParts,
): { time: number } {
  const key = Symbol.for('holter.leaks');
  const globals = globalThis as unknown as Record<symbol, LeakHandle | undefined>;
  globals[key]?.undo();

  const hooks = builtin('async_hooks');
  const timers = builtin('timers');
  const util = builtin('util');
  const v8 = builtin('v8');
  const { performance } = builtin('perf_hooks');
  const clock = performance.now.bind(performance);
  const [seconds, nanos] = process.hrtime();
  const offset = seconds * 1e3 + nanos / 1e6 - clock();
  /** CLOCK_MONOTONIC is what every other part of holter counts in. */
  const now = (): number => clock() + offset;

  const reader = parts.makeStackReader();
  const sampler = parts.makeSampler(config, reader, now);
  const listeners = parts.watchListeners(builtin, config, reader);
  let unanswered: ReturnType<typeof watchUnanswered> | undefined;
  let opens: ReturnType<typeof watchOpens> | undefined;
  let errors = 0;
  let lookedAt = clock();
  let isHooked = false;
  let done = false;

  const armed = { timers: false, promises: false };
  const handles = new Set<string>();
  const init = (id: number, type: string, trigger: number, resource: object): void => {
    if (!isHooked) return;
    try {
      // A resource is not finished here: reading a native property of it can end the process (FileHandle's fd).
      if (type === 'PROMISE') {
        if (!armed.promises) return;
        sampler.take(type, id, trigger === hooks.executionAsyncId() ? 0 : trigger, resource);
      } else if (type === 'Timeout') {
        const timer = resource as { hasRef?(): boolean; _idleTimeout?: number; _repeat?: number | null };
        // Node's own time-outs of sockets and agents never hold the loop.
        if (!armed.timers || timer.hasRef?.() === false) return;
        const row = sampler.take(type, id, trigger, resource);
        if (row === undefined) return;
        row.detail = timer._idleTimeout ?? -1;
        const running = hooks.executionAsyncResource();
        row.flags =
          (typeof timer._repeat === 'number' ? 1 : 0) +
          (running !== resource && running?.constructor === resource.constructor ? 2 : 0);
      } else if (opens !== undefined && type === 'TickObject') opens.ticked(id, resource);
      else if (opens !== undefined && type === 'FSREQPROMISE') opens.asked(id);
      else if (opens !== undefined && type === 'FILEHANDLE') opens.handleMade(resource);
      else if (handles.has(type)) sampler.take(type, id, trigger, resource);
    } catch {
      errors++;
    }
  };
  const before = (id: number): void => opens?.before(id);
  let hook: import('node:async_hooks').AsyncHook | undefined;

  /** Handles that are open now: their owners are what Node gives out. */
  const openHandles = (): Set<unknown> => {
    const list = (process as { _getActiveHandles?(): { _handle?: unknown }[] })._getActiveHandles?.() ?? [];
    const all = new Set<unknown>();
    for (const owner of list) {
      all.add(owner);
      all.add(owner?._handle);
    }
    return all;
  };
  const isPending = (promise: object): boolean => {
    const text = util.inspect(promise, {
      depth: 0,
      maxArrayLength: 0,
      maxStringLength: 0,
      customInspect: false,
      breakLength: Number.POSITIVE_INFINITY,
    });
    return /^[^{]*\{\s*<pending>/.test(text);
  };

  /** Puts the hook on for what is armed now, or off. */
  const listen = (): void => {
    hook?.disable();
    isHooked = !done && (handles.size > 0 || armed.timers || armed.promises || opens !== undefined);
    if (!isHooked) return;
    // Newer Nodes can leave promises out of it; older ones ignore the wish.
    const wish = { trackPromises: armed.promises };
    hook = hooks.createHook({ init, ...(opens === undefined ? {} : { before }), ...wish });
    hook.enable();
  };
  let asked = clock();
  const heartbeat = timers.setInterval(() => {
    if (clock() - asked > config.deadAfterMs) handle.undo();
  }, 1000);
  heartbeat.unref();

  const bridge = globals[Symbol.for('holter')] as unknown as { undo(): void } | undefined;
  const bridgeUndo = bridge?.undo;
  const undoBoth = (): void => {
    handle.undo();
    bridgeUndo?.call(bridge);
  };
  let clean = true;
  const handle: LeakHandle = {
    token: config.token,
    sample() {
      const begun = clock();
      asked = begun;
      const resources: Record<string, number> = {};
      for (const type of process.getActiveResourcesInfo?.() ?? [])
        resources[type] = (resources[type] ?? 0) + 1;
      const old = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
      const due = unanswered?.counts();
      const sample: LeakSample = {
        time: now(),
        costMs: 0,
        resources,
        heapUsed: v8.getHeapStatistics().used_heap_size,
        oldSpace: old?.space_used_size ?? 0,
        hooked: globals[Symbol.for('holter.async')] !== undefined,
        requests: due?.requests ?? null,
        unanswered: due?.unanswered ?? null,
        listeners: listeners.counts(),
        watched: listeners.takeNew(),
      };
      listeners.adapt();
      sampler.adapt(begun - lookedAt);
      lookedAt = begun;
      sample.costMs = clock() - begun;
      return JSON.stringify(sample);
    },
    arm({ handles: more = [], timers: withTimers, files, promises }: LeakArming) {
      if (done) return;
      unanswered ??= parts.watchUnanswered(builtin);
      for (const type of more) {
        handles.add(type);
        sampler.begin(type);
      }
      if (withTimers === true) {
        armed.timers = true;
        sampler.begin('Timeout');
      }
      if (promises === true) {
        armed.promises = true;
        sampler.begin('PROMISE');
      }
      if (files === true && opens === undefined) {
        sampler.begin('open promise');
        opens = parts.watchOpens(builtin, sampler);
      }
      listen();
    },
    pending() {
      const edge = now() - 500;
      let count = 0;
      const rows = sampler.types.get('PROMISE')?.rows ?? [];
      // Looking at one takes microseconds.
      const stride = Math.ceil(rows.length / 1000);
      for (let index = 0; index < rows.length; index += stride) {
        const { ref, time, weight } = rows[index]!;
        if (time > edge) continue;
        const promise = ref?.deref();
        if (promise !== undefined && isPending(promise)) count += weight * stride;
      }
      return count;
    },
    letListenersGo() {
      listeners.unwrap();
    },
    disarm() {
      isHooked = false;
      hook?.disable();
      asked = clock();
    },
    finish() {
      const open = openHandles();
      const types = [...sampler.types.keys()];
      const rows: LeakHarvest['rows'] = [];
      for (const [index, name] of types.entries()) {
        for (const row of sampler.types.get(name)!.rows) {
          const made = row.ref?.deref();
          let alive = made !== undefined;
          if (name === 'Timeout')
            alive = made !== undefined && !(made as { _destroyed?: boolean })._destroyed;
          else if (name === 'PROMISE') alive = made !== undefined && isPending(made);
          else if (name.startsWith('open')) alive = opens?.isOpen(row) ?? false;
          else if (made !== undefined) alive = open.has(made) || ((made as { fd?: number }).fd ?? -1) >= 0;
          rows.push([
            index,
            row.stack,
            row.weight,
            row.time,
            alive ? 1 : 0,
            row.detail,
            row.flags,
            row.id,
            row.parent,
          ]);
        }
      }
      const harvest: LeakHarvest = {
        time: now(),
        types,
        created: types.map((type) => sampler.types.get(type)!.created),
        armedAt: types.map((type) => sampler.types.get(type)!.armedAt),
        rows,
        added: listeners.added(),
        stacks: reader.takeNew(),
        errors,
        ownMs: sampler.stackMs,
      };
      return JSON.stringify(harvest);
    },
    undo() {
      if (done) return clean;
      done = true;
      isHooked = false;
      hook?.disable();
      const wasClean = [listeners.unwrap(), opens?.undo() ?? true];
      clean = wasClean.every(Boolean);
      unanswered?.undo();
      timers.clearInterval(heartbeat);
      sampler.clear();
      // Another recorder may have put its undo over ours: it calls ours, which does nothing any more.
      if (bridge !== undefined && bridge.undo === undoBoth && bridgeUndo !== undefined)
        bridge.undo = bridgeUndo;
      if (globals[key] === handle) delete globals[key];
      return clean;
    },
  };
  if (bridge !== undefined && bridgeUndo !== undefined) bridge.undo = undoBoth;
  Object.defineProperty(globals, key, { value: handle, enumerable: false, configurable: true });
  return { time: now() };
}

/** The expression that puts the recorder in. */
export function leakRecorderExpression(config: LeakRecorderConfig): string {
  const builtin = '(process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require)';
  const parts = `{ makeStackReader: ${makeStackReader}, makeSampler: ${makeSampler}, watchListeners: ${watchListeners}, watchOpens: ${watchOpens}, watchUnanswered: ${watchUnanswered} }`;
  return `(${installLeakRecorder})(${builtin}, ${JSON.stringify(config)}, ${parts})\n//# sourceURL=holter:leaks`;
}

/** The expression by which later evaluates call a method of this very recorder; its value is undefined when it is gone. */
export function leakRecorderCall(token: string, call: string): string {
  const holder = 'globalThis[Symbol.for("holter.leaks")]';
  return `(${holder}?.token === ${JSON.stringify(token)} ? ${holder}.${call} : undefined)`;
}

import type { LeakSampler, SampledCreation } from './leak-recorder-state.ts';

/** Opened files with their line; sent as text, so nothing of this module's scope may be used. */
export interface OpenWatch {
  /** A FileHandle was made; the promise of the `open` that asked for it runs next. */
  handleMade(resource: object): void;
  /** Begins `open` of node:fs/promises, sampled. */
  asked(id: number): void;
  /** A stream opens its file in the next tick: the line is that of its creation. */
  ticked(id: number, tick: object): void;
  before(id: number): void;
  /** True when the opened file has not been closed since. */
  isOpen(row: SampledCreation): boolean;
  undo(): boolean;
}

/**
 * `fs.open` and `fs.openSync` are wrapped (streams use `fs.open`), the promises' `open` is seen by async_hooks: its
 * FileHandle is made right before the callback of its request. A descriptor belongs to who opened it last.
 */
export function watchOpens(
  builtin: {
    (name: 'fs'): typeof import('node:fs');
    (name: 'module'): typeof import('node:module');
    (name: 'async_hooks'): typeof import('node:async_hooks');
  },
  sampler: LeakSampler,
): OpenWatch {
  const fs = builtin('fs');
  const TYPE = 'open';
  sampler.begin(TYPE);
  type Method = (this: unknown, ...args: unknown[]) => unknown;
  const owners = new Map<number, SampledCreation | undefined>();
  const opened = (fd: unknown, row: SampledCreation | undefined): void => {
    if (typeof fd !== 'number') return;
    if (row !== undefined) row.detail = fd;
    if (row !== undefined || owners.has(fd)) owners.set(fd, row);
  };
  let on = true;
  const asked = new Map<number, SampledCreation>();
  const { executionAsyncId } = builtin('async_hooks');
  const streams = new Map<number, SampledCreation | undefined>();
  const rowOf = (): SampledCreation | undefined => {
    const running = executionAsyncId();
    if (!streams.has(running)) return sampler.take(TYPE, 0, 0, undefined);
    const row = streams.get(running);
    streams.delete(running);
    return row;
  };
  let made: object | undefined;

  const holder = fs as unknown as Record<string, Method>;
  const restored: (() => boolean)[] = [];
  const replace = (name: string, wrap: (original: Method) => Method): void => {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor?.configurable !== true || typeof descriptor.value !== 'function') return;
    const wrapper = wrap(descriptor.value as Method);
    for (const property of ['name', 'length'])
      Object.defineProperty(wrapper, property, Object.getOwnPropertyDescriptor(descriptor.value, property)!);
    Object.defineProperty(holder, name, { ...descriptor, value: wrapper });
    restored.push(() => {
      if (Object.getOwnPropertyDescriptor(holder, name)?.value !== wrapper) return false;
      Object.defineProperty(holder, name, descriptor);
      return true;
    });
  };
  replace(
    'open',
    (original) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const callback = args.at(-1);
        if (!on || typeof callback !== 'function') return original.apply(this, args);
        const row = rowOf();
        args[args.length - 1] = function (this: unknown, error: unknown, fd: unknown) {
          if (on) opened(fd, row);
          return (callback as Method).call(this, error, fd);
        };
        return original.apply(this, args);
      },
  );
  replace(
    'openSync',
    (original) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const fd = original.apply(this, args);
        if (on) opened(fd, sampler.take(TYPE, 0, 0, undefined));
        return fd;
      },
  );
  // Named imports of ES modules are copies until told.
  const sync = (): void => builtin('module').syncBuiltinESMExports();
  if (restored.length > 0) sync();

  return {
    asked(id) {
      // Every request of node:fs/promises comes by here; those that make no handle are forgotten.
      if (asked.size > 5000) asked.clear();
      const row = sampler.take('open promise', id, 0, undefined);
      if (row !== undefined) asked.set(id, row);
    },
    ticked(id, tick) {
      const { callback, args } = tick as { callback?: { name?: string }; args?: unknown[] };
      // Node's name of the function that constructs a stream; only those of files have a path.
      if (callback?.name !== 'constructNT') return;
      if ((args?.[0] as { path?: unknown } | undefined)?.path === undefined) return;
      if (streams.size > 5000) streams.clear();
      streams.set(id, sampler.take(TYPE, 0, 0, undefined));
    },
    handleMade(resource) {
      made = resource;
    },
    before(id) {
      const row = asked.get(id);
      if (row !== undefined) {
        asked.delete(id);
        if (made !== undefined) row.ref = new WeakRef(made);
      }
      made = undefined;
    },
    isOpen(row) {
      if (row.ref !== undefined) return ((row.ref.deref() as { fd?: number } | undefined)?.fd ?? -1) >= 0;
      if (row.detail < 0 || owners.get(row.detail) !== row) return false;
      try {
        return fs.fstatSync(row.detail) !== undefined;
      } catch {
        return false;
      }
    },
    undo() {
      on = false;
      const wasWrapped = restored.length > 0;
      const clean = restored
        .splice(0)
        .map((put) => put())
        .every(Boolean);
      if (wasWrapped) sync();
      owners.clear();
      asked.clear();
      streams.clear();
      made = undefined;
      return clean;
    },
  };
}

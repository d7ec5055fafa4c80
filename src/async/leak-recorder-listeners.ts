import type { LeakRecorderConfig } from './leak-recorder-state.ts';
import type { StackReader } from './recorder-stacks.ts';

/** Listeners of emitters that have unusually many; sent as text, so nothing of this module's scope may be used. */
export interface ListenerWatch {
  counts(): [number, number][];
  takeNew(): [number, string, string, 'emitter' | 'target'][];
  added(): [number, number, number][];
  adapt(): void;
  /** Puts the prototypes back, true when they are as before; what is watched goes on being counted. Safe to call twice. */
  unwrap(): boolean;
}

/**
 * Wraps, until `unwrap`, `on` (and `addListener`, the same function), `prependListener` and `EventTarget.prototype.addEventListener`; `once`
 * and `prependOnceListener` call these. A call costs two property reads; only for an event that has more than
 * `manyListeners` anything is noted.
 */
export function watchListeners(
  builtin: (name: 'events') => typeof import('node:events'),
  config: LeakRecorderConfig,
  reader: StackReader,
): ListenerWatch {
  interface Entry {
    number: number;
    ref: WeakRef<object>;
    event: string | symbol;
    kind: 'emitter' | 'target';
    /** Of `added`, those since the last look. */
    since: number;
    every: number;
    skipped: number;
    stacks: Map<number, number>;
  }
  type Method = (this: object, ...args: unknown[]) => unknown;
  const { manyListeners, emitters } = config;
  let on = true;
  let busy = false;
  let fresh: [number, string, string, 'emitter' | 'target'][] = [];
  const entries: Entry[] = [];
  const known = new WeakMap<object, Map<string | symbol, Entry>>();

  const note = (emitter: object, event: string | symbol, kind: 'emitter' | 'target'): void => {
    // Reading a stack may run a program's getter that adds a listener.
    if (busy) return;
    busy = true;
    try {
      let events = known.get(emitter);
      let entry = events?.get(event);
      if (entry === undefined) {
        if (entries.length >= emitters) return;
        if (events === undefined) {
          events = new Map();
          known.set(emitter, events);
        }
        entry = {
          number: entries.length,
          ref: new WeakRef(emitter),
          event,
          kind,
          since: 0,
          every: 1,
          skipped: 0,
          stacks: new Map(),
        };
        events.set(event, entry);
        entries.push(entry);
        fresh.push([entry.number, emitter.constructor?.name ?? '', String(event), kind]);
      }
      entry.since++;
      if (++entry.skipped < entry.every) return;
      const stack = reader.read();
      entry.stacks.set(stack, (entry.stacks.get(stack) ?? 0) + entry.skipped);
      entry.skipped = 0;
      // At most about ten a look, until the rate is known.
      if (entry.since > 10) entry.every = Math.max(entry.every, entry.since / 5);
    } catch {
      // A hostile emitter: its own call goes on.
    } finally {
      busy = false;
    }
  };

  let clean = true;
  const restored: (() => boolean)[] = [];
  const replace = (holder: object, names: string[], make: (original: Method) => Method): void => {
    const first = Object.getOwnPropertyDescriptor(holder, names[0]!);
    if (first?.configurable !== true || typeof first.value !== 'function') return;
    const original = first.value as Method;
    const wrapper = make(original);
    for (const name of ['name', 'length'])
      Object.defineProperty(wrapper, name, Object.getOwnPropertyDescriptor(original, name)!);
    for (const name of names) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, name);
      if (descriptor?.value !== original) continue;
      Object.defineProperty(holder, name, { ...descriptor, value: wrapper });
      restored.push(() => {
        // Somebody wrapped ours meanwhile: theirs stays and calls ours, which only passes on.
        if (Object.getOwnPropertyDescriptor(holder, name)?.value !== wrapper) return false;
        Object.defineProperty(holder, name, descriptor);
        return true;
      });
    }
  };

  const { EventEmitter } = builtin('events');
  const wrapEmitter = (original: Method): Method =>
    function (this: object, ...args: unknown[]): unknown {
      if (on) {
        const type = args[0] as string;
        const present = (this as { _events?: Record<string, unknown> } | undefined)?._events?.[type];
        if (typeof present === 'object' && (present as unknown[]).length > manyListeners)
          note(this, type, 'emitter');
      }
      return original.apply(this, args);
    };
  const holder = EventEmitter.prototype;
  replace(holder, ['on', 'addListener'], wrapEmitter);
  replace(holder, ['prependListener'], wrapEmitter);

  /** Node keeps the listeners of a target in a Map under a symbol of its own; `size` is their number. */
  let events: symbol | undefined;
  if (typeof EventTarget === 'function') {
    const probe = new EventTarget();
    events = Object.getOwnPropertySymbols(probe).find(({ description }) => description === 'kEvents');
  }
  const targetCount = (target: object, type: unknown): number => {
    if (events === undefined) return 0;
    const map = (target as Record<symbol, Map<unknown, { size?: number }> | undefined>)[events];
    return map?.get(type)?.size ?? 0;
  };
  if (events !== undefined)
    replace(
      EventTarget.prototype,
      ['addEventListener'],
      (original) =>
        function (this: object, ...args: unknown[]): unknown {
          if (on && this !== undefined && targetCount(this, args[0]) > manyListeners)
            note(this, args[0] as string, 'target');
          return original.apply(this, args);
        },
    );

  return {
    counts: () =>
      entries.map(({ number, ref, event, kind }) => {
        const emitter = ref.deref();
        if (emitter === undefined) return [number, 0];
        if (kind === 'target') return [number, targetCount(emitter, event)];
        const present = (emitter as { _events?: Record<string | symbol, unknown> })._events?.[event];
        return [number, Array.isArray(present) ? present.length : typeof present === 'function' ? 1 : 0];
      }),
    takeNew() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
    added: () =>
      entries.flatMap(({ number, stacks }) =>
        [...stacks].map(([stack, count]): [number, number, number] => [number, stack, count]),
      ),
    adapt() {
      // Twenty stacks a look, all emitters together.
      const all = entries.reduce((sum, { since }) => sum + since, 0);
      for (const entry of entries) {
        entry.every = Math.max(1, Math.ceil(all / 20));
        entry.since = 0;
      }
    },
    unwrap() {
      on = false;
      // All of them, even if one cannot be put back.
      for (const put of restored.splice(0)) clean = put() && clean;
      return clean;
    },
  };
}

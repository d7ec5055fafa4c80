import type { LeakRecorderConfig, LeakSampler, SampledCreation } from './leak-recorder-state.ts';
import type { StackReader } from './recorder-stacks.ts';

export interface SamplerWithRows extends LeakSampler {
  /** A quarter of a second is over: how often a stack is taken follows what was created in it. */
  adapt(elapsedMs: number): void;
  readonly types: Map<string, { created: number; armedAt: number; rows: SampledCreation[] }>;
  readonly stackMs: number;
  clear(): void;
}

/**
 * Runs inside the target, sent as text. A creation is chosen with probability 1/`every` and then stands for `every`; `every`
 * follows the rate of its type, so that stacks of all types cost the same however much is created.
 */
export function makeSampler(
  config: LeakRecorderConfig,
  reader: StackReader,
  now: () => number,
): SamplerWithRows {
  interface Type {
    created: number;
    armedAt: number;
    rows: SampledCreation[];
    every: number;
    /** Rows were halved so often: `every` is at least that. */
    least: number;
    since: number;
    taken: number;
  }
  const types = new Map<string, Type>();
  let stackMs = 0;
  /** Our own: the program's `Math.random` may be replaced, and its sequence is its own. xorshift32 (Marsaglia 2003). */
  let seed = (Math.floor(now() * 1000) & 0x7fffffff) | 1;
  const chance = (): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) / 0x1_0000_0000;
  };
  /** Halved when stacks cost too much. */
  let part = 1;
  let stackMsBefore = 0;
  const perSecond = (name: string): number =>
    part * (name === 'PROMISE' ? config.promiseStacksPerSecond : config.stacksPerSecond);
  return {
    reader,
    types,
    get stackMs() {
      return stackMs;
    },
    begin(type) {
      if (!types.has(type))
        types.set(type, { created: 0, armedAt: now(), rows: [], every: 1, least: 1, since: 0, taken: 0 });
    },
    take(name, id, parent, resource) {
      const type = types.get(name);
      if (type === undefined) return undefined;
      type.created++;
      type.since++;
      if (type.every > 1 && chance() * type.every >= 1) return undefined;
      // The rate is not known at first, and may rise within a look.
      const perLook = Math.max(4, perSecond(name) / 4);
      if (++type.taken > perLook * 2) {
        type.every *= 2;
        type.taken = perLook;
      }
      if (type.rows.length >= config.rowsPerType) {
        type.rows = type.rows.filter((_, index) => (index & 1) === 0);
        for (const row of type.rows) row.weight *= 2;
        type.least *= 2;
        type.every = Math.max(type.every, type.least);
      }
      const begun = now();
      const stack = reader.read();
      stackMs += now() - begun;
      const row: SampledCreation = {
        type: name,
        stack,
        weight: type.every,
        time: begun,
        id,
        parent,
        ref: resource === undefined ? undefined : new WeakRef(resource),
        detail: -1,
        flags: 0,
      };
      type.rows.push(row);
      return row;
    },
    adapt(elapsedMs) {
      if (stackMs - stackMsBefore > config.stackCost * elapsedMs) part = Math.max(1 / 16, part / 2);
      stackMsBefore = stackMs;
      for (const [name, type] of types) {
        const wanted = Math.max(1, (perSecond(name) * elapsedMs) / 1000);
        type.every = Math.max(type.least, Math.round(type.since / wanted));
        type.since = 0;
        type.taken = 0;
      }
    },
    clear() {
      types.clear();
    },
  };
}

/** One probe of an application. */
export interface DTraceProbe {
  /** `args` is called only while somebody looks; an error in it is swallowed then. Gives true when it was told. */
  fire(args?: () => readonly unknown[]): boolean;
}

export interface DTraceProvider {
  /** @param types of the arguments, kept for compatibility: values are told as they are */
  addProbe(name: string, ...types: string[]): DTraceProbe;
  removeProbe(name: string | DTraceProbe): void;
  /** Fires the probe of that name; one that is not there is no error. */
  fire(name: string, args?: () => readonly unknown[]): boolean;
  /** From now on holter finds the probes. */
  enable(): void;
  disable(): void;
}

/** What holter finds from outside (src/probe/provider-application.ts). */
interface Slot {
  provider: string;
  module: string;
  function: string;
  name: string;
  handler: ((...args: unknown[]) => void) | null;
}
interface Registry {
  probes: Set<Slot>;
  onAdd: ((slot: Slot) => void) | null;
}

const KEY = Symbol.for('holter.probe.providers');

function registry(): Registry {
  const globals = globalThis as unknown as Record<symbol, Registry | undefined>;
  let found = globals[KEY];
  if (found === undefined) {
    found = { probes: new Set(), onAdd: null };
    // Two copies of the package share one.
    Object.defineProperty(globals, KEY, { value: found, enumerable: false, configurable: true });
  }
  return found;
}

/** A provider as dtrace-provider makes them: `createDTraceProvider(name[, module])`. */
export function createDTraceProvider(name: string, module = ''): DTraceProvider {
  const slots = new Map<string, { slot: Slot; probe: DTraceProbe }>();
  let enabled = false;
  const show = (slot: Slot): void => {
    const { probes, onAdd } = registry();
    probes.add(slot);
    onAdd?.(slot);
  };
  const hide = (slot: Slot): void => {
    registry().probes.delete(slot);
    slot.handler = null;
  };
  const provider: DTraceProvider = {
    addProbe(probeName) {
      provider.removeProbe(probeName);
      const slot: Slot = { provider: name, module, function: '', name: probeName, handler: null };
      const probe: DTraceProbe = {
        fire(args) {
          const { handler } = slot;
          if (handler === null) return false;
          try {
            handler(...(args === undefined ? [] : args()));
            return true;
          } catch {
            // The arguments are the application's code: looking must not make it fail.
            return false;
          }
        },
      };
      slots.set(probeName, { slot, probe });
      if (enabled) show(slot);
      return probe;
    },
    removeProbe(which) {
      for (const [key, { slot, probe }] of slots)
        if (key === which || probe === which) {
          hide(slot);
          slots.delete(key);
        }
    },
    fire: (probeName, args) => slots.get(probeName)?.probe.fire(args) ?? false,
    enable() {
      enabled = true;
      for (const { slot } of slots.values()) show(slot);
    },
    disable() {
      enabled = false;
      for (const { slot } of slots.values()) hide(slot);
    },
  };
  return provider;
}

import type { ProbeHost } from './provider-host.ts';

/**
 * Probes an application made with `holter/probe`: they are found by the registry on
 * `globalThis[Symbol.for('holter.probe.providers')]`, also those made later. Sent as text.
 */
export function provideApplications(host: ProbeHost): void {
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
  const registry = (globalThis as unknown as Record<symbol, Registry | undefined>)[
    Symbol.for('holter.probe.providers')
  ];
  if (registry === undefined) return;
  const put = (slot: Slot): void => {
    const handler = host.attach(slot.provider, slot.module, slot.function, slot.name);
    if (handler === null) return;
    slot.handler = handler;
    host.onTeardown(() => {
      if (slot.handler === handler) slot.handler = null;
    });
  };
  for (const slot of registry.probes) put(slot);
  registry.onAdd = put;
  host.onTeardown(() => {
    if (registry.onAdd === put) registry.onAdd = null;
  });
}

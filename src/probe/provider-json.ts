import type { ProbeHost } from './provider-host.ts';

/**
 * `node-json`: each JSON.parse and JSON.stringify, names as the node-dtrace-json scripts have them (`parse-start`,
 * `parse-done`) and as function probes (`parse-entry`, `parse-return`). Sent as text.
 */
export function provideJson(host: ProbeHost): void {
  for (const op of ['parse', 'stringify'] as const) {
    const attach = (name: string) => host.attach('node-json', 'JSON', op, name);
    const starts = [`${op}-start`, `${op}-entry`].map(attach).filter((one) => one !== null);
    const dones = [`${op}-done`, `${op}-return`].map(attach).filter((one) => one !== null);
    if (starts.length + dones.length === 0) continue;
    const size = (text: unknown): number => (typeof text === 'string' ? text.length : 0);
    let on = true;
    host.onTeardown(() => {
      on = false;
    });
    host.wrap.replace(JSON, op, (original) => {
      const { apply } = Reflect;
      // Three parameters at most: a plain method costs less than one with rest arguments.
      const { json } = {
        json(this: unknown, ...args: unknown[]): unknown {
          if (!on) return apply(original as never, this, args);
          for (const start of starts) start(args[0], size(args[0]));
          const began = dones.length > 0 ? host.now() : 0;
          const value: unknown = apply(original as never, this, args);
          if (dones.length > 0) {
            const ns = host.now() - began;
            const text = op === 'parse' ? args[0] : value;
            for (const done of dones) done(text, size(text), ns, op === 'parse' ? value : args[0]);
          }
          return value;
        },
      };
      return host.wrap.dress(original, json);
    });
  }
}

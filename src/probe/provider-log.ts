import type { ProbeHost } from './provider-host.ts';

/**
 * `log`: lines as probes, before the logger's own level drops any of those it makes: `log:console::log-error`,
 * `log:pino::log-info`, `log:bunyan::log-warn`. arg0 the message, arg1 the level (bunyan's and pino's numbers), arg2 the
 * record. Sent as text.
 */
export function provideLogs(host: ProbeHost): void {
  if (!host.wants('log')) return;
  const { apply } = Reflect;
  const NAMES: [number, string][] = [
    [10, 'trace'],
    [20, 'debug'],
    [30, 'info'],
    [40, 'warn'],
    [50, 'error'],
    [60, 'fatal'],
  ];
  const { Module } = host.builtin('module') as unknown as {
    Module: { _cache: Record<string, { exports?: unknown } | undefined> };
  };
  let on = true;
  host.onTeardown(() => {
    on = false;
  });
  const before = (holder: object, key: string | symbol, tell: (args: unknown[]) => void): boolean =>
    host.wrap.replace(holder, key, (original) => {
      const { method } = {
        method(this: unknown, ...args: unknown[]): unknown {
          if (on) tell(args);
          return apply(original as never, this, args);
        },
      };
      return host.wrap.dress(original, method);
    });

  const OF_CONSOLE: Record<string, number> = { trace: 10, debug: 20, log: 30, info: 30, warn: 40, error: 50 };
  for (const [method, level] of Object.entries(OF_CONSOLE)) {
    const name = NAMES.find(([number]) => number === level)?.[1] ?? 'info';
    const handler = host.attach('log', 'console', method, `log-${name}`);
    if (handler === null) continue;
    before(console, method, (args) => {
      const [first] = args;
      handler(typeof first === 'string' ? first : first instanceof Error ? first.message : '', level, first);
    });
  }

  /** Handlers of one library by its level numbers; null when nobody wants any. */
  const levelsOf = (library: string) => {
    const table = new Map(
      NAMES.map(([level, name]) => [level, host.attach('log', library, '', `log-${name}`)]),
    );
    if ([...table.values()].every((one) => one === null)) return null;
    return (level: number) => table.get(Math.min(60, Math.max(10, Math.floor(level / 10) * 10))) ?? null;
  };
  const loaded = (suffix: string): unknown[] =>
    Object.keys(Module._cache)
      .filter((file) => file.replaceAll('\\', '/').endsWith(suffix))
      .map((file) => Module._cache[file]?.exports);

  const pino = levelsOf('pino');
  if (pino !== null)
    for (const exported of loaded('/pino/lib/proto.js')) {
      const proto: unknown = typeof exported === 'function' ? Object.getPrototypeOf(exported()) : exported;
      if (typeof proto !== 'object' || proto === null) continue;
      const key = Object.getOwnPropertySymbols(proto).find(({ description }) => description === 'pino.write');
      // write(object, message, level), since pino 6.
      if (key !== undefined)
        before(proto, key, ([object, message, level]) => {
          const text = typeof message === 'string' ? message : object instanceof Error ? object.message : '';
          pino(Number(level))?.(text, Number(level), object);
        });
    }
  const bunyan = levelsOf('bunyan');
  if (bunyan !== null)
    for (const exported of loaded('/bunyan/lib/bunyan.js')) {
      const proto = (exported as { prototype?: object } | undefined)?.prototype;
      if (proto !== undefined)
        before(proto, '_emit', ([record]) => {
          const { level, msg } = record as { level?: unknown; msg?: unknown };
          bunyan(Number(level))?.(msg, Number(level), record);
        });
    }
}

import type { ProbeHost } from './provider-host.ts';

/**
 * `fs` and `dns`: operations with their path or name, duration and error; `memory`: Buffers by size. The functions of
 * the built-in modules are wrapped; who kept one of them before (`const { readFile } = require('fs')`) is not seen.
 * Sent as text.
 */
export function provideIo(host: ProbeHost): void {
  const { apply } = Reflect;
  let touched = false;
  const codeOf = (error: unknown): string =>
    error === null || error === undefined
      ? ''
      : typeof (error as { code?: unknown }).code === 'string'
        ? (error as { code: string }).code
        : 'error';
  const nameOf = (value: unknown): string =>
    typeof value === 'string' ? value : typeof value === 'number' ? `fd ${value}` : '';

  /** One function of a module, told as `provider:kind:op:start|done`. */
  const watch = (provider: string, kind: string, holder: object, op: string): void => {
    const start = host.attach(provider, kind, op, 'start');
    const done = host.attach(provider, kind, op, 'done');
    if (start === null && done === null) return;
    let on = true;
    host.onTeardown(() => {
      on = false;
    });
    const replaced = host.wrap.replace(holder, op, (original) => {
      const { method } = {
        method(this: unknown, ...args: unknown[]): unknown {
          if (!on) return apply(original as never, this, args);
          const subject = nameOf(args[0]);
          const scope = host.usesSelf ? host.childScope() : undefined;
          const tell = (handler: typeof start, ...told: unknown[]): void => {
            if (handler === null || !on) return;
            if (scope === undefined) handler(...told);
            else host.inScope(scope, () => handler(...told));
          };
          tell(start, op, subject);
          const began = host.now();
          const finish = (error: unknown): void => tell(done, op, subject, host.now() - began, codeOf(error));
          const last = args.length - 1;
          const callback = args[last];
          if (kind === 'callback' && typeof callback === 'function')
            args[last] = function (this: unknown, ...answers: unknown[]): unknown {
              finish(answers[0]);
              return apply(callback as never, this, answers);
            };
          try {
            const value: unknown = apply(original as never, this, args);
            if (kind === 'promises' && value instanceof Promise)
              return value.then(
                (result: unknown) => {
                  finish(undefined);
                  return result;
                },
                (error: unknown) => {
                  finish(error ?? 'error');
                  throw error;
                },
              );
            if (kind !== 'callback') finish(undefined);
            return value;
          } catch (error) {
            finish(error);
            throw error;
          }
        },
      };
      return host.wrap.dress(original, method);
    });
    touched ||= replaced;
  };
  /** fs: a function is synchronous by its name, else takes a callback; streams and constructors are none of these. */
  const NOT =
    /^[A-Z_]|^(?:createReadStream|createWriteStream|watch|watchFile|unwatchFile|openAsBlob|glob|opendir)$/;
  if (host.wants('fs')) {
    const fs = host.builtin('fs');
    for (const op of Object.keys(fs))
      if (typeof Object.getOwnPropertyDescriptor(fs, op)?.value === 'function' && !NOT.test(op))
        watch('fs', op.endsWith('Sync') ? 'sync' : 'callback', fs, op);
    const { promises } = fs as unknown as { promises: Record<string, unknown> };
    for (const op of Object.keys(promises))
      if (!NOT.test(op) && typeof promises[op] === 'function') watch('fs', 'promises', promises, op);
  }
  if (host.wants('dns')) {
    const dns = host.builtin('dns');
    const isLookup = (op: string): boolean => /^(?:lookup|resolve|reverse)/.test(op);
    for (const op of Object.keys(dns))
      if (isLookup(op) && typeof dns[op] === 'function') watch('dns', 'callback', dns, op);
    const promises = dns.promises as Record<string, unknown>;
    for (const op of Object.keys(promises)) if (isLookup(op)) watch('dns', 'promises', promises, op);
  }

  for (const op of ['alloc', 'allocUnsafe', 'allocUnsafeSlow']) {
    const handler = host.attach('memory', 'Buffer', op, 'alloc');
    if (handler === null) continue;
    let on = true;
    host.onTeardown(() => {
      on = false;
    });
    host.wrap.replace(Buffer, op, (original) => {
      const { method } = {
        method(this: unknown, ...args: unknown[]): unknown {
          if (on) handler(Number(args[0]) || 0, op);
          return apply(original as never, this, args);
        },
      };
      return host.wrap.dress(original, method);
    });
  }
  if (!touched) return;
  // Named imports of ES modules are bindings of their own until told.
  const { syncBuiltinESMExports } = host.builtin('module');
  syncBuiltinESMExports();
  host.onTeardown(() => {
    // After the originals are back: undos run last in, first out, so this one is queued behind them.
    queueMicrotask(() => syncBuiltinESMExports());
  });
}

import type { ProbeHost, Wrapping } from './provider-host.ts';

/** The wrappers all providers use; sent as text. */
export function makeWrapping(host: Omit<ProbeHost, 'wrap'>): Wrapping {
  const { apply, construct, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
  const { then } = Promise.prototype;
  const PromiseProto = Promise.prototype;
  const getProto = Object.getPrototypeOf;
  const PLAIN = new Set<string | symbol>(['length', 'name', 'prototype', 'arguments', 'caller']);
  type Constructor = new (...args: unknown[]) => unknown;

  /** Its own properties beyond those every function has: then only a Proxy is the same from outside. */
  const isPlain = (fn: object): boolean => {
    for (const key of ownKeys(fn)) if (!PLAIN.has(key)) return false;
    return true;
  };
  /** A class cannot be called; its text is how it is told apart. */
  const isClass = (fn: CallableFunction): boolean =>
    apply(Function.prototype.toString, fn, []).startsWith('class');

  const dress: Wrapping['dress'] = (original, wrapper) => {
    if (!isPlain(original) || isClass(original)) {
      const proxy: object = new Proxy(original as object, {
        apply: (_, self, args) => apply(wrapper as never, self, args),
        construct: (_, args, target) =>
          construct(
            original as never,
            args,
            (target as unknown) === proxy ? (original as never) : target,
          ) as object,
      });
      return proxy as CallableFunction;
    }
    for (const key of ['name', 'length', 'prototype']) {
      const wanted = getOwnPropertyDescriptor(original, key);
      try {
        if (wanted !== undefined) defineProperty(wrapper, key, wanted);
      } catch {
        // `prototype` of an ordinary function can be written, not redefined.
        (wrapper as unknown as Record<string, unknown>)[key] = wanted?.value;
      }
    }
    const proto = getProto(original);
    if (getProto(wrapper) !== proto) Object.setPrototypeOf(wrapper, proto);
    return wrapper;
  };

  const call: Wrapping['call'] = (original, slots) => {
    const fn = original as (...args: unknown[]) => unknown;
    const tell = (
      done: (...a: unknown[]) => void,
      scope: object | undefined,
      value: unknown,
      ns: number,
      error: unknown,
    ): void => {
      if (scope === undefined) done(value, ns, error);
      else host.inScope(scope, () => done(value, ns, error));
    };
    const run = (self: unknown, args: unknown[], target: CallableFunction | undefined): unknown => {
      const { entry, done } = slots;
      if (entry === null && done === null)
        return target === undefined ? apply(fn, self, args) : construct(fn, args, target);
      const scope = host.usesSelf ? host.childScope() : undefined;
      if (entry !== null) {
        if (scope === undefined) entry(...args);
        else host.inScope(scope, () => entry(...args));
      }
      const began = host.now();
      let value: unknown;
      try {
        const work = (): unknown =>
          target === undefined ? apply(fn, self, args) : construct(fn, args, target);
        value = scope === undefined ? work() : host.inScope(scope, work);
      } catch (error) {
        const { done: last } = slots;
        if (last !== null) tell(last, scope, undefined, host.now() - began, error ?? 'exception');
        throw error;
      }
      if (done === null) return value;
      // A subclass or a thenable may be lazy or carry methods: only a plain promise is followed.
      if (
        typeof value === 'object' &&
        value !== null &&
        getProto(value) === PromiseProto &&
        target === undefined
      )
        return apply(then, value, [
          (result: unknown) => {
            if (slots.done !== null) tell(slots.done, scope, result, host.now() - began, 0);
            return result;
          },
          (error: unknown) => {
            if (slots.done !== null)
              tell(slots.done, scope, undefined, host.now() - began, error ?? 'exception');
            throw error;
          },
        ]);
      if (slots.done !== null) tell(slots.done, scope, value, host.now() - began, 0);
      return value;
    };
    if (!isPlain(original) || isClass(original)) {
      const proxy: object = new Proxy(original as object, {
        apply: (_, self, args) => run(self, args, undefined),
        construct: (_, args, target) =>
          run(undefined, args, (target as unknown) === proxy ? original : target) as object,
      });
      return proxy as CallableFunction;
    }
    const prototype = getOwnPropertyDescriptor(original, 'prototype')?.value as object | undefined;
    // An arrow, method or async function has none: `new` of it must go on throwing.
    if (prototype === undefined || 'next' in prototype) {
      const { method } = {
        method(this: unknown, ...args: unknown[]): unknown {
          return run(this, args, undefined);
        },
      };
      return dress(original, method);
    }
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      if (new.target === undefined) return run(this, args, undefined);
      return run(undefined, args, (new.target as unknown) === wrapper ? original : new.target);
    } as unknown as Constructor & CallableFunction;
    return dress(original, wrapper);
  };

  const replace: Wrapping['replace'] = (holder, key, make) => {
    const own = getOwnPropertyDescriptor(holder, key);
    let original: unknown;
    if (own === undefined || !('value' in own)) return false;
    ({ value: original } = own);
    if (typeof original !== 'function' || (!own.configurable && !own.writable)) return false;
    const ours = make(original as CallableFunction);
    const put = (value: unknown): boolean => {
      const now = getOwnPropertyDescriptor(holder, key);
      try {
        if (now?.configurable) return Reflect.defineProperty(holder, key, { ...now, value });
        (holder as Record<string | symbol, unknown>)[key] = value;
        return (holder as Record<string | symbol, unknown>)[key] === value;
      } catch {
        return false;
      }
    };
    if (!put(ours)) return false;
    host.onTeardown(() => {
      const now = getOwnPropertyDescriptor(holder, key);
      if (now === undefined) return;
      // Somebody wrapped us meanwhile: taking ours out would take theirs out. Ours only calls through from now on.
      if (now.value === ours) put(original);
      else
        host.note(
          `${String(key)} was wrapped by another meanwhile: an empty wrapper of holter's stays inside`,
        );
    });
    return true;
  };
  return { call, dress, replace };
}

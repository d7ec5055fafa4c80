import { readAwaitContext } from './await-context.ts';
import { field, hasType, isHeapObject, isJsFunction, smiField, typeNameOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { valueFields } from './value-fields.ts';

/** Something that goes on when a promise is settled. */
export interface Waiter {
  /** `await`: a suspended async function. `then`: a callback. `combinator`: `Promise.all` and the like. */
  kind: 'await' | 'then' | 'combinator';
  /** Of `combinator`: which, and which of its promises this is, 0-based. */
  combinator?: { name: 'all' | 'allSettled' | 'any'; index: number };
  /** Of `await`: tagged address of the generator object. */
  generator?: number;
  /** The async function that waits, or the callback given to `then`. */
  function?: number;
  /** Of `await`: offset in the bytecode of its function; NaN unknown. */
  bytecodeOffset?: number;
  /** The promise that is settled in turn when this waiter is done: who waits for it is the next caller. */
  promise?: number;
}

const MOST_WAITERS = 100;

/** State of a promise; undefined: the object is none. */
export function promiseState(
  v8: V8Reader,
  promise: number,
): 'pending' | 'fulfilled' | 'rejected' | undefined {
  if (!hasType(v8, promise, 'JS_PROMISE_TYPE')) return undefined;
  return (['pending', 'fulfilled', 'rejected'] as const)[smiField(v8, promise, 'JSPromise.flags') & 3];
}

/** Who waits for a promise, in the order they asked. Settled promises have none. */
export function waitersOf(v8: V8Reader, promise: number): Waiter[] {
  if (promiseState(v8, promise) !== 'pending') return [];
  const { reaction } = valueFields(v8.layout);
  const waiters: Waiter[] = [];
  let at = field(v8, promise, 'JSPromise.reactionsOrResult');
  for (let step = 0; step < MOST_WAITERS && hasType(v8, at, 'PROMISE_REACTION_TYPE'); step++) {
    const settled = promiseIn(v8, wordAt(v8, at, reaction.promise));
    waiters.push(waiterOf(v8, wordAt(v8, at, reaction.fulfill), wordAt(v8, at, reaction.reject), settled));
    at = wordAt(v8, at, reaction.next);
  }
  // V8 puts the newest first.
  return waiters.reverse();
}

/**
 * The async function that a running await callback continues: V8 runs `AsyncFunctionAwaitResolveClosure` and the like,
 * builtins whose function keeps the generator in its context. Undefined: the function is no such callback.
 */
export function awaitingGenerator(v8: V8Reader, callback: number): number | undefined {
  return readAwaitContext(v8, callback).generator;
}

/** The promise an async function or generator returned; NaN: none. */
export function promiseOfGenerator(v8: V8Reader, generator: number): number {
  if (hasType(v8, generator, 'JS_ASYNC_FUNCTION_OBJECT_TYPE')) {
    return promiseIn(v8, field(v8, generator, 'JSAsyncFunctionObject.promise'));
  }
  if (!hasType(v8, generator, 'JS_ASYNC_GENERATOR_OBJECT_TYPE')) return Number.NaN;
  // The request of the oldest `next()` that is not answered yet: {next, mode, value, promise}.
  const request = field(v8, generator, 'JSAsyncGeneratorObject.queue');
  return hasType(v8, request, 'ASYNC_GENERATOR_REQUEST_TYPE')
    ? promiseIn(v8, wordAt(v8, request, 32))
    : Number.NaN;
}

/** Where a suspended generator stands: offset in the bytecode of its function; NaN: it runs or has ended. */
export function suspendedOffset(v8: V8Reader, generator: number): number {
  if (!(smiField(v8, generator, 'JSGeneratorObject.continuation') >= 0)) return Number.NaN;
  // Counted from the tagged address of the BytecodeArray, as registers of the interpreter are.
  return (
    smiField(v8, generator, 'JSGeneratorObject.inputOrDebugPosition') -
    (v8.layout.offset('BytecodeArray.data') - 1)
  );
}

/** Waiters of waiters: the callers that `Error.stack` prints as `at async …`, nearest first. Ends where several wait. */
export function asyncCallers(v8: V8Reader, generator: number, most = 50): Waiter[] {
  const callers: Waiter[] = [];
  const seen = new Set<number>();
  let promise = promiseOfGenerator(v8, generator);
  while (callers.length < most && isHeapObject(promise) && !seen.has(promise)) {
    seen.add(promise);
    const [waiter, another] = waitersOf(v8, promise);
    if (waiter === undefined || another !== undefined) break;
    if (waiter.kind !== 'then') callers.push(waiter);
    promise = waiter.promise ?? Number.NaN;
  }
  return callers;
}

/**
 * What V8 does in Isolate::CaptureAsyncStackTrace (src/execution/isolate.cc), told by what the handlers' contexts refer to
 * and not by which builtins they are: numbers of builtins change with every version.
 */
function waiterOf(v8: V8Reader, fulfill: number, reject: number, settled: number): Waiter {
  const onFulfilled = readAwaitContext(v8, fulfill);
  const onRejected = readAwaitContext(v8, reject);
  const generator = onFulfilled.generator ?? onRejected.generator;
  if (generator !== undefined) {
    return {
      kind: 'await',
      generator,
      function: field(v8, generator, 'JSGeneratorObject.function'),
      bytecodeOffset: suspendedOffset(v8, generator),
      ...promisePart(promiseOfGenerator(v8, generator)),
    };
  }
  const capability = onFulfilled.capability ?? onRejected.capability;
  if (capability !== undefined) {
    const name =
      onFulfilled.capability === undefined
        ? 'any'
        : onRejected.capability === undefined
          ? 'all'
          : 'allSettled';
    const element = name === 'any' ? reject : fulfill;
    return {
      kind: 'combinator',
      // V8 keeps the position in place of the function's hash, counted from 1.
      combinator: { name, index: smiField(v8, element, 'JSReceiver.propertiesOrHash') - 1 },
      function: element,
      ...promisePart(promiseIn(v8, capability)),
    };
  }
  const passedTo = onFulfilled.promise ?? onRejected.promise;
  if (passedTo !== undefined) return { kind: 'then', promise: passedTo };
  const callback = isJsFunction(v8, fulfill) ? fulfill : reject;
  return {
    kind: 'then',
    ...(isJsFunction(v8, callback) ? { function: callback } : {}),
    ...promisePart(settled),
  };
}

function promisePart(promise: number): { promise?: number } {
  return Number.isNaN(promise) ? {} : { promise };
}

/** A promise, or the one of a PromiseCapability. */
function promiseIn(v8: V8Reader, word: number): number {
  if (hasType(v8, word, 'JS_PROMISE_TYPE')) return word;
  if (typeNameOf(v8, word) !== 'PROMISE_CAPABILITY_TYPE') return Number.NaN;
  const promise = field(v8, word, 'PromiseCapability.promise');
  return hasType(v8, promise, 'JS_PROMISE_TYPE') ? promise : Number.NaN;
}

import { contextOf, scriptOf, sharedOf } from './function-info.ts';
import { hasType, isContext, isHeapObject, smiField, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** What the context of one of V8's own promise callbacks refers to. */
export interface AwaitContext {
  /** Async function or generator that goes on. */
  generator?: number;
  /** PromiseCapability of `Promise.all` and the like. */
  capability?: number;
  /** Promise that the callback settles: it is the `resolve` or `reject` of that promise's executor. */
  promise?: number;
}

/** V8's own callbacks have a handful of slots; functions of programs may have thousands. */
const MOST_SLOTS = 12;

/**
 * Reads the context of a callback that V8 made. Which slot has what differs between versions and callbacks, the types do
 * not.
 */
export function readAwaitContext(v8: V8Reader, callback: number): AwaitContext {
  const found: AwaitContext = {};
  const shared = sharedOf(v8, callback);
  // Functions of programs may hold promises in variables.
  if (Number.isNaN(shared) || !Number.isNaN(scriptOf(v8, shared))) return found;
  const context = contextOf(v8, callback);
  if (!isContext(v8, context)) return found;
  const data = v8.layout.offset('FixedArray.data');
  const count = Math.min(smiField(v8, context, 'FixedArray.length') || 0, MOST_SLOTS);
  for (let slot = 2; slot < count; slot++) {
    const word = wordAt(v8, context, data + 8 * slot);
    if (!isHeapObject(word)) continue;
    if (isAsyncGenerator(v8, word)) found.generator = word;
    else if (hasType(v8, word, 'PROMISE_CAPABILITY_TYPE')) found.capability = word;
    else if (hasType(v8, word, 'JS_PROMISE_TYPE')) found.promise ??= word;
    else if (slot < 4 && isContext(v8, word) && found.generator === undefined) {
      // Callbacks of `Promise.all` share a context of their own with the capability.
      const inner = innerCapability(v8, word);
      if (inner !== undefined) found.capability ??= inner;
    }
  }
  return found;
}

function innerCapability(v8: V8Reader, context: number): number | undefined {
  const data = v8.layout.offset('FixedArray.data');
  for (let slot = 2; slot < 6; slot++) {
    const word = wordAt(v8, context, data + 8 * slot);
    if (hasType(v8, word, 'PROMISE_CAPABILITY_TYPE')) return word;
  }
  return undefined;
}

function isAsyncGenerator(v8: V8Reader, object: number): boolean {
  return (
    hasType(v8, object, 'JS_ASYNC_FUNCTION_OBJECT_TYPE') ||
    hasType(v8, object, 'JS_ASYNC_GENERATOR_OBJECT_TYPE')
  );
}

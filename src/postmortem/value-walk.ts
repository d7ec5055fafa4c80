import type { V8Reader } from './v8-reader.ts';
import type { Property, Value } from './value.ts';

/** How much of a value is read; what is cut says so in the value (`propertyCount`, `length`). */
export interface ValueLimits {
  /** Levels of properties: 0 = none, 1 = the object's own. */
  depth: number;
  /** Named properties, entries or variables of one object. */
  mostProperties: number;
  /** UTF-16 units of one string, bytes of one buffer. */
  mostText: number;
  /** Elements of one array. */
  mostElements: number;
}

/**
 * One walk over a value and what hangs on it. Readers of single kinds of objects take it to turn the words they find into
 * values; it keeps to the limits, knows cycles, and ends after a number of objects however the memory looks.
 */
export interface ValueWalk {
  readonly v8: V8Reader;
  readonly limits: ValueLimits;
  /** The object the walk began with: of others the closure variables are left out, half the program hangs on them. */
  readonly root: number;
  /** @param depth levels of properties that may still be opened below this word */
  value(word: number, depth: number): Value;
}

/** A property that V8 keeps inside an object, with a name of the specification: `[[PromiseResult]]`. */
export function internalProperty(key: string, value: Value): Property {
  return { key: `[[${key}]]`, kind: 'internal', value, isEnumerable: false };
}

/** A text that is no string of the target: it has no address. */
export function textValue(text: string): Value {
  return { type: 'string', text, length: text.length, address: Number.NaN };
}

export function numberValue(value: number): Value {
  return { type: 'number', value };
}

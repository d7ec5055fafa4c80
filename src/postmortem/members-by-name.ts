import { propertyName, rawProperties } from './object-properties.ts';
import { readValue } from './read-value.ts';
import { field, isHeapObject, isJsReceiver, isSmi, isString, smiOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** Objects of one kind have the same keys: ten thousand timers share sixteen. */
const NAMES: WeakMap<V8Reader, Map<number, string>> = new WeakMap();
const MOST_PROPERTIES = 1000;

/** Words of an object's own named properties, by name (`Symbol(refed)` of symbols); accessors are left out. */
export function membersByName(v8: V8Reader, object: number): Map<string, number> {
  const members = new Map<string, number>();
  if (!isHeapObject(object) || !isJsReceiver(v8, object)) return members;
  const names = NAMES.get(v8) ?? new Map<number, string>();
  NAMES.set(v8, names);
  for (const { key, word, isAccessor } of rawProperties(v8, object, MOST_PROPERTIES).list) {
    if (isAccessor) continue;
    const name = names.get(key) ?? propertyName(v8, key).text;
    names.set(key, name);
    members.set(name, word);
  }
  return members;
}

/** Text of a string; '' for what is none. */
export function textIn(v8: V8Reader, word: number | undefined): string {
  return word !== undefined && isHeapObject(word) && isString(v8, word) ? textOf(v8, word) : '';
}

/** A number, whole or not; NaN for what is none. */
export function numberIn(v8: V8Reader, word: number | undefined): number {
  if (word === undefined) return Number.NaN;
  if (isSmi(word)) return smiOf(word);
  if (!isHeapObject(word)) return Number.NaN;
  const value = readValue(v8, word, { depth: 0 });
  return value.type === 'number' ? value.value : Number.NaN;
}

/** Undefined: neither true nor false. */
export function truthIn(v8: V8Reader, word: number | undefined): boolean | undefined {
  if (word === undefined || !isHeapObject(word)) return undefined;
  const name = textIn(v8, field(v8, word, 'Oddball.toString'));
  return name === 'true' ? true : name === 'false' ? false : undefined;
}

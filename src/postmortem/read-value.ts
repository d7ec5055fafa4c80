import { bigIntDigits, isBigInt } from './bigint-digits.ts';
import { engineClassOf } from './class-of.ts';
import { readEngineObject } from './engine-objects.ts';
import { isHole } from './object-elements.ts';
import { propertyName } from './object-properties.ts';
import { readObject } from './read-object.ts';
import {
  field,
  hasType,
  isJsReceiver,
  isSmi,
  isString,
  isSymbol,
  mapOf,
  objectOf,
  smiField,
  smiOf,
  typeOf,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { readString, textOf } from './v8-strings.ts';
import type { Value } from './value.ts';
import type { ValueLimits, ValueWalk } from './value-walk.ts';

/** As `util.inspect` has them, where that has such limits. */
const DEFAULTS: ValueLimits = { depth: 2, mostProperties: 100, mostText: 10_000, mostElements: 100 };
/** Levels that are followed whatever is asked for: each is a call of ours. */
const MOST_DEPTH = 100;
/** Objects opened in one call: an end for graphs that are wide on every level. */
const MOST_OBJECTS = 100_000;
/** Milliseconds after which nothing more is opened: damaged lengths make single objects expensive. */
const MOST_TIME = 3_000;

/**
 * Reads a JavaScript value out of memory, with what hangs on it down to `depth` levels of properties (default 2; 0 = none).
 * Nothing of the target is run: a getter is shown as a function. Memory that is damaged or not there gives values of type
 * `unreadable`; this never throws, and ends in bounded time.
 * @param word a tagged word as memory has it, Smis included: its halves, or the number high × 2^32 + low
 */
export function readValue(
  v8: V8Reader,
  word: { low: number; high: number } | number,
  options: Partial<ValueLimits> = {},
): Value {
  const limits = { ...DEFAULTS, ...options };
  const depth = Math.min(Math.max(0, limits.depth), MOST_DEPTH);
  const tagged = typeof word === 'number' ? word : word.high * 2 ** 32 + word.low;
  return new Walk(v8, limits, objectOf(tagged)).value(tagged, depth);
}

class Walk implements ValueWalk {
  readonly v8: V8Reader;
  readonly limits: ValueLimits;
  readonly root: number;
  /** Objects that stand above the one being read. */
  readonly #path: Set<number> = new Set();
  #opened = 0;
  readonly #end: number = performance.now() + MOST_TIME;

  constructor(v8: V8Reader, limits: ValueLimits, root: number) {
    this.v8 = v8;
    this.limits = limits;
    this.root = root;
  }

  value(word: number, depth: number): Value {
    if (isSmi(word)) return { type: 'number', value: smiOf(word) };
    const address = objectOf(word);
    if (Number.isNaN(address)) return unreadable(word);
    if (Number.isNaN(typeOf(this.v8, address))) return notAnObject(this.v8, address);
    return this.#primitive(address) ?? this.#object(address, depth);
  }

  #primitive(address: number): Value | undefined {
    const { v8 } = this;
    if (isString(v8, address)) {
      const string = readString(v8, address, this.limits.mostText);
      return string === undefined
        ? { type: 'unreadable', address, why: 'its string is damaged' }
        : { type: 'string', ...string, address };
    }
    if (hasType(v8, address, 'HEAP_NUMBER_TYPE')) {
      return { type: 'number', value: v8.memory.f64(address - 1 + v8.layout.offset('HeapNumber.value')) };
    }
    if (isHole(v8, address)) return { type: 'hole' };
    if (hasType(v8, address, 'ODDBALL_TYPE')) return oddball(v8, address);
    if (isSymbol(v8, address)) {
      const { text, kind } = propertyName(v8, address);
      return {
        type: 'symbol',
        description: kind === 'property' ? text.slice('Symbol('.length, -1) : text,
        address,
      };
    }
    if (!isBigInt(v8, address)) return undefined;
    const digits = bigIntDigits(v8, address);
    return digits === undefined
      ? { type: 'unreadable', address, why: 'its digits are damaged' }
      : { type: 'bigint', value: digits };
  }

  #object(address: number, depth: number): Value {
    const isOpen = depth > 0 && this.#opened < MOST_OBJECTS && performance.now() < this.#end;
    if (this.#path.has(address)) return { ...this.#read(address, 0), isCycle: true };
    if (!isOpen) return this.#read(address, 0);
    this.#opened++;
    this.#path.add(address);
    const value = this.#read(address, depth);
    this.#path.delete(address);
    return value;
  }

  #read(address: number, depth: number): Value & { type: 'object' } {
    return isJsReceiver(this.v8, address)
      ? readObject(this, address, depth)
      : readEngineObject(this, address, depth);
  }
}

/** Undefined, null, true, false, and V8's own. */
function oddball(v8: V8Reader, address: number): Value {
  const kind = smiField(v8, address, 'Oddball.kind');
  const { layout } = v8;
  if (kind === layout.number('Oddball.undefinedKind')) return { type: 'undefined' };
  if (kind === layout.number('Oddball.nullKind')) return { type: 'null' };
  if (kind === layout.number('Oddball.trueKind')) return { type: 'boolean', value: true };
  if (kind === layout.number('Oddball.falseKind')) return { type: 'boolean', value: false };
  const name = textOf(v8, field(v8, address, 'Oddball.toString'), 64);
  if (name.includes('optimized_out')) return { type: 'optimized-out' };
  return { type: 'object', address, kind: 'internal', className: engineClassOf(v8, address), text: name };
}

function unreadable(word: number): Value {
  if (word === 3)
    return {
      type: 'unreadable',
      address: word,
      why: 'collected: a weak reference to something that is gone',
    };
  return { type: 'unreadable', address: word, why: 'no address of an object' };
}

function notAnObject(v8: V8Reader, address: number): Value {
  const why = Number.isNaN(v8.memory.u32(address - 1))
    ? 'its memory is not there'
    : Number.isNaN(mapOf(v8, address))
      ? 'no object stands there'
      : 'no object stands there, or its map is damaged';
  return { type: 'unreadable', address, why };
}

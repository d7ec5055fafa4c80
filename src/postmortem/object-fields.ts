import { isNull } from './class-of.ts';
import type { ComparedValue, ObjectCondition } from './object-condition.ts';
import { holds } from './object-condition.ts';
import { isHole, rawElements } from './object-elements.ts';
import { propertyName, rawProperties, rawProperty } from './object-properties.ts';
import {
  field,
  hasType,
  isHeapObject,
  isSmi,
  isString,
  isUndefined,
  mapOf,
  smiField,
  smiOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** Of texts that are compared, UTF-16 units. */
const MOST_TEXT = 65_536;
/** Elements looked through for one by its number. */
const MOST_ELEMENTS = 100_000;
/** Maps whose fields are known; of more each object is searched. */
const MOST_PLANS = 10_000;
/** Word of a property that is not there. */
const ABSENT = -1;
/** Must be searched in each object: dictionaries, accessors. */
const SEARCH = -2;
const DICTIONARY = 1 << 21;

/**
 * Properties of many objects by name: where a property lies is looked for once per map. `n ≥ 0` as a place: the n-th word
 * of the object; `-3 − n` the n-th slot of its property array.
 */
export class ObjectFields {
  readonly #v8: V8Reader;
  readonly #plans: Map<string, Map<number, number>> = new Map();
  readonly #isNull: Map<number, boolean> = new Map();

  constructor(v8: V8Reader) {
    this.#v8 = v8;
  }

  /** Do all conditions hold? Getters are not called: an accessor is an object. */
  matches(object: number, conditions: readonly ObjectCondition[]): boolean {
    return conditions.every((condition) => holds(condition, this.valueAt(object, condition.path)));
  }

  /** The value at the end of a path of names; undefined: one of them is not there. */
  valueAt(object: number, path: readonly string[]): ComparedValue {
    let at = object;
    let word = Number.NaN;
    for (const [index, name] of path.entries()) {
      if (index > 0) {
        if (!isHeapObject(word)) return undefined;
        at = word;
      }
      if (name === 'length' && isString(this.#v8, at))
        return this.#v8.memory.u32(at - 1 + this.#v8.layout.offset('String.length'));
      word = this.#wordOf(at, name);
      if (Number.isNaN(word)) return this.#double ?? undefined;
    }
    return this.#valueOf(word);
  }

  /** Of an element among doubles, which has no word. */
  #double: number | undefined;

  #wordOf(object: number, name: string): number {
    const v8 = this.#v8;
    this.#double = undefined;
    if (/^\d+$/.test(name)) {
      const element = rawElements(v8, object, Math.min(MOST_ELEMENTS, Number(name) + 1)).list.find(
        ({ index }) => index === Number(name),
      );
      this.#double = element?.double;
      return element?.word ?? Number.NaN;
    }
    if (name === 'length' && hasType(v8, object, 'JS_ARRAY_TYPE')) return field(v8, object, 'JSArray.length');
    const map = mapOf(v8, object);
    let plan = this.#plans.get(name);
    if (plan === undefined) {
      plan = new Map();
      this.#plans.set(name, plan);
    }
    let place = plan.get(map);
    if (place === undefined) {
      place = placeOf(v8, object, map, name);
      if (plan.size < MOST_PLANS) plan.set(map, place);
    }
    if (place >= 0) return wordAt(v8, object, 8 * place);
    if (place === ABSENT) return Number.NaN;
    if (place === SEARCH) {
      const property = rawProperty(v8, object, name);
      return property === undefined ? Number.NaN : property.word;
    }
    const store = field(v8, object, 'JSReceiver.propertiesOrHash');
    return isHeapObject(store)
      ? wordAt(v8, store, v8.layout.offset('FixedArray.data') + 8 * (-3 - place))
      : Number.NaN;
  }

  #valueOf(word: number): ComparedValue {
    const v8 = this.#v8;
    if (isSmi(word)) return smiOf(word);
    if (!isHeapObject(word)) return undefined;
    if (isString(v8, word)) return textOf(v8, word, MOST_TEXT);
    if (hasType(v8, word, 'HEAP_NUMBER_TYPE'))
      return v8.memory.f64(word - 1 + v8.layout.offset('HeapNumber.value'));
    if (isHole(v8, word) || isUndefined(v8, word)) return undefined;
    let nothing = this.#isNull.get(word);
    if (nothing === undefined) {
      nothing = isNull(v8, word);
      if (this.#isNull.size < MOST_PLANS) this.#isNull.set(word, nothing);
    }
    if (nothing) return null;
    if (!hasType(v8, word, 'ODDBALL_TYPE')) return { object: true };
    const kind = smiField(v8, word, 'Oddball.kind');
    if (kind === v8.layout.number('Oddball.trueKind')) return true;
    return kind === v8.layout.number('Oddball.falseKind') ? false : undefined;
  }
}

/** Where objects of this map have a property: by the order of their descriptors, as rawProperties lists them. */
function placeOf(v8: V8Reader, object: number, map: number, name: string): number {
  const { layout, memory } = v8;
  const bits = memory.u32(map - 1 + layout.offset('Map.bitField3'));
  if (Number.isNaN(bits) || (bits & DICTIONARY) !== 0) return SEARCH;
  const { list } = rawProperties(v8, object, 2048);
  const index = list.findIndex(({ key }) => propertyName(v8, key).text === name);
  if (index < 0) return ABSENT;
  const descriptors = field(v8, map, 'Map.descriptors');
  const details = smiOf(wordAt(v8, descriptors, layout.offset('DescriptorArray.entries') + 24 * index + 8));
  // Accessors and constants in the descriptor.
  if (Number.isNaN(details) || (details & 0x21) !== 0) return SEARCH;
  const slot = (details >>> 19) & 0x3ff;
  const start = memory.u8(map - 1 + layout.offset('Map.inObjectStart'));
  const inObject = memory.u8(map - 1 + layout.offset('Map.instanceSizeInWords')) - start;
  return slot < inObject ? start + slot : -3 - (slot - inObject);
}

import { constructorOf } from './class-of.ts';
import { functionName, sharedOf } from './function-info.ts';
import { propertyName, rawProperties } from './object-properties.ts';
import { field, hasType, isHeapObject, isJsFunction, isString, mapOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** What a prototype says of the class of those that inherit from it; '' nothing. */
interface Saying {
  tag: string;
  maker: string;
}

/** Bit of Map.bit_field2: made by the function that the map names, not by one derived from it (V8: src/objects/map.tq). */
const NEW_TARGET_IS_BASE = 1;
const MOST_STEPS = 100;
const MOST_PROPERTIES = 5000;
const TAG = 'Symbol(Symbol.toStringTag)';

/**
 * Names classes as V8's heap profiler does (JSReceiver::GetConstructorName, src/objects/js-objects.cc), which differs from what
 * `console.log` shows: prototypes are `Object`, and `Symbol.toStringTag` says more than a constructor. Nothing is run.
 */
export class SnapshotClasses {
  readonly #v8: V8Reader;
  readonly #sayings: Map<number, Saying> = new Map();

  constructor(v8: V8Reader) {
    this.#v8 = v8;
  }

  /** '' when nothing but its type names it. */
  nameOf(object: number): string {
    const v8 = this.#v8;
    const map = mapOf(v8, object);
    const maker = constructorOf(v8, map);
    const made = isJsFunction(v8, maker) ? functionName(v8, sharedOf(v8, maker)) : '';
    const isBase = (v8.memory.u8(map - 1 + v8.layout.offset('Map.bitField2')) & NEW_TARGET_IS_BASE) !== 0;
    const isPrototype = isPrototypeMap(v8, map);
    // Makers of what serves as a prototype were replaced.
    if (isBase && !isPrototype && made !== '' && made !== 'Object') return made;
    const { tag } = this.#read(object);
    if (tag !== '') return tag;
    let at = field(v8, map, 'Map.prototype');
    for (let step = 0; step < MOST_STEPS && isHeapObject(at) && !hasType(v8, at, 'ODDBALL_TYPE'); step++) {
      let saying = this.#sayings.get(at);
      if (saying === undefined) {
        saying = this.#read(at);
        this.#sayings.set(at, saying);
      }
      if (saying.tag !== '') return saying.tag;
      if (saying.maker !== '' && saying.maker !== 'Object') return saying.maker;
      at = field(v8, mapOf(v8, at), 'Map.prototype');
    }
    return isPrototype && hasType(v8, object, 'JS_OBJECT_TYPE') ? 'Object' : made;
  }

  #read(object: number): Saying {
    const v8 = this.#v8;
    const saying = { tag: '', maker: '' };
    for (const { key, word, isAccessor } of rawProperties(v8, object, MOST_PROPERTIES).list) {
      if (isAccessor) continue;
      if (isString(v8, word)) {
        if (propertyName(v8, key).text === TAG) saying.tag = textOf(v8, word);
      } else if (isJsFunction(v8, word) && propertyName(v8, key).text === 'constructor')
        saying.maker = functionName(v8, sharedOf(v8, word));
    }
    return saying;
  }
}

/** The bit before that of dictionaries (V8: src/objects/map.tq, MapBitFields3). */
function isPrototypeMap({ memory, layout }: V8Reader, map: number): boolean {
  const shift = (layout.constants.get('bit_field3_is_dictionary_map_shift') ?? 21) - 1;
  return ((memory.u32(map - 1 + layout.offset('Map.bitField3')) >>> shift) & 1) !== 0;
}

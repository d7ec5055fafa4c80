import { classNameOf, constructorOf, engineClassOf } from './class-of.ts';
import type { HeapMap } from './heap-maps.ts';
import { propertyName, rawProperties, rawProperty } from './object-properties.ts';
import { field, hasType, isHeapObject, isJsFunction, isJsReceiver, smiOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/**
 * What an object is counted as: `class` instances of a constructor; `shape` plain objects by their property names; `string`;
 * `engine` what V8 keeps for itself.
 */
export type ObjectKind = 'class' | 'shape' | 'string' | 'engine';

/** A row of a histogram that the objects of a map belong to. */
export interface ObjectClass {
  /**
   * `Session`; `{id,name}` of plain objects, `[Object: null prototype] {id}`; `(one-byte string)`; of V8's own the type:
   * `(FixedArray)`.
   */
  name: string;
  kind: ObjectKind;
  /** Of V8's own: what it is for. '' others. */
  group: '' | EngineGroup;
  /** Objects of this map keep their names themselves: each must be asked (`SparseShapes`), `name` is what comes before. */
  isSparse?: boolean;
}

export type EngineGroup =
  | 'arrays and tables'
  | 'compiled code'
  | 'maps'
  | 'numbers'
  | 'contexts'
  | 'prototypes'
  | 'system';

/** Names of a shape that are shown, and characters of each. */
const MOST_NAMES = 8;
const MOST_TEXT = 40;
/** Objects that are asked for their names, each. */
const MOST_ASKED = 500_000;
const MANY = '(many properties)';
/** bit_field3 of a map: its object is a prototype; equal in V8 10.2 to 14.6 (src/objects/map.tq). */
const IS_PROTOTYPE = 1 << 20;
const IS_DICTIONARY = 1 << 21;

/** V8: src/objects/instance-type.h. */
const STRINGS = ['', 'concatenated ', 'external ', 'sliced ', '', 'thin ', '', ''];

/** @param sample an object of this map (tagged); names of shapes and classes need one */
export function buildObjectClass(v8: V8Reader, map: HeapMap, sample: number): ObjectClass {
  const { layout } = v8;
  if (map.type < layout.number('String.firstNonStringType')) return stringClass(v8, map.type);
  if (!isJsReceiver(v8, sample)) {
    const group = engineGroup(layout.typeNames.get(map.type) ?? '');
    return { name: `(${engineClassOf(v8, sample)})`, kind: 'engine', group };
  }
  const name = classNameOf(v8, sample) || '(unnamed)';
  const bits = v8.memory.u32(map.address - 1 + layout.offset('Map.bitField3'));
  if ((bits & IS_PROTOTYPE) !== 0 && hasOwnConstructor(v8, sample))
    return { name: '(prototypes)', kind: 'engine', group: 'prototypes' };
  const isPlain = name === 'Object' || name.startsWith('[Object: null');
  if (!isPlain || !hasType(v8, sample, 'JS_OBJECT_TYPE')) return { name, kind: 'class', group: '' };
  const lead = name === 'Object' ? '' : `${name} `;
  if ((bits & IS_DICTIONARY) !== 0) return { name: lead, kind: 'shape', group: '', isSparse: true };
  return { name: `${lead}${shapeOf(v8, sample)}`, kind: 'shape', group: '' };
}

/**
 * Shapes of plain objects whose properties are in a dictionary of their own: those without a prototype, those that lost
 * properties, and those with very many.
 */
export class SparseShapes {
  readonly #v8: V8Reader;
  #asked = 0;

  constructor(v8: V8Reader) {
    this.#v8 = v8;
  }

  /** `{id,name}`; `(many properties)`: more than can be named, or too many such objects to ask each. */
  nameOf(object: number): string {
    const { layout } = this.#v8;
    const table = field(this.#v8, object, 'JSReceiver.propertiesOrHash');
    const data = layout.offset('FixedArray.data');
    const count = smiOf(wordAt(this.#v8, table, data));
    const capacity = smiOf(wordAt(this.#v8, table, data + 16));
    if (count === 0) return '{}';
    const isSmall = count <= MOST_NAMES && capacity <= 8 * MOST_NAMES;
    return isSmall && ++this.#asked <= MOST_ASKED ? shapeOf(this.#v8, object) : MANY;
  }
}

/** The constructor that names a class, to say where it is written; NaN: none. @param sample an object of it */
export function constructorOfSample(v8: V8Reader, map: HeapMap, sample: number): number {
  const name = classNameOf(v8, sample);
  const prototype = field(v8, map.address, 'Map.prototype');
  const named = isHeapObject(prototype) ? rawProperty(v8, prototype, 'constructor') : undefined;
  if (named !== undefined && !named.isAccessor && isJsFunction(v8, named.word)) return named.word;
  const made = constructorOf(v8, map.address);
  return name !== '' && isJsFunction(v8, made) ? made : Number.NaN;
}

function hasOwnConstructor(v8: V8Reader, object: number): boolean {
  const property = rawProperty(v8, object, 'constructor');
  return property !== undefined && !property.isAccessor && isJsFunction(v8, property.word);
}

/** `{id,name}`, in the order they were added. */
function shapeOf(v8: V8Reader, object: number): string {
  const names: string[] = [];
  const { list, count } = rawProperties(v8, object, MOST_NAMES);
  for (const { key } of list) {
    const { text, kind } = propertyName(v8, key);
    if (kind !== 'internal') names.push(text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text);
  }
  return `{${names.join(',')}${count > list.length ? ',…' : ''}}`;
}

function stringClass(v8: V8Reader, type: number): ObjectClass {
  const { layout } = v8;
  const representation = STRINGS[type & layout.number('String.representationMask')] ?? '';
  const isOneByte = (type & layout.number('String.encodingMask')) === layout.number('String.oneByteTag');
  const encoding =
    representation === '' || representation === 'external ' ? (isOneByte ? 'one-byte ' : 'two-byte ') : '';
  return { name: `(${representation}${encoding}string)`, kind: 'string', group: '' };
}

function engineGroup(type: string): EngineGroup {
  // Types without a name are tables: of hashes, transitions, handlers.
  if (type === '') return 'arrays and tables';
  if (
    /^(MAP|.*DESCRIPTOR_ARRAY|TRANSITION_ARRAY|PROTOTYPE_INFO|ENUM_CACHE|PROTOTYPE_SHARED_CLOSURE_INFO)_TYPE$/.test(
      type,
    )
  )
    return 'maps';
  if (/^(HEAP_NUMBER|BIGINT)_TYPE$/.test(type)) return 'numbers';
  if (/CONTEXT/.test(type)) return 'contexts';
  if (
    /CODE|BYTECODE|INSTRUCTION|FEEDBACK|SHARED_FUNCTION|SCOPE_INFO|^SCRIPT_TYPE|UNCOMPILED|PREPARSE|TRUSTED|PROTECTED|^BYTE_ARRAY|INTERPRETER|TEMPLATE_INFO|HANDLER|BOILERPLATE/.test(
      type,
    )
  )
    return 'compiled code';
  return /ARRAY|TABLE|DICTIONARY|LIST/.test(type) ? 'arrays and tables' : 'system';
}

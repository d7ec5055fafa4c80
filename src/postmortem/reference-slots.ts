import type { Bytes } from '../base/units.ts';
import { type HeapMap, RULE } from './heap-maps.ts';
import { field, isHeapObject, mapOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** How references of an object count: `ephemerons` are tables of WeakMaps, `weak` holds strong words that keep nothing. */
export const SLOTS = { none: 0, all: 1, weak: 2, ephemerons: 3 } as const;
export type SlotKind = (typeof SLOTS)[keyof typeof SLOTS];

/** Where objects of one map have references: words from `from` to `to` (or the end of the object). */
export interface SlotRule {
  kind: SlotKind;
  /** Bytes from the beginning of the object; never less than 8, where the map stands. */
  from: Bytes;
  to: Bytes;
  /** Bytes in it that keep nothing alive although they look so; −1 none. */
  weakFrom: Bytes;
  weakTo: Bytes;
}

const EVERYTHING: SlotRule = {
  kind: SLOTS.all,
  from: 8,
  to: Number.POSITIVE_INFINITY,
  weakFrom: -1,
  weakTo: -1,
};
const NOTHING: SlotRule = { ...EVERYTHING, kind: SLOTS.none, from: 0, to: 0 };

/** Types whose bytes are no references, whatever they look like (V8: objects/objects-body-descriptors-inl.h). */
const RAW = [
  'BYTE_ARRAY_TYPE',
  'TRUSTED_BYTE_ARRAY_TYPE',
  'FIXED_DOUBLE_ARRAY_TYPE',
  'HEAP_NUMBER_TYPE',
  'BIGINT_TYPE',
  'FOREIGN_TYPE',
  'TRUSTED_FOREIGN_TYPE',
  'COVERAGE_INFO_TYPE',
];
/** Last slots of a NativeContext: lists of optimised code and the next context (V8: NATIVE_CONTEXT_INTRINSIC…, contexts.h). */
const MAP_TRANSITIONS: Bytes = 8;

/** Which words of objects are references, by map. Words are believed where they lead exactly to the beginning of an object. */
export class ReferenceSlots {
  readonly #v8: V8Reader;
  readonly #rules: SlotRule[] = [];
  /** Types of the tables of WeakMaps, found at objects. */
  readonly #ephemeronTypes: Set<number> = new Set();

  constructor(v8: V8Reader) {
    this.#v8 = v8;
  }

  /** WeakMaps and WeakSets name the type of their tables, for which metadata has no name. */
  isWeakCollection({ type }: HeapMap): boolean {
    const { types } = this.#v8.layout;
    return type === types.get('JS_WEAK_MAP_TYPE') || type === types.get('JS_WEAK_SET_TYPE');
  }

  /** Learns from one of them. @param address tagged */
  learnTable(address: number): void {
    const table = field(this.#v8, address, 'JSWeakCollection.table');
    const map = mapOf(this.#v8, table);
    if (!isHeapObject(map)) return;
    const type = this.#v8.memory.u16(map - 1 + this.#v8.layout.offset('Map.instanceType'));
    if (Number.isNaN(type) || this.#v8.layout.typeNames.has(type)) return;
    this.#ephemeronTypes.add(type);
  }

  /** @param index of the map in `HeapWalk.maps` */
  ruleOf(index: number, map: HeapMap): SlotRule {
    this.#rules[index] ??= this.#make(map);
    return this.#rules[index]!;
  }

  #make(map: HeapMap): SlotRule {
    const { layout } = this.#v8;
    const { type } = map;
    const name = layout.typeNames.get(type) ?? '';
    if (type < layout.number('String.firstNonStringType')) return stringRule(this.#v8, type);
    if (RAW.includes(name) || map.rule === RULE.feedbackMetadata || map.rule === RULE.freeSpace)
      return NOTHING;
    if (this.#ephemeronTypes.has(type)) return { ...EVERYTHING, kind: SLOTS.ephemerons, from: 16 };
    if (map.rule === RULE.bytecode) return { ...EVERYTHING, to: layout.offset('BytecodeArray.data') & ~7 };
    if (map.rule === RULE.code) {
      // Before V8 11 the header of Code itself; later streams of instructions have their Code and relocations.
      const to = layout.v8Number < 110 ? 64 : 32;
      return { ...EVERYTHING, to };
    }
    if (name === 'JS_WEAK_REF_TYPE') return { ...EVERYTHING, weakFrom: 24, weakTo: 32 };
    // WeakCell: registry, target, token, holdings, links of lists (V8: src/objects/js-weak-refs.tq).
    if (name === 'WEAK_CELL_TYPE') return { ...EVERYTHING, weakFrom: 16, weakTo: 32 };
    if (name === 'ALLOCATION_SITE_TYPE')
      return { ...EVERYTHING, weakFrom: map.instanceBytes - MAP_TRANSITIONS, weakTo: map.instanceBytes };
    return EVERYTHING;
  }
}

/** Sequential and external strings have none; thin, cons and sliced ones refer to others behind their length. */
function stringRule({ layout }: V8Reader, type: number): SlotRule {
  const representation = type & layout.number('String.representationMask');
  return representation === 0 || representation === 2 ? NOTHING : { ...EVERYTHING, from: 16 };
}

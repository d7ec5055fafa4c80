import type { Bytes } from '../base/units.ts';
import { isMap } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/**
 * How the size of an object follows from its map and its first words. `learned`: one of `LEARNED`, which of them is found out
 * on the objects at hand; `code`: known where its instructions end; `resync`: up to the next object.
 */
export const RULE = {
  fixed: 0,
  fixedArray: 1,
  bytes: 2,
  bytecode: 3,
  descriptors: 4,
  propertyArray: 5,
  oneByte: 6,
  twoByte: 7,
  freeSpace: 8,
  bigInt: 9,
  feedbackVector: 10,
  feedbackMetadata: 11,
  preparseData: 12,
  learned: 13,
  code: 14,
  resync: 15,
  filler: 16,
} as const;
export type SizeRule = (typeof RULE)[keyof typeof RULE];

/** A map that objects were found of. */
export interface HeapMap {
  /** Tagged. */
  address: number;
  /** Instance type (`layout.types`). */
  type: number;
  /** 0: objects vary in size. */
  instanceBytes: Bytes;
  rule: SizeRule;
}

/** Entries of the cache in front of the table of maps; a power of 2. */
const CACHED = 1 << 14;
/** Words that were no maps: forgotten when there are more. */
const MOST_KNOWN = 1 << 20;
/** Of the map of a dead copy or of garbage. */
const NONE = -1;

/** Maps by address, each looked at once. Indexes are those of `list`, in the order they were met. */
export class HeapMaps {
  readonly list: HeapMap[] = [];
  readonly #v8: V8Reader;
  readonly #types: TypeRules;
  readonly #known: Map<number, number> = new Map();
  readonly #low: Int32Array = new Int32Array(CACHED);
  readonly #high: Int32Array = new Int32Array(CACHED);
  readonly #index: Int32Array = new Int32Array(CACHED).fill(NONE);

  constructor(v8: V8Reader) {
    this.#v8 = v8;
    this.#types = new TypeRules(v8);
  }

  /** @param low halves of a tagged word, as int32 or uint32. @returns −1: there is no map */
  indexOf(low: number, high: number): number {
    const slot = ((low >>> 3) ^ (low >>> 17) ^ (high * 31)) & (CACHED - 1);
    if (this.#low[slot] === (low | 0) && this.#high[slot] === (high | 0)) return this.#index[slot]!;
    const index = this.#find((high >>> 0) * 2 ** 32 + (low >>> 0));
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#index[slot] = index;
    return index;
  }

  #find(address: number): number {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    let index: number = NONE;
    if (isMap(this.#v8, address)) {
      const { memory, layout } = this.#v8;
      const type = memory.u16(address - 1 + layout.offset('Map.instanceType'));
      const instanceBytes = memory.u8(address - 1 + layout.offset('Map.instanceSizeInWords')) * 8;
      if (!Number.isNaN(type) && !Number.isNaN(instanceBytes)) {
        index = this.list.length;
        this.list.push({ address, type, instanceBytes, rule: this.#types.ruleOf(type, instanceBytes) });
      }
    } else if (this.#known.size > MOST_KNOWN) {
      for (const [key, value] of this.#known) if (value === NONE) this.#known.delete(key);
    }
    this.#known.set(address, index);
    return index;
  }
}

/** Rules by instance type; research/postmortem.md §2.1 and §4.2. */
class TypeRules {
  readonly #v8: V8Reader;
  readonly #byType: Map<number, SizeRule> = new Map();
  readonly #isInstructions: number;

  constructor(v8: V8Reader) {
    this.#v8 = v8;
    const { types } = v8.layout;
    const set = (rule: SizeRule, ...names: string[]): void => {
      for (const name of names) {
        const type = types.get(name);
        if (type !== undefined) this.#byType.set(type, rule);
      }
    };
    set(RULE.fixedArray, 'FIXED_ARRAY_TYPE', 'FIXED_DOUBLE_ARRAY_TYPE');
    const first = types.get('FIRST_CONTEXT_TYPE') ?? Number.NaN;
    const last = types.get('LAST_CONTEXT_TYPE') ?? Number.NaN;
    for (let type = first; type <= last; type++) this.#byType.set(type, RULE.fixedArray);
    set(RULE.bytes, 'BYTE_ARRAY_TYPE', 'TRUSTED_BYTE_ARRAY_TYPE');
    set(RULE.bytecode, 'BYTECODE_ARRAY_TYPE');
    set(RULE.descriptors, 'DESCRIPTOR_ARRAY_TYPE', 'STRONG_DESCRIPTOR_ARRAY_TYPE');
    set(RULE.propertyArray, 'PROPERTY_ARRAY_TYPE');
    set(RULE.bigInt, 'BIGINT_TYPE');
    set(RULE.preparseData, 'PREPARSE_DATA_TYPE');
    // Their words look like lengths.
    set(RULE.resync, 'SCOPE_INFO_TYPE');
    this.#isInstructions = types.get('INSTRUCTION_STREAM_TYPE') ?? types.get('CODE_TYPE') ?? Number.NaN;
    // These four follow each other by name in all versions; metadata has one of them.
    const free = types.get('FREE_SPACE_TYPE');
    if (free !== undefined) {
      this.#byType.set(free, RULE.freeSpace);
      this.#byType.set(free - 1, RULE.filler);
      this.#byType.set(free - 2, RULE.feedbackVector);
      this.#byType.set(free - 3, RULE.feedbackMetadata);
    }
  }

  ruleOf(type: number, instanceBytes: Bytes): SizeRule {
    const known = this.#byType.get(type);
    if (known === RULE.filler) return known;
    if (instanceBytes > 0) return RULE.fixed;
    if (known !== undefined) return known;
    if (type === this.#isInstructions) return RULE.code;
    const { layout } = this.#v8;
    if (type >= layout.number('String.firstNonStringType')) return RULE.learned;
    // Of other representations all objects have one size.
    if ((type & layout.number('String.representationMask')) !== 0) return RULE.resync;
    const isOneByte = (type & layout.number('String.encodingMask')) === layout.number('String.oneByteTag');
    return isOneByte ? RULE.oneByte : RULE.twoByte;
  }
}

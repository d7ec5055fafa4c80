import type { Bytes } from '../base/units.ts';
import { type HeapMap, RULE } from './heap-maps.ts';
import type { V8Reader } from './v8-reader.ts';

/** Bytes before the elements in the arrays of V8 whose types have no name, and bytes of an element. */
const LEARNED: readonly (readonly [header: Bytes, element: Bytes])[] = [
  [16, 8],
  [24, 8],
  [32, 8],
  [40, 8],
  [16, 1],
];
/** Objects of a type that decide, and how many of them must agree. */
const LESSONS = 16;
const AGREE = 0.9;

/** What was found out about one type. */
interface Lesson {
  seen: number;
  hits: number[];
  /** Of LEARNED; −1 none fits; undefined: not decided. */
  chosen?: number;
}

/** Says whether an object begins at an offset of the page, or its objects end there. */
export type IsObjectAt = (offset: number) => boolean;

/**
 * Sizes of objects out of their first words: `words` are those of a page, `at` the index of an object's first half word.
 * Numbers per version: V8's header files, measured (research/postmortem.md §2.1).
 */
export class HeapSizes {
  readonly #bytecodeData: Bytes;
  readonly #descriptorsHeader: Bytes;
  readonly #vectorHeader: Bytes;
  readonly #hasClosures: boolean;
  readonly #isFreeInWords: boolean;
  readonly #v8: V8Reader;
  readonly #lessons: Map<number, Lesson> = new Map();

  constructor(v8: V8Reader) {
    this.#v8 = v8;
    const { layout } = v8;
    const isBetween = layout.v8Number >= 110 && layout.v8Number < 130;
    this.#bytecodeData = layout.offset('BytecodeArray.data');
    this.#descriptorsHeader = layout.offset('DescriptorArray.entries');
    this.#vectorHeader = isBetween ? 56 : 48;
    this.#hasClosures = layout.v8Number >= 130;
    this.#isFreeInWords = layout.v8Number >= 130;
  }

  /**
   * @param most bytes up to the end of the page
   * @returns multiple of 8; 0: not known, or more than `most`: its first words are damaged
   */
  sizeOf(map: HeapMap, words: Int32Array, at: number, most: Bytes, isObjectAt: IsObjectAt): Bytes {
    const size = this.#bytesOf(map, words, at, most, isObjectAt);
    // NaN too.
    return size >= 8 && size <= most ? Math.ceil(size / 8) * 8 : 0;
  }

  #bytesOf(map: HeapMap, words: Int32Array, at: number, most: Bytes, isObjectAt: IsObjectAt): Bytes {
    switch (map.rule) {
      case RULE.fixed:
      case RULE.filler:
        return map.instanceBytes;
      case RULE.fixedArray:
        return 16 + 8 * length(words, at);
      case RULE.bytes:
        return 16 + length(words, at);
      case RULE.oneByte:
        return 16 + (words[at + 3]! >>> 0);
      case RULE.twoByte:
        return 16 + 2 * (words[at + 3]! >>> 0);
      case RULE.propertyArray:
        // The rest is the hash of the object.
        return 16 + 8 * (length(words, at) & 1023);
      case RULE.descriptors:
        return this.#descriptorsHeader + 24 * (words[at + 2]! & 0xffff);
      case RULE.bytecode:
        return this.#bytecodeData + length(words, at);
      case RULE.freeSpace:
        return length(words, at) * (this.#isFreeInWords ? 8 : 1);
      case RULE.bigInt:
        return 16 + 8 * (words[at + 2]! >>> 1);
      case RULE.feedbackVector:
        return this.#vectorHeader + 8 * words[at + 2]!;
      case RULE.feedbackMetadata:
        return (
          16 + 4 * Math.ceil(words[at + 2]! / 6) + (this.#hasClosures ? 2 * Math.max(0, words[at + 3]!) : 0)
        );
      case RULE.preparseData:
        return Math.ceil((16 + words[at + 2]!) / 8) * 8 + 8 * words[at + 3]!;
      case RULE.learned:
        return this.#learned(map.type, words, at, most, isObjectAt);
      case RULE.code:
        return Number.NaN;
      default:
        return Number.NaN;
    }
  }

  /**
   * Where the instructions of an InstructionStream (18: Code) end, from its beginning: they look like anything, and pointers
   * to maps are among them. NaN: not known.
   */
  endOfInstructions(object: number): Bytes {
    const { memory, layout } = this.#v8;
    const code =
      layout.v8Number < 110 ? object : memory.word(object - 1 + layout.offset('InstructionStream.code'));
    const start = Number.isNaN(layout.offset('Code.instructionStart'))
      ? code - 1 + layout.offset('Code.instructions')
      : memory.word(code - 1 + layout.offset('Code.instructionStart'));
    const size = memory.u32(code - 1 + layout.offset('Code.instructionSize'));
    const end = start + size - (object - 1);
    return end > 0 && end < 2 ** 30 ? end : Number.NaN;
  }

  #learned(type: number, words: Int32Array, at: number, most: Bytes, isObjectAt: IsObjectAt): Bytes {
    const count = length(words, at);
    let lesson = this.#lessons.get(type);
    if (lesson === undefined) {
      lesson = { seen: 0, hits: LEARNED.map(() => 0) };
      this.#lessons.set(type, lesson);
    }
    if (lesson.chosen !== undefined) {
      const rule = LEARNED[lesson.chosen];
      return rule === undefined ? Number.NaN : rule[0] + rule[1] * count;
    }
    let found = Number.NaN;
    for (const [index, [header, element]] of LEARNED.entries()) {
      const size = Math.ceil((header + element * count) / 8) * 8;
      if (!(size <= most) || !isObjectAt(at * 4 + size)) continue;
      lesson.hits[index]!++;
      if (Number.isNaN(found)) found = size;
    }
    if (++lesson.seen >= LESSONS) {
      const best = lesson.hits.indexOf(Math.max(...lesson.hits));
      lesson.chosen = lesson.hits[best]! >= AGREE * lesson.seen ? best : -1;
    }
    return found;
  }
}

/** Of a Smi in the second word; NaN: there is none. */
function length(words: Int32Array, at: number): number {
  const value = words[at + 3]!;
  return words[at + 2] === 0 && value >= 0 ? value : Number.NaN;
}

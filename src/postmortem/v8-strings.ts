import { field, isHeapObject, smiField, typeOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** V8: src/objects/instance-type.h, low bits of the type of a string. */
const REPRESENTATION = { sequential: 0, cons: 1, external: 2, sliced: 3, thin: 5 } as const;
/** V8: String::kMaxLength on 64 bits. */
const MOST_LENGTH = 2 ** 29;
/** Of one string; a rope may be as deep as it is long, a damaged one has no end. */
const MOST_STEPS = 4_000_000;

/** Thin → internalized, sliced → its parent, flattened rope → flat: V8 puts no more than a few in a row. */
const MOST_DETOURS = 8;

/** A part that is still to be read: `count` units of a string from `from` on. */
interface Part {
  string: number;
  from: number;
  count: number;
  /** Strings passed on the way that only point to another of the same length or longer. */
  detours: number;
}

/**
 * Text of a string object of any kind. Damaged or unreadable parts end the text: it is then shorter than it should be.
 * @param most UTF-16 units to read
 * @returns `length` in UTF-16 units of the whole; undefined: there is no string at this address
 */
export function readString(
  v8: V8Reader,
  string: number,
  most: number,
): { text: string; length: number } | undefined {
  const length = stringLength(v8, string);
  if (Number.isNaN(length)) return undefined;
  const pieces: string[] = [];
  const parts: Part[] = [{ string, from: 0, count: Math.min(length, most), detours: 0 }];
  for (let steps = 0; parts.length > 0 && steps < MOST_STEPS; steps++) {
    const part = parts.pop()!;
    if (part.count <= 0) continue;
    const partLength = stringLength(v8, part.string);
    if (!(part.from + part.count <= partLength) || part.detours > MOST_DETOURS) break;
    const type = typeOf(v8, part.string);
    const representation = type & v8.layout.number('String.representationMask');
    if (representation === REPRESENTATION.cons) {
      if (!pushHalves(v8, part, partLength, parts)) break;
    } else if (representation === REPRESENTATION.thin) {
      parts.push({ ...part, string: field(v8, part.string, 'ThinString.actual'), detours: part.detours + 1 });
    } else if (representation === REPRESENTATION.sliced) {
      const offset = smiField(v8, part.string, 'SlicedString.offset');
      const parent = field(v8, part.string, 'SlicedString.parent');
      parts.push({ string: parent, from: part.from + offset, count: part.count, detours: part.detours + 1 });
    } else {
      const text = readCharacters(v8, part, type, representation);
      pieces.push(text);
      if (text.length < part.count) break;
    }
  }
  return { text: pieces.join(''), length };
}

/** Text of a string, '' for what is none: names, where an object of another kind is as good as no name. */
export function textOf(v8: V8Reader, string: number, most = 1024): string {
  return readString(v8, string, most)?.text ?? '';
}

/** UTF-16 units; NaN: there is no string at this address. */
export function stringLength(v8: V8Reader, string: number): number {
  if (!(typeOf(v8, string) < v8.layout.number('String.firstNonStringType'))) return Number.NaN;
  const length = v8.memory.u32(string - 1 + v8.layout.offset('String.length'));
  return length <= MOST_LENGTH ? length : Number.NaN;
}

/**
 * The halves of a rope that overlap the part, the first on top. What lies behind the part is left out, so that the stack
 * holds no more entries than there are characters to read, however deep the rope.
 */
function pushHalves(v8: V8Reader, part: Part, length: number, parts: Part[]): boolean {
  const first = field(v8, part.string, 'ConsString.first');
  const second = field(v8, part.string, 'ConsString.second');
  const firstLength = stringLength(v8, first);
  // Halves are shorter than the whole, so no cycle passes this; but of a flattened rope `second` is empty.
  if (!(firstLength <= length) || stringLength(v8, second) !== length - firstLength) return false;
  const end = part.from + part.count;
  const detours = firstLength === length || firstLength === 0 ? part.detours + 1 : 0;
  if (end > firstLength) {
    const from = Math.max(0, part.from - firstLength);
    parts.push({ string: second, from, count: end - firstLength - from, detours });
  }
  if (part.from < firstLength) {
    parts.push({ string: first, from: part.from, count: Math.min(end, firstLength) - part.from, detours });
  }
  return true;
}

function readCharacters(v8: V8Reader, part: Part, type: number, representation: number): string {
  const { layout, memory } = v8;
  const isOneByte = (type & layout.number('String.encodingMask')) === layout.number('String.oneByteTag');
  const width = isOneByte ? 1 : 2;
  let characters: number;
  if (representation === REPRESENTATION.sequential) {
    characters = part.string - 1 + layout.offset('SeqString.chars');
  } else if (representation === REPRESENTATION.external) {
    characters = externalData(v8, part.string, type);
  } else return '';
  if (!(characters > 0)) return '';
  const bytes = memory.bytes(characters + part.from * width, part.count * width);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length - (bytes.length % width));
  return text.toString(isOneByte ? 'latin1' : 'utf16le');
}

/** Characters outside the heap: of a resource of the embedder, or in the binary (sources of Node's own modules). */
function externalData(v8: V8Reader, string: number, type: number): number {
  const { layout, memory } = v8;
  const isUncached = (type & layout.number('String.uncachedExternalMask')) !== 0;
  const data = isUncached ? 0 : memory.word(string - 1 + layout.offset('ExternalString.data'));
  if (data > 4096) return data;
  const resource = field(v8, string, 'ExternalString.resource');
  // Node's classes of resources keep the pointer after that of their virtual functions.
  const offset = layout.constants.get('nodedbg_offset_ExternalString__data__uintptr_t') ?? 8;
  return isHeapObject(resource + 1) ? memory.word(resource + offset) : Number.NaN;
}

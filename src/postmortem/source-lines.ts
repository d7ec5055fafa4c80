import type { ImageSymbols } from '../linux/native-symbol.ts';
import { field, hasType, isScript, smiField, smiOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { readString, stringLength, textOf } from './v8-strings.ts';

/** A script as V8 keeps it: src/objects/script.tq. */
export interface ScriptInfo {
  /** Tagged. */
  address: number;
  /** As Error.stack names it: its `//# sourceURL`, else path or URL it was loaded from; '' none. */
  url: string;
  /** Value of its `//# sourceMappingURL`; '' none. */
  sourceMapUrl: string;
  id: number;
  /** UTF-16 units of its text; NaN: it has none (V8's own). */
  length: number;
  /** Of its first character in the file it stands in (`vm.Script` with `lineOffset`), 0-based. */
  lineOffset: number;
  columnOffset: number;
}

/** Longer texts are not read: 128 million units are more than any bundle. */
const MOST_TEXT = 128 * 2 ** 20;
/** Texts and line ends kept, in units; beyond that all are forgotten. */
const MOST_KEPT = 64 * 2 ** 20;
const MOST_LINES = 20_000_000;

/** Undefined: there is no script at this address. */
export function readScript(v8: V8Reader, script: number): ScriptInfo | undefined {
  if (!isScript(v8, script)) return undefined;
  const sourceUrl = textOf(v8, field(v8, script, 'Script.sourceUrl'), 4096);
  return {
    address: script,
    url: sourceUrl === '' ? textOf(v8, field(v8, script, 'Script.name'), 4096) : sourceUrl,
    // A map inside the script can be megabytes.
    sourceMapUrl: textOf(v8, field(v8, script, 'Script.sourceMappingUrl'), MOST_KEPT),
    id: smiField(v8, script, 'Script.id'),
    length: stringLength(v8, field(v8, script, 'Script.source')),
    lineOffset: smiField(v8, script, 'Script.lineOffset') || 0,
    columnOffset: smiField(v8, script, 'Script.columnOffset') || 0,
  };
}

/** Text of a script; '' when it has none; shorter than it is where memory is missing. Kept for the next question. */
export function scriptText(v8: V8Reader, script: number): string {
  const kept = keptOf(v8, script);
  kept.text ??= isScript(v8, script)
    ? (readString(v8, field(v8, script, 'Script.source'), MOST_TEXT)?.text ?? '')
    : '';
  return kept.text;
}

/**
 * Line and column of a position of a script, both 1-based, as Error.stack shows them (V8: Script::GetPositionInfo with
 * offsets); undefined: no script, or a position outside its text.
 * @param position UTF-16 units from the beginning of the text
 */
export function placeAt(
  v8: V8Reader,
  script: number,
  position: number,
): { url: string; line: number; column: number } | undefined {
  if (!(position >= 0)) return undefined;
  const kept = keptOf(v8, script);
  kept.info ??= readScript(v8, script) ?? null;
  if (kept.info === null) return undefined;
  const { url, lineOffset, columnOffset, length } = kept.info;
  if (position > length) return undefined;
  kept.lineEnds ??= readLineEnds(v8, script) ?? lineEndsOf(scriptText(v8, script));
  const { lineEnds } = kept;
  let low = 0;
  let high = lineEnds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lineEnds[middle]! < position) low = middle + 1;
    else high = middle;
  }
  // Behind what could be read of the text there are lines that nobody counted.
  if (low === lineEnds.length && kept.text !== undefined && position > kept.text.length) return undefined;
  const column = position - (low === 0 ? 0 : lineEnds[low - 1]! + 1) + (low === 0 ? columnOffset : 0);
  return { url, line: low + lineOffset + 1, column: column + 1 };
}

/** Line ends as V8 computed them, once somebody in the process asked for a line (a stack, the inspector). */
function readLineEnds(v8: V8Reader, script: number): Float64Array | undefined {
  const array = field(v8, script, 'Script.lineEnds');
  if (!hasType(v8, array, 'FIXED_ARRAY_TYPE')) return undefined;
  const length = smiField(v8, array, 'FixedArray.length');
  // Of a script whose lines nobody asked for it is the empty array.
  if (!(length > 0 && length <= MOST_LINES)) return undefined;
  const data = v8.layout.offset('FixedArray.data');
  const ends = new Float64Array(length);
  let last = -1;
  for (let index = 0; index < length; index++) {
    const end = smiOf(wordAt(v8, array, data + 8 * index));
    if (!(end > last)) return undefined;
    ends[index] = last = end;
  }
  return ends;
}

/** Positions of line ends: LF, CR without LF behind it, U+2028, U+2029 (V8: String::CalculateLineEnds). */
export function lineEndsOf(text: string): Float64Array {
  const ends: number[] = [];
  // Nearly every text has plain line feeds, and finding those is native code.
  if (/[\r\u2028\u2029]/.test(text)) {
    for (const match of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
      ends.push(match.index + match[0].length - 1);
    }
  } else {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at);
  }
  return Float64Array.from(ends);
}

interface Kept {
  info?: ScriptInfo | null;
  text?: string;
  lineEnds?: Float64Array;
  /** Script.id and address of its text: as long as both are the same, it is the same script. */
  id: number;
  source: number;
}

const keptByReader = new WeakMap<V8Reader, Map<number, Kept>>();
/**
 * What earlier looks at the same process found: texts of megabytes need not be read while it stands. V8 numbers the scripts
 * of an isolate, and their texts do not change.
 */
const keptByImage = new WeakMap<ImageSymbols, Map<number, Kept>>();

function keptOf(v8: V8Reader, script: number): Kept {
  const all = mapOfKept(keptByReader, v8);
  let kept = all.get(script);
  if (kept === undefined) {
    let units = 0;
    for (const { text } of all.values()) units += text?.length ?? 0;
    if (units > MOST_KEPT || all.size > 5000) {
      all.clear();
      mapOfKept(keptByImage, v8.symbols).clear();
    }
    kept = earlier(v8, script);
    all.set(script, kept);
  }
  return kept;
}

function earlier(v8: V8Reader, script: number): Kept {
  const before = mapOfKept(keptByImage, v8.symbols);
  const id = isScript(v8, script) ? smiField(v8, script, 'Script.id') : Number.NaN;
  const source = field(v8, script, 'Script.source');
  const known = before.get(script);
  if (known !== undefined && known.id === id && known.source === source && isWhole(known)) return known;
  const kept: Kept = { id, source };
  if (before.size > 5000) before.clear();
  if (id > 0) before.set(script, kept);
  return kept;
}

/** A text that changed its place while it was read is shorter than it should be. */
function isWhole({ info, text }: Kept): boolean {
  return info !== null && (text === undefined || info === undefined || text.length === info.length);
}

function mapOfKept<K extends object>(by: WeakMap<K, Map<number, Kept>>, key: K): Map<number, Kept> {
  let all = by.get(key);
  if (all === undefined) {
    all = new Map();
    by.set(key, all);
  }
  return all;
}

import type { Bytes } from '../base/units.ts';
import type { ProfileFormat } from './profile-file.ts';
import { recogniseJson } from './recognise-json.ts';

/** So much of a file is looked at. */
export const LOOKED_AT: Bytes = 256 * 1024;

/** What a file is: a format holter reads, or in words what else, with what can be done about it. */
export type Recognised = { format: ProfileFormat } | { other: string; hint?: string };

/** Names of binary formats by how they begin. */
const MAGIC: readonly (readonly [begin: string, other: string, hint?: string])[] = [
  ['PERFILE2', 'perf.data (binary)', 'run: perf script -i FILE > perf.txt, and give it that'],
  ['\x7fELF', 'an ELF file: a program or a core'],
  ['PK\x03\x04', 'a zip archive', 'unpack it'],
  ['\x28\xb5\x2f\xfd', 'packed with zstd', 'unpack it: zstd -d'],
  ['\xfd7zXZ', 'packed with xz', 'unpack it: xz -d'],
  ['BZh', 'packed with bzip2', 'unpack it: bzip2 -d'],
  ['\x89PNG', 'a PNG picture'],
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['%PDF', 'a PDF document'],
  ['FLR\0', 'a recording of Java Flight Recorder'],
  ['\xff\xfe', 'UTF-16 text', 'save it as UTF-8'],
  ['\xfe\xff', 'UTF-16 text', 'save it as UTF-8'],
  ['\xb0\x91\x15\x1c', 'a core dump'],
];

/** File names that may break a tie, where the content fits more than one format or was cut too early. */
const NAMES: readonly (readonly [name: RegExp, format: ProfileFormat])[] = [
  [/\.cpuprofile(\.gz)?$/i, 'cpuprofile'],
  [/\.heapprofile(\.gz)?$/i, 'heapprofile'],
  [/\.speedscope(\.json)?(\.gz)?$/i, 'speedscope'],
  [/\.(folded|collapsed)(\.gz)?$/i, 'folded'],
  [/\.(pb|pprof|prof)(\.gz)?$/i, 'pprof'],
];

/**
 * Recognises a profile by its first bytes (`head`, the whole file when `isWhole`). The name of the file only decides
 * where the content leaves it open.
 */
export function recogniseProfile(head: Uint8Array, isWhole: boolean, name: string): Recognised {
  if (head.length === 0) return { other: 'an empty file' };
  const begin = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 16)).toString('latin1');
  for (const [magic, other, hint] of MAGIC)
    if (begin.startsWith(magic)) return hint === undefined ? { other } : { other, hint };
  const byName = NAMES.find(([pattern]) => pattern.test(name))?.[1];
  if (isProtobuf(head, isWhole)) return { format: 'pprof' };
  if (isBinary(head)) return { other: 'binary data of a kind holter does not know' };

  const first = firstToken(head);
  if (first === 0) return { other: 'nothing but white space' };
  if (first === 0x7b || first === 0x5b) {
    const found = recogniseJson(head);
    if (found !== undefined && !('other' in found && found.other === 'cut JSON')) return found;
    return byName === undefined ? { other: 'JSON whose beginning holds nothing known' } : { format: byName };
  }
  const text = new TextDecoder().decode(head);
  return recogniseText(text, isWhole, byName);
}

function firstToken(head: Uint8Array): number {
  let at = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  while (at < head.length && head[at]! <= 0x20) at++;
  return head[at] ?? 0;
}

/** A stack line of `perf script`: address, symbol and the file it is in. */
const PERF_STACK = /^\s+[0-9a-f]{1,16} \S.* \(.*\)\s*$/m;
/** Its header line with a time, as printed also without stacks. */
const PERF_HEADER = /^\s*\S.*?\s\d+(?:\/\d+)?\s+(?:\[\d+\]\s+)?\d+\.\d+:\s+(?:\d+\s+)?[\w:/=,-]+:/m;
const V8_LOG = /^(?:v8-version|v8-platform|shared-library|code-creation|profiler|tick),/m;
const COUNTED = /\S\s+\d+(?:\.\d+)?\s*$/;

function recogniseText(text: string, isWhole: boolean, byName: ProfileFormat | undefined): Recognised {
  if (/^\ufeff?\s*<(?:!doctype html|html|head|body)\b/i.test(text)) return { other: 'an HTML page' };
  if (/^\ufeff?\s*<(?:\?xml|svg|!--)/i.test(text))
    return { other: /<svg\b/i.test(text) ? 'an SVG picture' : 'an XML file' };
  if (V8_LOG.test(text))
    return {
      other: 'a V8 isolate log as it was written',
      hint: 'run: node --prof-process --preprocess FILE > ticks.json, and give it that',
    };
  if (PERF_HEADER.test(text) && PERF_STACK.test(text)) return { format: 'perf-script' };
  const lines = text.split('\n');
  // The last line may be cut.
  if (!isWhole && lines.length > 1) lines.pop();
  const said = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const counted = said.filter((line) => COUNTED.test(line)).length;
  if (counted > 0 && (counted * 2 >= said.length || byName === 'folded')) return { format: 'folded' };
  if (PERF_HEADER.test(text) || PERF_STACK.test(text)) return { format: 'perf-script' };
  return {
    other: counted === 0 ? 'text, but no line ends in a count' : 'text, but few of its lines end in a count',
  };
}

/** NUL and other bytes that no text has. */
function isBinary(head: Uint8Array): boolean {
  let odd = 0;
  for (const byte of head) {
    if (byte === 0) return true;
    if (byte < 9 || (byte > 13 && byte < 0x20 && byte !== 0x1b)) odd++;
  }
  return odd * 20 > head.length;
}

/** Wire type by field of perftools.profiles.Profile (google/pprof proto/profile.proto); 2 also for packed numbers. */
const PPROF_FIELDS: readonly (readonly number[])[] = [
  [],
  ...[1, 2, 3, 4, 5, 6].map(() => [2]),
  ...[7, 8, 9, 10].map(() => [0]),
  [2],
  [0],
  [0, 2],
  [0],
  [0],
];

/** Walks the outermost fields: bytes of any other kind soon hold one that no profile has. */
function isProtobuf(head: Uint8Array, isWhole: boolean): boolean {
  let at = 0;
  let messages = 0;
  let fields = 0;
  while (at < head.length) {
    const tag = head[at++]!;
    const wire = tag & 7;
    if (PPROF_FIELDS[tag >> 3]?.includes(wire) !== true) return false;
    let value = 0;
    let size = 0;
    let byte = 0;
    do {
      if (at >= head.length) return !isWhole && messages > 0;
      byte = head[at++]!;
      value += (byte & 0x7f) * 2 ** (7 * size++);
    } while (byte >= 0x80 && size < 10);
    if (byte >= 0x80) return false;
    fields++;
    if (wire !== 2) continue;
    // Text that begins with a newline looks like a sample type; that is two small numbers, and text is not.
    if (tag >> 3 === 1 && value > 0 && head[at] !== 0x08 && head[at] !== 0x10 && at < head.length)
      return false;
    messages++;
    at += value;
  }
  return messages > 0 && (at === head.length || !isWhole || fields > 3);
}

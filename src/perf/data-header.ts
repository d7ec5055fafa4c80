import { HolterError } from '../base/errors.ts';
import { type PerfEvent, readAttribute } from './event-attribute.ts';

/** A stretch of the file, bytes. */
interface Section {
  offset: number;
  size: number;
}

/** What a perf.data file says about itself before its records. */
export interface PerfDataHeader {
  /** Written into a pipe: no sections, everything is a record. */
  isPiped: boolean;
  events: PerfEvent[];
  /** The records; a size of Infinity: up to the end. */
  data: Section;
  /** Feature sections by their bit, see FEATURE. */
  features: ReadonlyMap<number, Section>;
}

/** Bits of the header's feature mask (tools/perf/util/header.h) that holter reads. */
export const FEATURE = {
  buildId: 2,
  hostname: 3,
  osRelease: 4,
  perfVersion: 5,
  architecture: 6,
  commandLine: 11,
  eventDescription: 12,
  compressed: 27,
  clockData: 29,
} as const;

const MAGIC = 'PERFILE2';
const SWAPPED_MAGIC = '2ELIFREP';
const FILE_HEADER_BYTES = 104;
const PIPE_HEADER_BYTES = 16;
const FIRST_FEATURES_AT = 72;
/** `perf record` takes some dozen events; a tracing tool some thousand. */
const MOST_EVENTS = 4096;
const MOST_IDS = 1 << 20;

/** Reads bytes of the file; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Buffer;

/** Does a file begin like perf.data? */
export function isPerfData(head: Uint8Array): boolean {
  const magic = Buffer.from(head.buffer, head.byteOffset, Math.min(8, head.length)).toString('latin1');
  return magic === MAGIC || magic === SWAPPED_MAGIC;
}

/**
 * Header of perf.data (tools/perf/Documentation/perf.data-file-format.txt): events with the ids their samples carry,
 * where the records lie, feature sections.
 * @throws HolterError E_FILE_FORMAT, E_FILE_TRUNCATED
 */
export function readDataHeader(readAt: ReadAt, name: string): PerfDataHeader {
  const header = readAt(0, FILE_HEADER_BYTES);
  const magic = header.toString('latin1', 0, 8);
  if (magic === SWAPPED_MAGIC)
    throw new HolterError('E_FILE_FORMAT', `${name} was recorded on a big-endian machine`, {
      hint: 'make text of it where it was recorded: perf script > perf.txt, and give holter that',
    });
  if (magic !== MAGIC) throw new HolterError('E_FILE_FORMAT', `${name} is no perf.data`);
  if (header.length < PIPE_HEADER_BYTES) throw cutShort(name);
  const size = u64(header, 8);
  if (size === PIPE_HEADER_BYTES)
    return {
      isPiped: true,
      events: [],
      data: { offset: PIPE_HEADER_BYTES, size: Number.POSITIVE_INFINITY },
      features: new Map(),
    };
  if (header.length < FILE_HEADER_BYTES) throw cutShort(name);
  const entryBytes = u64(header, 16);
  const attributes = section(header, 24);
  const data = section(header, 40);
  if (entryBytes < 64 + 16 || entryBytes > 4096)
    throw new HolterError(
      'E_FILE_FORMAT',
      `${name}: its events have ${entryBytes} bytes, which no perf writes`,
    );
  const count = Math.min(MOST_EVENTS, Math.floor(attributes.size / entryBytes));
  const table = readAt(attributes.offset, count * entryBytes);
  if (count === 0 || table.length < count * entryBytes) throw cutShort(name);
  const events: PerfEvent[] = [];
  for (let at = 0; at < table.length; at += entryBytes) {
    const event = readAttribute(table.subarray(at, at + entryBytes - 16));
    const ids = section(table, at + entryBytes - 16);
    event.ids = readIds(readAt, ids);
    events.push(event);
  }
  const features = readFeatures(readAt, header, data);
  nameEvents(readAt, features.get(FEATURE.eventDescription), events);
  return { isPiped: false, events, data, features };
}

/** A text of the header: length, then characters, filled with zeros. */
export function readFeatureText(readAt: ReadAt, place: Section | undefined): string | undefined {
  if (place === undefined || place.size < 5) return undefined;
  const bytes = readAt(place.offset, Math.min(place.size, 65_536));
  return bytes.length < 5 ? undefined : textAt(bytes, 0).text;
}

/** The command line of `perf record`: a count, then texts. */
export function readCommandLine(readAt: ReadAt, place: Section | undefined): string[] {
  if (place === undefined) return [];
  const bytes = readAt(place.offset, Math.min(place.size, 1 << 20));
  if (bytes.length < 4) return [];
  const words: string[] = [];
  let at = 4;
  for (let left = bytes.readUInt32LE(0); left > 0 && at + 4 <= bytes.length; left--) {
    const { text, end } = textAt(bytes, at);
    words.push(text);
    at = end;
  }
  return words;
}

/** Wall clock at a moment of the recording's clock: version, clock id, and both in ns. */
export function readClockData(
  readAt: ReadAt,
  place: Section | undefined,
): { clockId: number; wallNs: number; clockNs: number } | undefined {
  if (place === undefined || place.size < 24) return undefined;
  const bytes = readAt(place.offset, 24);
  if (bytes.length < 24) return undefined;
  return { clockId: bytes.readUInt32LE(4), wallNs: u64(bytes, 8), clockNs: u64(bytes, 16) };
}

/** Build ids by path: records of their own kind (header, pid, id, path), the misc bits of their header say kernel or user. */
export function readBuildIds(readAt: ReadAt, place: Section | undefined): Map<string, string> {
  const found = new Map<string, string>();
  if (place === undefined) return found;
  const bytes = readAt(place.offset, Math.min(place.size, 16 << 20));
  for (let at = 0; at + 36 < bytes.length; ) {
    const size = bytes.readUInt16LE(at + 6);
    if (size < 37) break;
    const end = Math.min(bytes.length, at + size);
    const idBytes = bytes[at + 32]! > 0 && bytes[at + 32]! <= 20 ? bytes[at + 32]! : 20;
    found.set(zeroText(bytes, at + 36, end), bytes.toString('hex', at + 12, at + 12 + idBytes));
    at += size;
  }
  return found;
}

function readIds(readAt: ReadAt, place: Section): number[] {
  const bytes = readAt(place.offset, Math.min(MOST_IDS, Math.floor(place.size / 8)) * 8);
  const ids: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) ids.push(u64(bytes, at));
  return ids;
}

/** The table of feature sections follows the data: one entry for each bit that is set, in order. */
function readFeatures(readAt: ReadAt, header: Buffer, data: Section): Map<number, Section> {
  const bits: number[] = [];
  for (let bit = 0; bit < 256; bit++)
    if ((header[FIRST_FEATURES_AT + (bit >> 3)]! & (1 << (bit & 7))) !== 0) bits.push(bit);
  const table = readAt(data.offset + data.size, bits.length * 16);
  const found = new Map<number, Section>();
  for (const [index, bit] of bits.entries())
    if ((index + 1) * 16 <= table.length) found.set(bit, section(table, index * 16));
  return found;
}

/** Names of the events, in the order of the attributes. */
function nameEvents(readAt: ReadAt, place: Section | undefined, events: PerfEvent[]): void {
  if (place === undefined) return;
  const bytes = readAt(place.offset, Math.min(place.size, 16 << 20));
  if (bytes.length < 8) return;
  const attributeBytes = bytes.readUInt32LE(4);
  let at = 8;
  for (let index = 0; index < events.length && index < bytes.readUInt32LE(0); index++) {
    at += attributeBytes;
    if (at + 8 > bytes.length) return;
    const ids = bytes.readUInt32LE(at);
    const { text, end } = textAt(bytes, at + 4);
    if (text !== '') events[index]!.name = text;
    at = end + ids * 8;
  }
}

function textAt(bytes: Buffer, at: number): { text: string; end: number } {
  const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0;
  const end = Math.min(bytes.length, at + 4 + length);
  return { text: zeroText(bytes, at + 4, end), end: at + 4 + length };
}

/** Text up to the first zero byte. */
export function zeroText(bytes: Buffer, from: number, end: number): string {
  const zero = bytes.indexOf(0, from);
  return bytes.toString('utf8', from, zero < 0 || zero > end ? end : zero);
}

function section(bytes: Buffer, at: number): Section {
  return { offset: u64(bytes, at), size: u64(bytes, at + 8) };
}

function u64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

function cutShort(name: string): HolterError {
  return new HolterError('E_FILE_TRUNCATED', `${name} ends within its header`, {
    hint: 'perf record was killed before it could write it: end it with Ctrl-C or SIGINT',
  });
}

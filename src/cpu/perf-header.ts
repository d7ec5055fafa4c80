import type { ByteLines } from './byte-lines.ts';

/** Where the parts of a sample's first line are, in the bytes of `ByteLines`. */
export interface PerfHeader {
  /** [start of the line, end): `node 4711/4712`, the CPU taken off. */
  whoEnd: number;
  /** Time stamp; −1 when the line has none. */
  seconds: number;
  nanoseconds: number;
  /** Weight perf gives the sample; 0 when it is not in the text. */
  period: number;
  /** [eventStart, eventEnd): `cpu-clock:pppH:`; empty when there is none. */
  eventStart: number;
  eventEnd: number;
}

/** Commands have 15 characters; what is much longer is something else, and patterns are slow on it. */
const LONGEST_HEADER = 512;

const SPACE = 0x20;
const TAB = 9;
const COLON = 0x3a;
const DOT = 0x2e;

/**
 * Reads the first line of a sample of `perf script` (tools/perf/builtin-script.c, perf_sample__fprintf_start and
 * process_event): command, pid and tid, CPU in brackets, time, period and event, each of which but the first may be
 * missing. A command may hold anything, so it is read from the time backwards. False when there is no time; then
 * `readUntimedHeader` decides. Byte by byte, and no string: most lines differ in their time alone.
 */
export function readPerfHeader(lines: ByteLines, header: PerfHeader): boolean {
  const { bytes, start, end } = lines;
  let colon = start;
  let first = -1;
  for (; colon < end; colon++) {
    if (bytes[colon] !== COLON || (colon + 1 < end && !isSpace(bytes[colon + 1]!))) continue;
    first = readTime(bytes, start, colon, header);
    if (first >= 0) break;
  }
  if (first < 0) return false;
  let whoEnd = skipBack(bytes, start, first);
  if (whoEnd > start && bytes[whoEnd - 1] === 0x5d) {
    let open = whoEnd - 2;
    while (open > start && isDigit(bytes[open]!)) open--;
    if (bytes[open] === 0x5b) whoEnd = skipBack(bytes, start, open);
  }
  header.whoEnd = whoEnd;
  let at = skip(bytes, colon + 1, end);
  let digits = at;
  let period = 0;
  while (digits < end && isDigit(bytes[digits]!)) period = period * 10 + (bytes[digits++]! - 48);
  header.period = 0;
  if (digits > at && digits < end && isSpace(bytes[digits]!)) {
    header.period = period;
    at = skip(bytes, digits, end);
  }
  header.eventStart = at;
  while (at < end && !isSpace(bytes[at]!)) at++;
  header.eventEnd = at;
  return whoEnd > start;
}

/** The line of a sample recorded or printed without a time: `node 4711/4712 [001]`, perhaps with an event. */
export function readUntimedHeader(lines: ByteLines, header: PerfHeader): boolean {
  if (lines.end - lines.start > LONGEST_HEADER) return false;
  const found = UNTIMED.exec(lines.text());
  if (found === null) return false;
  header.seconds = -1;
  header.nanoseconds = 0;
  header.period = Number(found[2] ?? 0);
  // Offsets in the text are offsets in the bytes only while all of it is ASCII.
  const event = found[3] ?? '';
  header.eventEnd = lines.end;
  while (header.eventEnd > lines.start && isSpace(lines.bytes[header.eventEnd - 1]!)) header.eventEnd--;
  header.eventStart = header.eventEnd - Buffer.byteLength(event);
  header.whoEnd = lines.start + Buffer.byteLength(found[1]!);
  return true;
}

const UNTIMED = /^(.*?\S\s+-?\d+(?:\/-?\d+)?)(?:\s+\[\d+\])?(?:\s+(?:(\d+)\s+)?([A-Za-z][^\s]*:))?\s*$/;

/** Who a sample is of, from the text before its time. A pid of −1 is not known: perf prints only the tid by default. */
export function readPerfThread(text: string): { command: string; pid: number; tid: number } | undefined {
  if (text.length > LONGEST_HEADER) return undefined;
  const found = /^\s*(.*?)\s+(-?\d{1,10})(?:\/(-?\d{1,10}))?\s*$/s.exec(text);
  if (found === null) return undefined;
  const last = Number(found[3] ?? found[2]);
  return { command: found[1]!, pid: found[3] === undefined ? -1 : Number(found[2]), tid: last };
}

/** Name of an event without the modifiers perf appends: `cpu-clock:pppH:` → `cpu-clock`. */
export function perfEventName(text: string): string {
  return text.replace(/:$/, '').replace(/:[ukhpPGHSDWeb]*$/, '');
}

/** Reads `12527.331907` that ends at `colon`; answers where it begins, or −1. */
function readTime(bytes: Uint8Array, start: number, colon: number, header: PerfHeader): number {
  let dot = colon - 1;
  while (dot > start && isDigit(bytes[dot]!)) dot--;
  const fraction = colon - 1 - dot;
  if (bytes[dot] !== DOT || fraction < 1 || fraction > 9) return -1;
  let first = dot;
  while (first > start && isDigit(bytes[first - 1]!)) first--;
  if (first === dot || dot - first > 15 || (first > start && !isSpace(bytes[first - 1]!))) return -1;
  let seconds = 0;
  for (let at = first; at < dot; at++) seconds = seconds * 10 + (bytes[at]! - 48);
  let nanoseconds = 0;
  for (let at = dot + 1; at < colon; at++) nanoseconds = nanoseconds * 10 + (bytes[at]! - 48);
  for (let digits = fraction; digits < 9; digits++) nanoseconds *= 10;
  header.seconds = seconds;
  header.nanoseconds = nanoseconds;
  return first;
}

function skip(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(bytes[at]!)) at++;
  return at;
}

function skipBack(bytes: Uint8Array, start: number, from: number): number {
  let at = from;
  while (at > start && isSpace(bytes[at - 1]!)) at--;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

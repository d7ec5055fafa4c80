import { ProtobufCursor, WIRE } from './protobuf-cursor.ts';

/**
 * The tables of a pprof profile (github google/pprof, proto/profile.proto) without its samples: rows instead of ids,
 * names still as bytes. Lines, columns and start lines 1-based, 0 unknown.
 */
export interface PprofTables {
  /** Text of the string table; '' for an index that is not in it. */
  text(index: number): string;
  strings: number;
  /** Indexes into the string table. */
  types: { type: number; unit: number }[];
  defaultType: number;
  /** Nanoseconds, 0 unknown. */
  time: number;
  duration: number;
  /** Where the samples lie in the bytes. */
  samples: { length: number; from: Int32Array; to: Int32Array };
  /** Row of the location the cursor has just read the id of, −1 unknown. */
  locationRow(id: ProtobufCursor): number;
  locations: {
    length: number;
    /** Row of the first line; the next location's first line ends the list. Innermost (inlined) function first. */
    firstLine: Int32Array;
    /** String index of the mapping's file, 0 unknown. */
    module: Int32Array;
    /** 1 where the location has an address: its line is then the one that ran. */
    addressed: Uint8Array;
    /** Address as text, '' when 0. */
    address(row: number): string;
  };
  lines: { function: Int32Array; line: Int32Array; column: Int32Array };
  functions: { length: number; name: Int32Array; file: Int32Array; startLine: Int32Array };
  /** Functions whose name is not in the string table. */
  unnamed: number;
  /** Bytes that were sound, of all; equal when nothing is wrong. */
  sound: number;
  /** Messages inside that could not be read. */
  damaged: number;
}

/** Field numbers of `Profile`. */
const FIELD = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  string: 6,
  time: 9,
  duration: 10,
  defaultType: 14,
} as const;

/** Finds and reads the tables. Never throws; two passes, memory in proportion to the bytes. */
export function readPprofTables(bytes: Uint8Array): PprofTables {
  const top = new ProtobufCursor(bytes);
  const counts = new Int32Array(16);
  let linesAtMost = 0;
  for (let field = top.next(); field !== 0; field = top.next()) {
    if (top.wire !== WIRE.bytes || field >= counts.length) continue;
    counts[field]!++;
    // A line is at least two bytes of its location.
    if (field === FIELD.location) linesAtMost += (top.to - top.from) >>> 1;
  }
  const sound = top.at;
  const samples = spans(counts[FIELD.sample]!);
  const strings = spans(counts[FIELD.string]!);
  const functionIds = new IdTable(counts[FIELD.function]!);
  const mappingIds = new IdTable(counts[FIELD.mapping]!);
  const locationIds = new IdTable(counts[FIELD.location]!);
  const functions = {
    length: counts[FIELD.function]!,
    name: new Int32Array(counts[FIELD.function]!),
    file: new Int32Array(counts[FIELD.function]!),
    startLine: new Int32Array(counts[FIELD.function]!),
  };
  const mappingFile = new Int32Array(counts[FIELD.mapping]!);
  const locationAt = spans(counts[FIELD.location]!);
  const types: PprofTables['types'] = [];
  const header = { time: 0, duration: 0, defaultType: 0 };
  const inner = new ProtobufCursor(bytes);
  let damaged = 0;

  top.enter(0, sound);
  for (let field = top.next(); field !== 0; field = top.next()) {
    if (top.wire === WIRE.varint) {
      if (field === FIELD.time) header.time = top.signed;
      else if (field === FIELD.duration) header.duration = top.signed;
      else if (field === FIELD.defaultType) header.defaultType = small(top);
      continue;
    }
    if (top.wire !== WIRE.bytes) continue;
    inner.enter(top.from, top.to);
    if (field === FIELD.sample) add(samples, top);
    else if (field === FIELD.string) add(strings, top);
    else if (field === FIELD.location) add(locationAt, top);
    else if (field === FIELD.sampleType) types.push(readType(inner));
    else if (field === FIELD.mapping) {
      const row = mappingIds.length;
      mappingFile[row] = readMapping(inner, mappingIds);
    } else if (field === FIELD.function) readFunction(inner, functionIds, functions);
    else continue;
    if (inner.broken) damaged++;
  }

  // Locations last: they name functions and mappings that may stand behind them.
  const lines = new LineTable(linesAtMost);
  const firstLine = new Int32Array(locationAt.length + 1);
  const module = new Int32Array(locationAt.length);
  const addressed = new Uint8Array(locationAt.length);
  for (let row = 0; row < locationAt.length; row++) {
    firstLine[row] = lines.length;
    inner.enter(locationAt.from[row]!, locationAt.to[row]!);
    let id: Id = 0;
    for (let field = inner.next(); field !== 0; field = inner.next()) {
      if (field === 1 && inner.wire === WIRE.varint) id = idOf(inner);
      else if (field === 2 && inner.wire === WIRE.varint)
        module[row] = mappingFile[mappingIds.rowOf(inner)] ?? 0;
      else if (field === 3 && inner.wire === WIRE.varint)
        addressed[row] = inner.low === 0 && inner.high === 0 ? 0 : 1;
      else if (field === 4 && inner.wire === WIRE.bytes) lines.read(bytes, inner.from, inner.to, functionIds);
    }
    if (inner.broken) damaged++;
    locationIds.add(id);
  }
  firstLine[locationAt.length] = lines.length;

  return {
    ...header,
    text: (index) =>
      index > 0 && index < strings.length ? textOf(bytes, strings.from[index]!, strings.to[index]!) : '',
    strings: strings.length,
    types,
    samples,
    locationRow: (id) => locationIds.rowOf(id),
    locations: {
      length: locationAt.length,
      firstLine,
      module,
      addressed,
      address: (row) => addressOf(bytes, locationAt.from[row]!, locationAt.to[row]!),
    },
    lines: lines.finish(),
    functions,
    unnamed: functions.name.reduce((count, name) => count + Number(name >= strings.length), 0),
    sound,
    damaged,
  };
}

interface Spans {
  length: number;
  from: Int32Array;
  to: Int32Array;
}

function spans(capacity: number): Spans {
  return { length: 0, from: new Int32Array(capacity), to: new Int32Array(capacity) };
}

function add(list: Spans, cursor: ProtobufCursor): void {
  list.from[list.length] = cursor.from;
  list.to[list.length++] = cursor.to;
}

/** Exact key of a 64-bit id: some tools use addresses or hashes. */
type Id = number | string;

function idOf(cursor: ProtobufCursor): Id {
  return cursor.high < 2 ** 21 ? cursor.unsigned : `${cursor.high}:${cursor.low}`;
}

/** Rows by id; the ids 1, 2, 3 … that nearly all tools write need no map. */
class IdTable {
  readonly #dense: Int32Array;
  readonly #other = new Map<Id, number>();
  length = 0;

  constructor(capacity: number) {
    this.#dense = new Int32Array(capacity * 2 + 16);
  }

  /** Gives the next row to an id; a second row of the same id wins. */
  add(id: Id): void {
    const row = this.length++;
    if (typeof id === 'number' && id < this.#dense.length) this.#dense[id] = row + 1;
    else this.#other.set(id, row);
  }

  rowOf(cursor: ProtobufCursor): number {
    if (cursor.high === 0 && cursor.low < this.#dense.length) return this.#dense[cursor.low]! - 1;
    return this.#other.get(idOf(cursor)) ?? -1;
  }
}

/** A string index or a line as a number that fits an Int32Array; everything else is 0, unknown. */
function small(cursor: ProtobufCursor): number {
  return cursor.high === 0 && cursor.low <= 0x7fffffff ? cursor.low : 0;
}

function readType(cursor: ProtobufCursor): { type: number; unit: number } {
  const type = { type: 0, unit: 0 };
  for (let field = cursor.next(); field !== 0; field = cursor.next()) {
    if (cursor.wire !== WIRE.varint) continue;
    if (field === 1) type.type = small(cursor);
    else if (field === 2) type.unit = small(cursor);
  }
  return type;
}

/** String index of the file. */
function readMapping(cursor: ProtobufCursor, ids: IdTable): number {
  let id: Id = 0;
  let file = 0;
  for (let field = cursor.next(); field !== 0; field = cursor.next()) {
    if (cursor.wire !== WIRE.varint) continue;
    if (field === 1) id = idOf(cursor);
    else if (field === 5) file = small(cursor);
  }
  ids.add(id);
  return file;
}

function readFunction(cursor: ProtobufCursor, ids: IdTable, functions: PprofTables['functions']): void {
  const row = ids.length;
  let id: Id = 0;
  let systemName = 0;
  for (let field = cursor.next(); field !== 0; field = cursor.next()) {
    if (cursor.wire !== WIRE.varint) continue;
    if (field === 1) id = idOf(cursor);
    else if (field === 2) functions.name[row] = small(cursor);
    else if (field === 3) systemName = small(cursor);
    else if (field === 4) functions.file[row] = small(cursor);
    else if (field === 5) functions.startLine[row] = small(cursor);
  }
  if (functions.name[row] === 0) functions.name[row] = systemName;
  ids.add(id);
}

class LineTable {
  readonly #function: Int32Array;
  readonly #line: Int32Array;
  readonly #column: Int32Array;
  #cursor: ProtobufCursor | undefined;
  length = 0;

  constructor(capacity: number) {
    this.#function = new Int32Array(capacity);
    this.#line = new Int32Array(capacity);
    this.#column = new Int32Array(capacity);
  }

  read(bytes: Uint8Array, from: number, to: number, functionIds: IdTable): void {
    this.#cursor ??= new ProtobufCursor(bytes);
    const cursor = this.#cursor;
    cursor.enter(from, to);
    const row = this.length++;
    this.#function[row] = -1;
    for (let field = cursor.next(); field !== 0; field = cursor.next()) {
      if (cursor.wire !== WIRE.varint) continue;
      if (field === 1) this.#function[row] = functionIds.rowOf(cursor);
      else if (field === 2) {
        this.#line[row] = cursor.low <= 0x7fffffff ? cursor.low : 0;
        // @datadog/pprof with columnNumbers 'pack' keeps the column in the upper half; a negative line has it full.
        if (cursor.high > 0x7fffffff) this.#line[row] = 0;
        else if (cursor.high > 0) this.#column[row] = cursor.high;
      } else if (field === 3) this.#column[row] = small(cursor);
    }
  }

  finish(): PprofTables['lines'] {
    return {
      function: this.#function.slice(0, this.length),
      line: this.#line.slice(0, this.length),
      column: this.#column.slice(0, this.length),
    };
  }
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to));
}

function addressOf(bytes: Uint8Array, from: number, to: number): string {
  const cursor = new ProtobufCursor(bytes, from, to);
  for (let field = cursor.next(); field !== 0; field = cursor.next()) {
    if (field !== 3 || cursor.wire !== WIRE.varint) continue;
    const high = cursor.high === 0 ? '' : cursor.high.toString(16);
    const low = cursor.low.toString(16);
    return high === '' ? (low === '0' ? '' : `0x${low}`) : `0x${high}${low.padStart(8, '0')}`;
  }
  return '';
}

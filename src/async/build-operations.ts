import type { AsyncLog } from './async-log.ts';
import { OPERATION_KINDS, type Operation, type OperationKind } from './operation.ts';
import type { SiteBook } from './site-book.ts';

/**
 * The operations of a log, in columns: row i of each is one operation, in the order in which they began.
 *
 *     id  trigger  request  kind   startedAt  endedAt
 *     −17    475     −2     peer     128.8     153.5      trigger: row of id 475, an await of request −2
 */
export interface OperationTable {
  length: number;
  log: AsyncLog;
  sites: SiteBook;
  /** Index into OPERATION_KINDS. */
  kind: Uint8Array;
  startedAt: Float64Array;
  /** NaN: still waiting at the end, or cancelled. */
  endedAt: Float64Array;
  /** 1: given up before anything came of it (a timer cleared). */
  cancelled: Uint8Array;
  /** Index into `sites.sites`: of its own stack, or of what led to it where that is Node's alone; −1 no stack was taken. */
  site: Int32Array;
  /** The same, and where no stack was taken the site of what led to it: near, but maybe not the line. */
  nearSite: Int32Array;
  /** Row by id; the latest where an id was used twice. */
  rowOf: Map<number, number>;
  operation(row: number): Operation;
  kindOf(row: number): OperationKind;
  subjectOf(row: number): string;
}

/** Reads kinds, ends and sites of a log's operations. Rows with impossible numbers count as still waiting. */
export function buildOperations(log: AsyncLog, sites: SiteBook): OperationTable {
  const { operations } = log;
  const { length } = operations.id;
  const kinds = log.types.map((type) => OPERATION_KINDS.indexOf(kindOfType(type)));
  const other = OPERATION_KINDS.indexOf('other');
  const fs = OPERATION_KINDS.indexOf('fs');
  const promise = OPERATION_KINDS.indexOf('promise');
  /** Call of `node:fs` that a row is part of, as index into `calls`. */
  const call = new Int32Array(length);
  const calls: string[] = [''];
  const table: OperationTable = {
    length,
    log,
    sites,
    kind: Uint8Array.from(operations.type, (type) => kinds[type] ?? other),
    startedAt: Float64Array.from(operations.startedAt, Number),
    endedAt: Float64Array.from(operations.endedAt, (time) =>
      time === null || time === -1 ? Number.NaN : Number(time),
    ),
    cancelled: Uint8Array.from(operations.endedAt, (time) => (time === -1 ? 1 : 0)),
    site: new Int32Array(length).fill(-1),
    nearSite: new Int32Array(length).fill(-1),
    rowOf: new Map(operations.id.map((id, row) => [id, row])),
    operation: (row) => ({
      id: operations.id[row]!,
      kind: table.kindOf(row),
      type: log.types[operations.type[row]!] ?? '',
      subject: table.subjectOf(row),
      trigger: operations.trigger[row]!,
      request: requestId(operations.request[row]!),
      startedAt: table.startedAt[row]!,
      endedAt: table.endedAt[row]!,
      stack: operations.stack[row]!,
    }),
    kindOf: (row) => OPERATION_KINDS[table.kind[row]!] ?? 'other',
    subjectOf(row) {
      const subject = log.subjects[operations.subject[row]!] ?? '';
      if (subject !== '') return subject;
      const type = log.types[operations.type[row]!] ?? '';
      if (table.kind[row] === fs) return calls[call[row]!]!;
      if (table.kindOf(row) === 'pool') return type.replace(/REQUEST$/, '').toLowerCase();
      return '';
    },
  };
  // In order of beginning, so that a trigger's site is known before it is asked for.
  for (let row = 0; row < length; row++) {
    const stack = operations.stack[row]!;
    const own = sites.siteOf[stack] ?? -1;
    const trigger = table.rowOf.get(operations.trigger[row]!) ?? -1;
    const isLater = trigger !== -1 && trigger < row;
    table.nearSite[row] = own !== -1 ? own : isLater ? table.nearSite[trigger]! : -1;
    if (stack !== -1) table.site[row] = table.nearSite[row]!;
    if (table.kind[row] !== fs && table.kind[row] !== promise) continue;
    // One readFile is an open, a stat, reads and a close, linked by promises of Node's own.
    const name = own === -1 ? '' : sites.fileCallOf(stack);
    if (name === '') call[row] = own === -1 && isLater ? call[trigger]! : 0;
    else {
      const known = calls.indexOf(name);
      call[row] = known === -1 ? calls.push(name) - 1 : known;
    }
  }
  return table;
}

/** Id of the operation that a request is: requests are numbered from 1, their ids are even and negative. 0 stays 0. */
export function requestId(number: number): number {
  return number === 0 ? 0 : -2 * number;
}

/** What a resource of Node's is (names: the providers of src/async_wrap.h), or one of the recorder's own two. */
export function kindOfType(type: string): OperationKind {
  if (type === 'peer') return 'peer';
  if (type === 'client request') return 'http-client';
  if (type === 'PROMISE') return 'promise';
  if (type === 'Timeout') return 'timer';
  if (type === 'Immediate') return 'immediate';
  if (type === 'PROCESSWRAP') return 'child';
  if (type === 'HTTPINCOMINGMESSAGE') return 'http-server';
  if (type.endsWith('CONNECTWRAP')) return 'connect';
  if (/^(?:GETADDRINFOREQ|GETNAMEINFOREQ|QUERY)WRAP$/.test(type)) return 'dns';
  if (/^FS|^FILEHANDLE/.test(type)) return 'fs';
  if (type === 'ZLIB' || (type.endsWith('REQUEST') && type !== 'HTTPCLIENTREQUEST')) return 'pool';
  return 'other';
}

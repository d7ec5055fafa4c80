import { chainOf, chainSites } from './async-chain.ts';
import type { AsyncLogThrown } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';
import type { CreationSite, OperationKind } from './operation.ts';

/** Errors of one name and message that nobody caught, thrown at one place. */
export interface ThrownError {
  how: AsyncLogThrown['how'];
  name: string;
  message: string;
  count: number;
  /** Where it was thrown, innermost first; frames of the user's and of packages. */
  sites: CreationSite[];
  /** What the callback that threw was begun by, most frequent first. */
  origins: ThrownOrigin[];
  /** Of `count`, those of which no creating stack was taken. */
  unknown: number;
}

/** One way by which the code that threw came to run. */
export interface ThrownOrigin {
  count: number;
  /** The operation whose callback threw. */
  kind: OperationKind;
  subject: string;
  /** Lines that scheduled it, innermost first, across everything asynchronous. */
  chain: CreationSite[];
  /** `GET /orders/:id` of the request it goes back to; '' none. */
  request: string;
}

const MOST = 20;

/** Groups a log's uncaught errors, and who scheduled the code that threw them. */
export function buildThrownErrors(table: OperationTable): ThrownError[] {
  const errors = new Map<string, ThrownError>();
  const origins = new Map<string, ThrownOrigin>();
  for (const { how, name, message, operation, stack } of table.log.thrown) {
    const sites = table.sites.frames(stack).filter(({ party }) => party === 'user' || party === 'dependency');
    const [place] = sites;
    const key = JSON.stringify([how, name, place === undefined ? message : [place.file, place.line]]);
    let error = errors.get(key);
    if (error === undefined) {
      error = { how, name, message, count: 0, sites, origins: [], unknown: 0 };
      errors.set(key, error);
    }
    error.count++;
    const row = table.rowOf.get(operation);
    const links = row === undefined ? undefined : chainOf(table, row);
    const chain = links === undefined ? [] : chainSites(table, links);
    if (row === undefined || links === undefined || chain.length === 0) {
      error.unknown++;
      continue;
    }
    const { request } = links;
    const route = request === undefined ? '' : `${request.method} ${request.route || request.path}`;
    const way = `${key} ${route} ${chain.map(({ file, line }) => `${file}:${line}`).join(' ')}`;
    let origin = origins.get(way);
    if (origin === undefined) {
      origin = { count: 0, kind: table.kindOf(row), subject: table.subjectOf(row), chain, request: route };
      origins.set(way, origin);
      error.origins.push(origin);
    }
    origin.count++;
  }
  for (const error of errors.values())
    error.origins = mergeParts(error.origins).sort((a, b) => b.count - a.count);
  return [...errors.values()].sort((a, b) => b.count - a.count).slice(0, MOST);
}

/** Not every link's stack is taken: a way whose lines are all on another one, in that order, is the same way. */
function mergeParts(origins: readonly ThrownOrigin[]): ThrownOrigin[] {
  const whole: ThrownOrigin[] = [];
  for (const origin of [...origins].sort((a, b) => b.chain.length - a.chain.length)) {
    const same = whole.find(
      ({ kind, subject, request, chain }) =>
        kind === origin.kind &&
        subject === origin.subject &&
        (request === origin.request || origin.request === '') &&
        isWithin(origin.chain, chain),
    );
    if (same === undefined) whole.push(origin);
    else same.count += origin.count;
  }
  return whole;
}

/** The innermost line the same, the others in order. */
function isWithin(part: readonly CreationSite[], whole: readonly CreationSite[]): boolean {
  let at = 0;
  for (const [index, { file, line }] of part.entries()) {
    while (at < whole.length && (whole[at]!.file !== file || whole[at]!.line !== line)) at++;
    if (at === whole.length || (index === 0 && at > 0)) return false;
    at++;
  }
  return true;
}

import type { AsyncLog } from './async-log.ts';
import { buildOperations, type OperationTable } from './build-operations.ts';
import { buildSiteBook } from './site-book.ts';

/**
 * A log drawn as text, one request or operation a line; times are ms, nothing after `-` means still waiting, `x` cancelled.
 *
 *     request 1 GET /orders 0-100 status=504 run=3
 *     peer -3 db:5432 10-60 r1 <-2 @query/db.js:41<load/app.js:7
 *     PROMISE 7 - 5-60 r1 <-2
 *
 * type, id, subject (`-` none; `_` for a space in both), from-to, request, trigger, stack innermost first (`<` between frames, `node:` for core).
 */
export function drawLog(
  text: string,
  more: Partial<Omit<AsyncLog, 'counts'>> & { counts?: Partial<AsyncLog['counts']> } = {},
): AsyncLog {
  const types: string[] = [];
  const subjects: string[] = [''];
  const frames: AsyncLog['frames'] = [];
  const stacks: number[][] = [];
  const requests: AsyncLog['requests'] = [];
  const operations: AsyncLog['operations'] = {
    id: [],
    trigger: [],
    request: [],
    type: [],
    startedAt: [],
    endedAt: [],
    stack: [],
    subject: [],
    parent: [],
  };
  const place = (list: string[], word: string): number =>
    list.includes(word) ? list.indexOf(word) : list.push(word) - 1;
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') continue;
    const range = words.find((word) => /^-?[\d.]+-(?:[\d.]*|x)$/.test(word)) ?? '0-';
    const [, from = '0', to = ''] = /^(-?[\d.]+)-(.*)$/.exec(range) ?? [];
    if (words[0] === 'request') {
      requests.push({
        number: Number(words[1]),
        method: words[2] ?? 'GET',
        path: words[3] ?? '/',
        route: '',
        startedAt: Number(from),
        endedAt: to === '' ? null : Number(to),
        followedTo: null,
        status: Number(/status=(\d+)/.exec(line)?.[1] ?? 200),
        runMs: Number(/run=([\d.]+)/.exec(line)?.[1] ?? 0),
      });
      continue;
    }
    const stack = words.find((word) => word.startsWith('@'));
    operations.type.push(place(types, (words[0] ?? '').replace('_', ' ')));
    operations.id.push(Number(words[1]));
    operations.subject.push(place(subjects, words[2] === '-' ? '' : (words[2] ?? '').replace('_', ' ')));
    operations.startedAt.push(Number(from));
    operations.endedAt.push(to === '' ? null : to === 'x' ? -1 : Number(to));
    operations.request.push(Number(/\sr(\d+)/.exec(line)?.[1] ?? 0));
    operations.trigger.push(Number(/\s<(-?\d+)/.exec(line)?.[1] ?? 0));
    operations.parent.push(0);
    if (stack === undefined) operations.stack.push(-1);
    else {
      operations.stack.push(stacks.length);
      stacks.push(
        stack
          .slice(1)
          .split('<')
          .map((frame) => {
            const [, name = '', file = '', at = '0'] = /^([^/]*)\/?(.*?)(?::(\d+))?$/.exec(frame) ?? [];
            const url = file === '' ? '' : file.startsWith('node:') ? file : `/app/${file}`;
            return frames.push([name, url, Number(at), 1, 0]) - 1;
          }),
      );
    }
  }
  const { counts, ...rest } = more;
  return {
    schema: 'holter.async-log/1',
    node: '20.20.2',
    fromMs: 0,
    toMs: 1000,
    operations,
    requests,
    types,
    subjects,
    stacks,
    frames,
    peers: [],
    thrown: [],
    resources: { first: {}, last: {} },
    notes: [],
    ...rest,
    counts: {
      requests: requests.length,
      followed: requests.length,
      operations: operations.id.length,
      dropped: 0,
      stacks: stacks.length,
      errors: 0,
      ownPercent: 0.5,
      onPercent: 100,
      ...counts,
    },
  };
}

export function drawTable(text: string, more: Parameters<typeof drawLog>[1] = {}): OperationTable {
  const log = drawLog(text, more);
  return buildOperations(log, buildSiteBook(log));
}

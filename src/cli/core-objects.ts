import type { ObjectRow } from '../postmortem/object-table.ts';
import { chooseIsolates, markLive, openHeap } from './core-heap.ts';
import { type CoreOptions, commandText, present, withSubject } from './core-options.ts';
import { parseChoice, parseCount } from './options.ts';
import { shellWord } from './paths.ts';
import type { Subject } from './stack-image.ts';
import { parseTextFilter } from './text-filter.ts';

/** Options of `core objects`. */
export type ObjectsOptions = CoreOptions & {
  isolate: string;
  live?: boolean;
  yes?: boolean;
  sort: string;
  filter?: string;
  top: string;
  engine?: boolean;
};

/** `holter core objects`. @throws HolterError of openSubject and openHeap, E_USAGE */
export async function runObjects(file: string, options: ObjectsOptions): Promise<void> {
  await withSubject(file, 'holter core objects', options, (subject) => answerObjects(subject, options));
}

/** Prints it. @throws HolterError E_USAGE, of openHeap */
export async function answerObjects(subject: Subject, options: ObjectsOptions): Promise<void> {
  const sort = parseChoice(options.sort, '--sort', ['bytes', 'count', 'outside', 'name'] as const);
  const top = parseCount(options.top, '--top', { min: 1, max: 1_000_000 });
  const isShown = parseTextFilter(options.filter, '--filter');
  const { countObjects, placeOfRow } = await import('../postmortem/object-table.ts');
  const { HeapWalk } = await import('../postmortem/heap-walk.ts');
  const { v8, pages, pausedMs } = await openHeap(subject, options);
  const chosen = chooseIsolates(pages, options.isolate, subject.pid);
  const walk = new HeapWalk(v8);
  const isLive = options.live === true ? await markLive({ v8, pages }, walk) : undefined;
  const table = countObjects(v8, chosen, { walk, ...(isLive === undefined ? {} : { isLive }) });
  const problems = [...new Set([...v8.image.problems, ...v8.problems])];
  const { buildObjectsJson, groupEngineRows, renderObjects } = await import('../render/core-objects-text.ts');
  const grouped = options.engine === true || options.json === true ? table.rows : groupEngineRows(table.rows);
  const rows = sortRows(
    grouped.filter((row) => isShown(row.name)),
    sort,
  );
  const places = rows
    .slice(0, options.json === true ? MOST_PLACES : Math.max(top, LEAST_PLACES))
    .map((row) => placeOfRow(v8, walk, row));
  const isOfProgram = (index: number): boolean => /^(?!node:)./.test(places[index] ?? '');
  const best =
    rows.find((row, index) => row.count > 1 && isOfProgram(index)) ??
    rows.find(({ kind, name }) => kind === 'shape' && name !== '{}');
  const description = {
    ...table,
    rows: rows.map((row, index) => ({ ...row, place: places[index] ?? '' })),
    kind: subject.kind,
    name: subject.name,
    pid: subject.pid,
    cwd: subject.cwd,
    nodeVersion: v8.layout.nodeVersion,
    isLive: options.live === true,
    isFiltered: options.filter !== undefined,
    top,
    ...(pausedMs === undefined ? {} : { pausedMs }),
    problems,
    next: best === undefined ? [] : [commandText(subject, 'instances', shellWord(best.name))],
  };
  await present(
    options,
    () => buildObjectsJson(description),
    (style) => renderObjects(description, style),
  );
}

/** Of JSON, which has all rows: saying where a class is written reads its script. */
const MOST_PLACES = 200;
/** Of text: the command to type next is about a class of the program. */
const LEAST_PLACES = 40;

function sortRows(rows: ObjectRow[], sort: 'bytes' | 'count' | 'outside' | 'name'): ObjectRow[] {
  const bytes = (row: ObjectRow): number => row.bytes + row.outsideBytes;
  const by: Record<typeof sort, (a: ObjectRow, b: ObjectRow) => number> = {
    bytes: (a, b) => bytes(b) - bytes(a),
    count: (a, b) => b.count - a.count || bytes(b) - bytes(a),
    outside: (a, b) =>
      b.outsideBytes + b.viewedBytes - (a.outsideBytes + a.viewedBytes) || bytes(b) - bytes(a),
    name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  };
  return [...rows].sort(by[sort]);
}

import type { ObjectTable } from '../postmortem/object-table.ts';
import type { DiffSide } from '../render/core-diff-text.ts';
import { chooseIsolates, markLive, openHeap } from './core-heap.ts';
import { type CoreOptions, present, withSubject } from './core-options.ts';
import { parseChoice, parseCount } from './options.ts';
import { shellWord } from './paths.ts';
import { parseTextFilter } from './text-filter.ts';

/** Options of `core diff`. */
export type CoreDiffOptions = CoreOptions & {
  isolate: string;
  live?: boolean;
  yes?: boolean;
  sort: string;
  filter?: string;
  top: string;
  engine?: boolean;
};

interface Counted {
  side: DiffSide;
  table: ObjectTable;
  /** Where a class of it is written, '' unknown; asked before the core is closed. */
  places: ReadonlyMap<string, string>;
  problems: string[];
}

/** Classes of which the place is looked up: those that can be in the answer. */
const MOST_PLACES = 300;

/**
 * `holter core diff`: how the classes of a heap grew from one core to another, or to the process now.
 * @throws HolterError of openSubject and openHeap; E_USAGE
 */
export async function runCoreDiff(before: string, after: string, options: CoreDiffOptions): Promise<void> {
  const sort = parseChoice(options.sort, '--sort', ['bytes', 'count', 'name'] as const);
  const top = parseCount(options.top, '--top', { min: 1, max: 1_000_000 });
  const isShown = parseTextFilter(options.filter, '--filter');
  const first = await count(before, options);
  const second = await count(after, options);
  const { buildDiffRows, buildCoreDiffJson, renderCoreDiff } = await import('../render/core-diff-text.ts');
  const rows = buildDiffRows(first.table.rows, second.table.rows, {
    sort,
    engine: options.engine === true || options.json === true,
  })
    .filter(({ name }) => isShown(name))
    .map((row) => ({ ...row, place: second.places.get(row.name) ?? first.places.get(row.name) ?? '' }));
  const grown = rows.find(
    ({ kind, countDelta, place }) =>
      kind === 'class' && countDelta > 0 && place !== '' && !place.startsWith('node:'),
  );
  const description = {
    before: first.side,
    after: second.side,
    cwd: process.cwd(),
    isLive: options.live === true,
    rows,
    top,
    problems: [...new Set([...first.problems, ...second.problems])],
    next: grown === undefined ? [] : [`holter core instances ${shellWord(after)} ${shellWord(grown.name)}`],
  };
  await present(
    options,
    () => buildCoreDiffJson(description),
    (style) => renderCoreDiff(description, style),
  );
}

async function count(word: string, options: CoreDiffOptions): Promise<Counted> {
  return withSubject(word, 'holter core diff', options, async (subject) => {
    const [{ countObjects, placeOfRow }, { HeapWalk }] = await Promise.all([
      import('../postmortem/object-table.ts'),
      import('../postmortem/heap-walk.ts'),
    ]);
    const { v8, pages, pausedMs } = await openHeap(subject, options);
    const chosen = chooseIsolates(pages, options.isolate, subject.pid);
    const walk = new HeapWalk(v8);
    const isLive = options.live === true ? await markLive({ v8, pages }, walk) : undefined;
    const table = countObjects(v8, chosen, { walk, ...(isLive === undefined ? {} : { isLive }) });
    const classes = table.rows.filter(({ kind }) => kind === 'class').slice(0, MOST_PLACES);
    return {
      table,
      places: new Map(classes.map((row) => [row.name, placeOfRow(v8, walk, row)])),
      problems: [...v8.image.problems, ...v8.problems],
      side: {
        source: subject.name,
        kind: subject.kind,
        pid: subject.pid,
        node: v8.layout.nodeVersion,
        count: table.count,
        bytes: table.bytes,
        outsideBytes: table.outsideBytes,
        ...(pausedMs === undefined ? {} : { pausedMs }),
      },
    };
  });
}

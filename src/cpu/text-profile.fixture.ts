import type { Milliseconds } from '../base/units.ts';
import { classifyLocation } from '../source-map/location.ts';
import type { CallTree } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { categoryOf } from './frame-category.ts';

export interface TextProfileOptions {
  /** Length of one sample (default 1 ms). */
  msPerSample?: Milliseconds;
  /** The user's own folders, see classifyLocation. */
  roots?: readonly string[];
  /** `bytes` makes an allocation tree: no samples, each column weighs `bytesPerSample` (default 1024). */
  unit?: CallTree['unit'];
  bytesPerSample?: number;
}

/**
 * Draws a call tree in text, for tests of every room. Columns are samples in time order, rows are depth; columns are
 * set by where the cells of the FIRST row start, two or more spaces apart, and later cells must start there too.
 *
 *     profileFromText(`
 *       main@/app/server.js:3          main@/app/server.js:3   (idle) x20   (garbage collector)
 *       hash@/app/auth.js:41 #44 x30   log@/app/log.js:9:5
 *       pbkdf2Sync@node:internal/crypto/pbkdf2:62
 *     `)
 *
 * A cell is `name@file:line[:column]`, or a bare `name` for native code and V8's `(idle)`, `(program)`,
 * `(garbage collector)`. ` x30` in any cell of a column (or a first row of nothing but `x30`) repeats the column 30
 * times. ` #44` says that the samples were on line 44 of that cell's function; it fills `lines` and needs to be on the
 * innermost cell. Throws Error on a drawing it cannot read: tests must not pass by a typo.
 */
export function profileFromText(text: string, options: TextProfileOptions = {}): CallTree {
  const unit = options.unit ?? 'microseconds';
  const ms = options.msPerSample ?? 1;
  const weight = unit === 'bytes' ? (options.bytesPerSample ?? 1024) : ms * 1000;
  const builder = new CallTreeBuilder(unit);
  let time = 0;
  for (const column of drawnColumns(text)) {
    let node = 0;
    for (const cell of column.cells) node = builder.child(node, builder.frameRow(drawnFrame(cell, options)));
    for (let i = 0; i < column.count; i++) {
      if (unit === 'bytes') builder.addSelf(node, weight);
      else builder.addSample(time, node, weight);
      if (column.line > 0) builder.addLine(node, column.line, weight);
      time += ms;
    }
  }
  return builder.finish({ from: 0, to: unit === 'bytes' ? 0 : time });
}

interface DrawnColumn {
  cells: string[];
  count: number;
  /** Line of the innermost cell the samples were on; 0 = not drawn. */
  line: number;
}

function drawnColumns(text: string): DrawnColumn[] {
  const rows = text
    .split('\n')
    .filter((row) => row.trim() !== '')
    .map((row) => [...row.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ at: match.index, cell: match[0] })));
  const columns = new Map<number, DrawnColumn>();
  for (const { at } of rows[0] ?? []) columns.set(at, { cells: [], count: 1, line: 0 });
  for (const row of rows) {
    for (const { at, cell } of row) {
      const column = columns.get(at);
      if (column === undefined) {
        throw new Error(`profileFromText: "${cell}" starts at ${at}, no column of row 1 does`);
      }
      if (/:\d+( #\d+)?( x\d+)? \S.*@/.test(cell)) {
        throw new Error(`profileFromText: "${cell}" runs into the next column; draw row 1 wider`);
      }
      const count = /(?:^| )x(\d+)$/.exec(cell);
      if (count !== null) column.count = Number(count[1]);
      const rest = count === null ? cell : cell.slice(0, count.index);
      if (rest === '') continue;
      const line = / #(\d+)$/.exec(rest);
      column.line = Number(line?.[1] ?? 0);
      const frame = line === null ? rest : rest.slice(0, line.index);
      column.cells.push(frame);
    }
  }
  return [...columns.values()];
}

function drawnFrame(cell: string, options: TextProfileOptions): Parameters<CallTreeBuilder['frameRow']>[0] {
  // The last @ that is followed by a place: names and scoped packages hold @ too.
  const parts = /^(.*?)@(.+?):(\d+)(?::(\d+))?$/.exec(cell);
  if (parts === null && cell.includes('@'))
    throw new Error(`profileFromText: "${cell}" is not name@file:line`);
  const name = parts?.[1] ?? cell;
  const location = classifyLocation(
    parts?.[2] ?? '',
    options.roots === undefined ? {} : { roots: options.roots },
  );
  return {
    name: name === '' ? '(anonymous)' : name,
    file: location.file,
    line: Number(parts?.[3] ?? 0),
    column: Number(parts?.[4] ?? 0),
    category: categoryOf(name, location),
    party: location.party,
    package: location.package,
  };
}

import { formatBytes } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Role,
  type Style,
  sparkline,
  truncate,
} from '../base/terminal-text.ts';
import type { ProcessRow } from '../metrics/process-row.ts';
import { ageText } from './age-text.ts';
import { asShown, footLine, headLine, type KeyHint } from './top-lines.ts';
import { sortRows, type TopOrder, type TopTable } from './top-model.ts';

const BUSY_PERCENT = 80;
const WAITING_PERCENT = 10;

interface Column {
  title: string;
  width: number;
  order?: TopOrder;
  cell: (row: ProcessRow) => { text: string; role?: Role };
}

const percent = (value: number, limit: number): { text: string; role?: Role } => ({
  text: Number.isFinite(value) ? `${Math.round(value)} %` : '-',
  ...(value >= limit ? { role: 'warn' } : {}),
});

const PID_COLUMN: Column = {
  title: 'PID',
  width: 7,
  order: 'pid',
  cell: ({ pid }) => ({ text: String(pid) }),
};
const CPU: Column = {
  title: 'CPU',
  width: 6,
  order: 'cpu',
  cell: ({ cpuPercent }) => percent(cpuPercent, BUSY_PERCENT),
};
const MAIN: Column = {
  title: 'MAIN',
  width: 6,
  cell: ({ mainPercent }) => percent(mainPercent, BUSY_PERCENT),
};
const WAIT: Column = {
  title: 'WAIT',
  width: 6,
  order: 'wait',
  cell: ({ waitPercent }) => percent(waitPercent, WAITING_PERCENT),
};
const RSS: Column = {
  title: 'RSS',
  width: 8,
  order: 'rss',
  cell: ({ rssBytes }) => ({ text: formatBytes(rssBytes) }),
};
const GROWTH: Column = {
  title: 'RSS/MIN',
  width: 8,
  order: 'growth',
  cell: ({ rssPerMinute }) => growthCell(rssPerMinute),
};
const THREADS: Column = {
  title: 'THR',
  width: 4,
  cell: ({ threads }) => ({ text: Number.isFinite(threads) ? String(threads) : '-' }),
};
const AGE: Column = {
  title: 'UP',
  width: 7,
  order: 'age',
  cell: ({ uptimeSeconds }) => ({ text: ageText(uptimeSeconds) }),
};
const NODE: Column = { title: 'NODE', width: 9, cell: ({ node }) => ({ text: node ?? '-', role: 'dim' }) };
const PORT: Column = {
  title: 'PORT',
  width: 7,
  cell: ({ ports }) => ({ text: ports[0] === undefined ? '-' : `:${ports[0]}` }),
};

/** Columns by width of the terminal; the sparkline and the name take what is left. */
function columnsFor(width: number, pid: number): { columns: readonly Column[]; spark: number } {
  const PID: Column = { ...PID_COLUMN, width: Math.max(5, String(pid).length + 1) };
  if (width >= 110)
    return { columns: [PID, CPU, MAIN, WAIT, RSS, GROWTH, THREADS, AGE, NODE, PORT], spark: 20 };
  if (width >= 76) return { columns: [PID, CPU, MAIN, WAIT, RSS, GROWTH, THREADS, AGE], spark: 8 };
  if (width >= 56) return { columns: [PID, CPU, MAIN, WAIT, RSS, GROWTH], spark: 0 };
  if (width >= 34) return { columns: [PID, CPU, RSS], spark: 0 };
  return {
    columns: [
      { ...PID, width: 6 },
      { ...CPU, width: 5 },
    ],
    spark: 0,
  };
}

const KEYS: readonly KeyHint[] = [
  ['q', 'quit'],
  ['Enter', 'page'],
  ['o', 'order'],
  ['?', 'help'],
  ['s', 'stack'],
  ['p', 'profile'],
  ['d', 'doctor'],
  ['space', 'pause'],
];

/**
 * The table as exactly `height` lines of at most `style.columns` cells: head, titles, rows around the marked one, keys.
 * `height` Infinity: as many lines as there are, without keys, for a picture that is printed.
 */
export function renderTopTable(table: TopTable, style: Style, height: number): string[] {
  const isPicture = height === Number.POSITIVE_INFINITY;
  const rows = sortRows(table.rows, table.order);
  const { columns, spark } = columnsFor(style.columns, Math.max(...rows.map(({ pid }) => pid), 0));
  const running = rows.filter(({ endedMs }) => endedMs === undefined).length;
  const count = `${running} Node process${running === 1 ? '' : 'es'}`;
  const { cpuPercent, cores } = table.machine;
  const machine = Number.isFinite(cpuPercent) ? `machine ${Math.round(cpuPercent)} % of ${cores} cores` : '';
  const head = headLine(style, ['holter top', count, machine], table.clock, table.isPaused);

  const used = columns.reduce((sum, { width }) => sum + width, 0);
  const nameWidth = Math.max(4, style.columns - used - 4 - (spark === 0 ? 0 : spark + 2));
  const titles = columns
    .map(({ title, width, order }) => padStart(order === table.order ? `${title}${MARK}` : title, width))
    .join('');
  const sparkTitle = spark === 0 ? '' : `  ${padEnd(`LAST ${spark} s`, spark)}`;
  const titleLine = paint(
    style,
    'title',
    truncate(`  ${titles}${sparkTitle}  ${table.order === 'name' ? `NAME${MARK}` : 'NAME'}`, style.columns),
  );

  const draw = (row: ProcessRow): string => {
    const isMarked = row.pid === table.selected;
    const isEnded = row.endedMs !== undefined;
    const cells = columns.map(({ width, cell }) => {
      const { text, role } = cell(row);
      const padded = padStart(truncate(text, width - 1), width);
      return role === undefined || isEnded ? padded : paint(style, role, padded);
    });
    const newest = row.history.slice(-spark);
    const line = spark === 0 ? '' : `  ${padStart(sparkline(newest, newest.length, 100), spark)}`;
    const name = truncate(`${cleanText(row.name)}${isEnded ? ' (ended)' : stateNote(row)}`, nameWidth);
    const shown = isMarked && !isEnded ? paint(style, 'hot', name) : name;
    const text = `${isMarked ? '▸ ' : '  '}${cells.join('')}${line}  ${shown}`;
    return isEnded ? paint(style, 'dim', text) : text;
  };

  if (isPicture)
    return asShown([head, titleLine, ...rows.map(draw), ...(rows.length === 0 ? [NOBODY] : [])], style);
  const showsTitles = height >= 5;
  const room = Math.max(1, height - 2 - (showsTitles ? 1 : 0));
  const at = rows.findIndex(({ pid }) => pid === table.selected);
  const first = Math.max(0, Math.min(rows.length - room, at - Math.floor(room / 2)));
  const body = rows.slice(first, first + room).map(draw);
  if (rows.length === 0) body.push(truncate(NOBODY, style.columns));
  while (body.length < room) body.push('');
  const more =
    rows.length > room ? `${first + 1}-${Math.min(rows.length, first + room)} of ${rows.length}` : '';
  return asShown(
    [head, ...(showsTitles ? [titleLine] : []), ...body, footLine(style, more, KEYS)],
    style,
  ).slice(0, height);
}

const MARK = '▾';
const NOBODY = '  No Node process to be seen.';

function growthCell(perMinute: number): { text: string; role?: Role } {
  if (!Number.isFinite(perMinute)) return { text: '-' };
  if (Math.abs(perMinute) < 50e3) return { text: '0', role: 'dim' };
  const text = `${perMinute > 0 ? '+' : '-'}${formatBytes(Math.abs(perMinute))}`;
  return { text, ...(perMinute >= 10e6 ? { role: 'warn' } : {}) };
}

function stateNote({ state, problem }: ProcessRow): string {
  if (state === 'T' || state === 't') return ' (stopped)';
  if (state === 'D') return ' (disk)';
  return problem === null ? '' : ` (${problem})`;
}

import { formatBytes } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Role,
  type Style,
  textWidth,
  toAscii,
  truncate,
} from '../base/terminal-text.ts';

/** Below this width the narrow form is drawn: fewer columns, the major version only. */
const NARROW = 60;
/** From this width on the command line is shown too. */
const WIDE = 110;
const BUSY_PERCENT = 80;

/** What one line shows; NodeProcess of target/ has these fields. null = not known. */
export interface PsRow {
  pid: number;
  node: string | null;
  cpuPercent: number | null;
  rssBytes: number | null;
  uptimeSeconds: number;
  threads: number | null;
  ports: readonly number[];
  inspector: number | null;
  name: string;
  command: string;
  container: string | null;
  problem: string | null;
}

interface Cell {
  text: string;
  /** Printed after the text in `dim`: a unit. */
  unit?: string;
  role?: Role;
}

interface Column {
  title: string;
  align: 'left' | 'right';
  minWidth: number;
  /** Widest allowed; what is longer is cut with `…`. */
  maxWidth: number;
  /** Blanks before the column. */
  gap: number;
  cell: (row: PsRow) => Cell;
}

/** The table of `holter ps`, with a closing newline. Looks as in the terminal reference: 80 columns, 40 below 60. */
export function renderPs(rows: readonly PsRow[], style: Style): string {
  const lines = rows.length === 0 ? ['No Node process to be seen.'] : table(rows, style);
  lines.push(...notes(rows, style));
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

function notes(rows: readonly PsRow[], style: Style): string[] {
  const lines = rows
    .filter(({ inspector }) => inspector !== null)
    .map(({ pid, name, inspector }) => {
      const text = `inspector open  :${inspector}  ${name} (${pid})`;
      return paint(style, 'warn', truncate(cleanText(text), style.columns));
    });
  if (style.columns >= NARROW) {
    const count = rows.length === 0 ? '' : `${rows.length} Node process${rows.length === 1 ? '' : 'es'}.  `;
    const next = rows.length === 0 ? 'holter doctor -- node app.js' : 'holter doctor <pid | name | :port>';
    lines.push(`${count}${paint(style, 'cmd', next)}`);
  }
  return lines;
}

function table(rows: readonly PsRow[], style: Style): string[] {
  const columns =
    style.columns < NARROW ? NARROW_COLUMNS : [...FULL_COLUMNS, ...(style.columns >= WIDE ? [COMMAND] : [])];
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = fitWidths(columns, cells, style.columns);
  const head = columns.map(({ title, align, gap }, index) => {
    return ' '.repeat(gap) + pad(truncate(title, widths[index]!), widths[index]!, align);
  });
  return [
    paint(style, 'title', head.join('').trimEnd()),
    ...cells.map((row) =>
      row.map((cell, index) => drawCell(cell, columns[index]!, widths[index]!, style)).join(''),
    ),
  ];
}

/** Natural widths; when they do not fit, the last texts (name, container, command) give way, widest first. */
function fitWidths(columns: readonly Column[], cells: readonly Cell[][], available: number): number[] {
  const widths = columns.map(({ title, minWidth, maxWidth }, index) => {
    const natural = cells.map((row) => textWidth(row[index]!.text + (row[index]!.unit ?? '')));
    return Math.min(maxWidth, Math.max(minWidth, textWidth(title), ...natural));
  });
  const used = (): number => columns.reduce((sum, { gap }, index) => sum + gap + widths[index]!, 0);
  for (let excess = used() - available; excess > 0; excess = used() - available) {
    const flexible = columns.map(({ align }, index) => (align === 'left' ? widths[index]! : 0));
    const widest = flexible.lastIndexOf(Math.max(...flexible));
    const narrower = Math.max(4, widths[widest]! - excess);
    if (narrower === widths[widest]) break;
    // One cell at a time, so that the columns share the loss.
    widths[widest]!--;
  }
  return widths;
}

function drawCell(cell: Cell, column: Column, width: number, style: Style): string {
  const unit = cell.unit ?? '';
  const text = truncate(cell.text, Math.max(1, width - textWidth(unit)));
  const painted =
    (cell.role === undefined ? text : paint(style, cell.role, text)) + paint(style, 'dim', unit);
  return ' '.repeat(column.gap) + pad(painted, width, column.align);
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  return align === 'left' ? padEnd(text, width) : padStart(text, width);
}

const right = (title: string, minWidth: number, gap: number, cell: Column['cell']): Column => {
  return { title, align: 'right', minWidth, maxWidth: 12, gap, cell };
};
const left = (title: string, minWidth: number, maxWidth: number, cell: Column['cell']): Column => {
  return { title, align: 'left', minWidth, maxWidth, gap: 2, cell };
};

function cpuCell({ cpuPercent }: PsRow): Cell {
  if (cpuPercent === null) return { text: '-', unit: ' %' };
  return { text: cpuPercent.toFixed(0), unit: ' %', ...(cpuPercent >= BUSY_PERCENT ? { role: 'warn' } : {}) };
}

function rssCell({ rssBytes }: PsRow): Cell {
  if (rssBytes === null) return { text: '-', unit: ' MB' };
  const [number, unit] = splitUnit(formatBytes(rssBytes));
  return { text: number, unit: ` ${unit}` };
}

function splitUnit(text: string): [string, string] {
  const blank = text.lastIndexOf(' ');
  return [text.slice(0, blank), text.slice(blank + 1)];
}

function portsText({ ports }: PsRow): string {
  const [first] = ports;
  if (first === undefined) return '-';
  return ports.length === 1 ? `:${first}` : `:${first} +${ports.length - 1}`;
}

function upText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (large: number, unit: string, small: number, smallUnit: string): string => {
    return small === 0 ? `${large}${unit}` : `${large}${unit} ${small}${smallUnit}`;
  };
  if (days > 0) return two(days, 'd', hours % 24, 'h');
  if (hours > 0) return two(hours, 'h', minutes % 60, 'm');
  return minutes > 0 ? `${minutes}m` : `${Math.floor(seconds)}s`;
}

const FULL_COLUMNS: readonly Column[] = [
  right('PID', 6, 0, ({ pid }) => ({ text: String(pid) })),
  left('NODE', 7, 16, ({ node }) => ({ text: node ?? '-' })),
  right('CPU', 4, 2, cpuCell),
  right('RSS', 6, 2, rssCell),
  left('UP', 5, 8, ({ uptimeSeconds }) => ({ text: upText(uptimeSeconds) })),
  right('THR', 3, 2, ({ threads }) => ({ text: threads === null ? '-' : String(threads) })),
  left('PORT', 5, 9, (row) => ({ text: portsText(row) })),
  left('NAME', 14, 40, ({ name }) => ({ text: cleanText(name) })),
  left('CONTAINER', 9, 24, ({ container, problem }) => {
    return { text: problem ?? cleanText(container ?? '-'), role: 'dim' };
  }),
];

const COMMAND: Column = left('COMMAND', 7, 1000, ({ command }) => ({
  text: cleanText(command),
  role: 'dim',
}));

const NARROW_COLUMNS: readonly Column[] = [
  right('PID', 5, 0, ({ pid }) => ({ text: String(pid) })),
  right('NODE', 4, 2, ({ node }) => ({ text: node === null ? '-' : node.split('.')[0]! })),
  right('CPU', 4, 1, cpuCell),
  right('RSS', 6, 2, rssCell),
  left('NAME', 4, 200, ({ name, problem }) => ({ text: problem ?? cleanText(name) })),
];

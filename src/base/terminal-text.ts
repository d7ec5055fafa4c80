/**
 * Text for terminals: cleaning, widths, columns, colours by role and small drawings. Pure; knows no finding.
 * The look is that of the reference of the project's terminal pages: 16 ANSI colours so that the user's theme decides,
 * and never colour alone.
 */

/** What a piece of text means; the colour follows from it. */
export type Role = 'title' | 'crit' | 'warn' | 'note' | 'ok' | 'dim' | 'hot' | 'user' | 'cmd';

const ESC = '\u001b';

/** ECMA-48 SGR codes of each role. */
const SGR: Record<Role, string> = {
  title: '1',
  crit: '1;31',
  warn: '33',
  note: '36',
  ok: '32',
  dim: '90',
  hot: '1',
  user: '33',
  cmd: '36',
};

export interface Style {
  /** Width of the page in cells. */
  columns: number;
  color: boolean;
  /** False: only ASCII may be printed. */
  unicode: boolean;
}

/** Colours `text` for `role`; unchanged without colour or for empty text. */
export function paint(style: Pick<Style, 'color'>, role: Role, text: string): string {
  return style.color && text !== '' ? `${ESC}[${SGR[role]}m${text}${ESC}[0m` : text;
}

const ASCII_MARKS: [RegExp, string][] = [
  [/[·–—−]/g, '-'],
  [/→/g, '->'],
  [/µ/g, 'u'],
  [/▸/g, '>'],
  [/…/g, '~'],
  [/└─/g, '`-'],
  [/×/g, 'x'],
  [/[≥]/g, '>='],
  [/[“”]/g, '"'],
  [/[‘’]/g, "'"],
  [/\u2009|\u00a0/g, ' '],
  [/█/g, '#'],
];

const NOT_ASCII = new RegExp(`[^\\n${ESC} -~]`, 'gu');
const COLOUR_SEQUENCE = new RegExp(`${ESC}\\[[0-9;]*m`, 'g');

/** Replaces what a terminal without UTF-8 cannot show; sparkline steps become the digits 0–7, the rest `?`. */
export function toAscii(text: string): string {
  let plain = text.replace(/[▁▂▃▄▅▆▇]/g, (step) => String(step.charCodeAt(0) - 0x2581));
  for (const [mark, replacement] of ASCII_MARKS) plain = plain.replace(mark, replacement);
  return plain.replace(NOT_ASCII, '?');
}

/**
 * Makes a string from the target harmless on one line: control characters, escape sequences, line breaks and
 * direction marks become visible escapes or spaces. Names of functions, files, commands and source lines go through it.
 */
export function cleanText(text: string): string {
  return text
    .replace(/[\t\n\r\v\f\u2028\u2029]+/g, ' ')
    .replace(/[\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/gu, (mark) => {
      const code = mark.charCodeAt(0);
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
    })
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '?');
}

/** Cells a string takes: escape sequences none, East Asian wide characters and emoji two, combining marks none. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(COLOUR_SEQUENCE, ''))
    width += characterWidth(character.codePointAt(0)!);
  return width;
}

function characterWidth(code: number): number {
  if (code < 0x300) return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : 1;
  if (code <= 0x36f || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

/** Cuts to `width` cells, with `…` in the last one. Plain text only. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const next = characterWidth(character.codePointAt(0)!);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return width <= 0 ? '' : `${kept}…`;
}

/** Fills with spaces to `width` cells; longer text stays as it is. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** Same, text at the right edge. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}

/** Lines of at most `width` cells, broken at spaces; a longer word gets its own line, uncut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (word === '') continue;
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/**
 * Shortens a location from the left, whole folders at a time, and never the line number:
 * `app/routes/session.js:22` → `…/session.js:22`. When even the file name is too long, its head goes.
 */
export function shortenPath(location: string, width: number): string {
  if (textWidth(location) <= width) return location;
  const parts = location.split('/');
  for (let first = 1; first < parts.length; first++) {
    const short = `…/${parts.slice(first).join('/')}`;
    if (textWidth(short) <= width) return short;
  }
  const name = parts.at(-1)!;
  const tail = name.slice(Math.max(0, name.length - Math.max(1, width - 1)));
  const lineNumber = /:\d+(:\d+)?$/.exec(name)?.[0] ?? '';
  return `…${tail.length > lineNumber.length ? tail : lineNumber}`;
}

const STEPS = '▁▂▃▄▅▆▇';

/**
 * One row of block characters, oldest left. Every cell is the largest value of its share of `values`, so that no peak
 * is lost; cells without a measurement (NaN) stay blank. The scale goes from 0 to the larger of `top` and the maximum.
 */
export function sparkline(values: ArrayLike<number>, width: number, top = 0): string {
  const cells = new Array<number>(width).fill(Number.NaN);
  let max = top;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isFinite(value)) continue;
    const first = Math.floor((index * width) / values.length);
    // Fewer values than cells: each is drawn over its whole share, not as a dot between holes.
    const last = Math.max(first, Math.ceil(((index + 1) * width) / values.length) - 1);
    for (let cell = first; cell <= last && cell < width; cell++) {
      const known = cells[cell]!;
      if (Number.isNaN(known) || value > known) cells[cell] = value;
    }
    if (value > max) max = value;
  }
  return cells
    .map((value) => {
      if (Number.isNaN(value)) return ' ';
      const step = max <= 0 ? 0 : Math.floor((Math.max(0, value) / max) * STEPS.length);
      return STEPS[Math.min(STEPS.length - 1, step)]!;
    })
    .join('');
}

/** A bar of full blocks for a share of 0–1 of `cells`; beyond 1 the last cell is `▸`. At least one cell above 0. */
export function bar(share: number, cells: number): string {
  if (!(share > 0)) return '';
  if (share > 1) return `${'█'.repeat(cells - 1)}▸`;
  return '█'.repeat(Math.max(1, Math.floor(share * cells)));
}

import { cleanText, padStart, paint, type Style, truncate } from '../base/terminal-text.ts';

/** Lines of a file around a place. */
export interface SourceExcerpt {
  /** Path as in the frame. */
  file: string;
  /** 1-based. */
  line: number;
  column: number;
  /** 1-based number of `lines[0]`. */
  firstLine: number;
  lines: readonly string[];
  /** `file`: as it is on disk today. `memory`: as V8 has it. `map`: original text inside a source map. */
  from: 'file' | 'memory' | 'map';
}

/** Lines `before` and `after` a place; undefined when the text has no such line. Line and column 1-based. */
export function buildExcerpt(
  place: { file: string; line: number; column: number },
  lines: readonly string[],
  from: SourceExcerpt['from'],
  around: { before: number; after: number },
): SourceExcerpt | undefined {
  if (!(place.line >= 1 && place.line <= lines.length)) return undefined;
  const first = Math.max(1, place.line - around.before);
  return {
    ...place,
    firstLine: first,
    lines: lines.slice(first - 1, Math.min(lines.length, place.line + around.after)),
    from,
  };
}

/** Lines with their numbers, the called one marked `>` and its column by a caret below it. Minified lines are cut around the column. */
export function renderExcerpt(excerpt: SourceExcerpt, style: Style, indent = 4): string[] {
  const width = String(excerpt.firstLine + excerpt.lines.length - 1).length;
  const room = Math.max(10, style.columns - indent - width - 4);
  const common = commonIndent(excerpt.lines);
  const out: string[] = [];
  for (const [i, raw] of excerpt.lines.entries()) {
    const number = excerpt.firstLine + i;
    const isHere = number === excerpt.line;
    const column = excerpt.column - common;
    const from = isHere ? window(raw.length - common, column, room) : 0;
    const shown = cleanLine(raw.slice(common)).slice(from);
    const text = truncate(from > 0 ? `…${shown.slice(1)}` : shown, room);
    const head = `${' '.repeat(indent)}${padStart(String(number), width)} ${isHere ? '>' : ' '} `;
    out.push(
      isHere ? `${paint(style, 'hot', `${head}${text}`)}` : `${paint(style, 'dim', head)}${text}`.trimEnd(),
    );
    if (isHere && column > 0 && column - from <= room)
      out.push(`${' '.repeat(indent + width + 3 + column - 1 - from)}${paint(style, 'hot', '^')}`);
  }
  return out;
}

/** Tabs become one space, so that columns stay what they are. */
function cleanLine(text: string): string {
  return cleanText(text.replaceAll('\t', ' '));
}

function commonIndent(lines: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    if (line.trim() === '') continue;
    least = Math.min(least, /^\s*/.exec(line)![0].length);
  }
  return Number.isFinite(least) ? least : 0;
}

/** Where to begin a long line so that its column is seen. */
function window(length: number, column: number, room: number): number {
  return length <= room || column < room * 0.7 ? 0 : Math.max(0, column - Math.floor(room / 2));
}

import { padEnd, paint, type Style, textWidth, toAscii, truncate } from '../base/terminal-text.ts';

/** A key and what it does. */
export type KeyHint = readonly [key: string, does: string];

/** The first line: parts that fit, and the time at the right edge where there is room for it. */
export function headLine(style: Style, parts: readonly string[], clock: string, isPaused: boolean): string {
  const end = isPaused ? 'PAUSED' : clock;
  let text = '';
  for (const part of parts) {
    if (part === '') continue;
    const longer = text === '' ? part : `${text}  ${part}`;
    if (textWidth(longer) > style.columns && text !== '') break;
    text = longer;
  }
  text = truncate(text, style.columns);
  const fits = textWidth(text) + 2 + textWidth(end) <= style.columns;
  const left = paint(style, 'title', fits ? padEnd(text, style.columns - textWidth(end)) : text);
  if (!fits) return isPaused ? paint(style, 'warn', truncate(`${end} ${text}`, style.columns)) : left;
  return left + paint(style, isPaused ? 'warn' : 'dim', end);
}

/** The last line: what is to be told now, and the keys that fit beside it, the most needed first. */
export function footLine(
  style: Style,
  told: string,
  keys: readonly KeyHint[],
  role: 'crit' | 'warn' | 'dim' = 'dim',
): string {
  const text = truncate(told, style.columns);
  let hints = '';
  for (const [key, does] of keys) {
    const longer = hints === '' ? `${key} ${does}` : `${hints}  ${key} ${does}`;
    if (textWidth(longer) + (text === '' ? 0 : textWidth(text) + 2) > style.columns) break;
    hints = longer;
  }
  const gap = ' '.repeat(Math.max(0, style.columns - textWidth(text) - textWidth(hints)));
  return `${paint(style, role, text)}${text === '' ? '' : gap}${paint(style, 'dim', hints)}`;
}

/** Without UTF-8 every line in ASCII; a mark that has no ASCII of its own becomes one. */
export function asShown(lines: readonly string[], style: Style): string[] {
  return style.unicode ? [...lines] : lines.map((line) => toAscii(line.replaceAll('▾', '*')));
}

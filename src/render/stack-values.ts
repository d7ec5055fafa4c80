import { padEnd, paint, type Style, truncate } from '../base/terminal-text.ts';
import type { JsFrame } from '../postmortem/stack-frame.ts';
import type { Value } from '../postmortem/value.ts';
import type { StackRow } from './stack-rows.ts';
import { renderValueLine } from './value-text.ts';

/** Arguments of one frame that are shown; more are counted. */
const MOST_ARGUMENTS = 8;

/** `this` and arguments of a row, a line each, indented. Node's own frames and native ones show none: their values say little. */
export function frameValues(row: StackRow, style: Style, indent: number, _cwd: string): string[] {
  const { frame } = row;
  if (frame.kind !== 'js' || (row.party !== 'yours' && row.party !== 'dep')) return [];
  const named = namedValues(frame);
  const width = Math.min(16, Math.max(0, ...named.map(({ name }) => name.length)));
  const lead = ' '.repeat(indent);
  const lines = named.slice(0, MOST_ARGUMENTS + 1).map(({ name, value }) => {
    const head = `${lead}${padEnd(truncate(name, width), width)}  `;
    return `${paint(style, 'dim', head)}${renderValueLine(value, {
      columns: Math.max(20, style.columns - head.length),
      color: style.color,
    })}`;
  });
  if (named.length > lines.length)
    lines.push(paint(style, 'dim', `${lead}… ${named.length - lines.length} more arguments`));
  return lines;
}

/** `this` where it is told, then the arguments under their names. */
export function namedValues(frame: JsFrame): { name: string; value: Value }[] {
  return [
    ...(frame.receiver === undefined || frame.receiver.type === 'undefined'
      ? []
      : [{ name: 'this', value: frame.receiver }]),
    ...(frame.arguments ?? []).map(({ name, value }, i) => ({ name: name === '' ? `arg${i}` : name, value })),
  ];
}

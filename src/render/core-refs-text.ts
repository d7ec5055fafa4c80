import { formatBytes, formatDuration, formatNumber } from '../base/quantity.ts';
import { cleanText, paint, type Style, toAscii, truncate, wrap } from '../base/terminal-text.ts';
import { EDGE, EDGE_TYPES } from '../heap/snapshot.ts';
import type { HolderName } from '../postmortem/holder-names.ts';
import { shortPath } from './short-path.ts';
import { hexAddress } from './value-text.ts';

/** A reference in words to come: by whom, under which name. */
export interface RefRow {
  address: number;
  holder: HolderName;
  /** EDGE value; NaN: the object itself, the end of a chain. */
  type: number;
  name: string | number;
}

/** What `holter core refs` found. */
export interface RefsDescription {
  address: number;
  /** Class of the object. */
  className: string;
  bytes: number;
  kind: 'core' | 'process';
  name: string;
  pid: number;
  cwd: string;
  nodeVersion: string;
  pausedMs?: number;
  /** In the order of addresses; `total` before any was left out. */
  rows: readonly RefRow[];
  total: number;
  isCut: boolean;
  /** From the root to the object; undefined: not asked for. null: nothing leads to it. */
  chain?: { root: string; steps: readonly RefRow[] } | null;
  /** What would be free without it; undefined: not asked for. null: it is garbage already. */
  retained?: { bytes: number; objects: number } | null;
  problems: string[];
  next: string[];
}

const WIDEST = 160;
const NUMBER = new Intl.NumberFormat('en-US');

/** Lines for a terminal; ends with a line break. */
export function renderRefs(description: RefsDescription, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(30, screen.columns)) };
  const { className, address, name, pid, pausedMs, rows, total, chain, retained, cwd } = description;
  const paused = pausedMs === undefined ? '' : `, paused ${formatDuration(pausedMs)}`;
  const what = `${cleanText(className)} @${hexAddress(address)}`;
  const lines = [
    paint(
      style,
      'title',
      truncate(`holter core refs ${what}  ${cleanText(name)} (${pid})${paused}`, style.columns),
    ),
    truncate(
      `${formatBytes(description.bytes)}${
        retained === undefined
          ? ''
          : retained === null
            ? ', garbage: nothing leads to it'
            : `, retains ${formatBytes(retained.bytes)} in ${NUMBER.format(retained.objects)} objects: so much would be free without it`
      }`,
      style.columns,
    ),
    '',
  ];
  const line = (text: string, isOfUser: boolean): string =>
    paint(style, isOfUser ? 'user' : 'dim', truncate(text, style.columns));
  if (chain !== undefined) {
    lines.push(paint(style, 'title', 'How it is held, from the root'));
    if (chain === null) lines.push('  not at all: nothing leads to it, the next garbage collection frees it');
    else {
      lines.push(truncate(`  ${cleanText(chain.root)}`, style.columns));
      for (const { row, skipped } of shownSteps(chain.steps)) {
        if (skipped > 0) lines.push(paint(style, 'dim', `  > … ${formatNumber(skipped)} more like it`));
        lines.push(line(`  > ${stepText(row, cwd)}`, isOfUser(row)));
      }
    }
    lines.push('');
  }
  lines.push(
    paint(
      style,
      'title',
      truncate(
        total === 0
          ? 'No object refers to it'
          : `${description.isCut ? 'More than ' : ''}${NUMBER.format(total)} ${total === 1 ? 'reference' : 'references'} to it`,
        style.columns,
      ),
    ),
  );
  for (const row of rows) lines.push(line(`  ${stepText(row, cwd)}`, isOfUser(row)));
  if (rows.length < total)
    lines.push(paint(style, 'dim', `  ${NUMBER.format(total - rows.length)} more: --top`));
  if (total === 0 && chain === undefined) lines.push('  a stack or C++ may: --to-root looks there too', '');
  else lines.push('');
  for (const problem of new Set(description.problems))
    for (const text of wrap(cleanText(problem), style.columns - 6))
      lines.push(paint(style, 'warn', `note  ${text}`));
  for (const [i, command] of description.next.entries())
    lines.push(`${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', cleanText(command))}`);
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** `holter.core-refs/1`; each field in words: docs/formats/core-refs-json.md. */
export function buildRefsJson(description: RefsDescription): object {
  const { rows, chain, address, cwd, ...rest } = description;
  const row = (one: RefRow): object => ({
    address: hexAddress(one.address),
    kind: one.holder.kind,
    holder: one.holder.name,
    file: one.holder.url,
    line: Number.isNaN(one.holder.line) ? null : one.holder.line,
    edge: Number.isNaN(one.type) ? null : (EDGE_TYPES[one.type] ?? null),
    name: Number.isNaN(one.type) ? null : one.name,
    text: stepText(one, cwd),
  });
  return {
    schema: 'holter.core-refs/1',
    address: hexAddress(address),
    ...rest,
    references: rows.map(row),
    ...(chain === undefined
      ? {}
      : { chain: chain === null ? null : { root: chain.root, steps: chain.steps.map(row) } }),
  };
}

/** `Array @0x2f [17]`, `variable leaks of pushLeak app.js:8`. */
export function stepText({ address, holder, type, name }: RefRow, cwd: string): string {
  const place =
    holder.url === '' ? '' : `  ${cleanText(shortPath(holder.url, cwd))}:${formatNumber(holder.line)}`;
  const own = cleanText(holder.name);
  const at = `@${hexAddress(address)}`;
  const text = typeof name === 'string' ? cleanText(name) : `[${name}]`;
  if (holder.kind === 'scope' && type === EDGE.context)
    return `variable ${text} of ${own === '' ? (place === '' ? 'a scope' : 'the scope at') : own}${place}  ${at}`;
  const who =
    holder.kind === 'function'
      ? `function ${own === '' ? '(anonymous)' : own}${place}`
      : holder.kind === 'scope'
        ? `scope ${own === '' ? '' : `of ${own}`}${place}`
        : own;
  if (Number.isNaN(type)) return `${who}  ${at}`;
  switch (type) {
    case EDGE.element:
      return `${who} [${name}]  ${at}`;
    case EDGE.property:
      return `${who} .${text}  ${at}`;
    case EDGE.weak:
      return `${who} weakly  ${at}`;
    default:
      return `${who} (${typeof name === 'number' ? `slot ${name}` : text})  ${at}`;
  }
}

function isOfUser({ holder }: RefRow): boolean {
  return holder.url !== '' && !holder.url.startsWith('node:') && !holder.url.includes('/node_modules/');
}

/** Long chains of the same kind (lists) are told once. */
function shownSteps(steps: readonly RefRow[]): { row: RefRow; skipped: number }[] {
  const shown: { row: RefRow; skipped: number }[] = [];
  let skipped = 0;
  for (const [i, row] of steps.entries()) {
    const isSame = (other: RefRow | undefined): boolean =>
      other !== undefined &&
      other.holder.name === row.holder.name &&
      other.name === row.name &&
      other.type === row.type;
    if (isSame(steps[i - 1]) && isSame(steps[i - 2]) && isSame(steps[i + 1])) {
      skipped++;
      continue;
    }
    shown.push({ row, skipped });
    skipped = 0;
  }
  return shown;
}

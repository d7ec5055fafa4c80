import { formatBytes, formatDuration, formatNumber } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type { Instances } from '../postmortem/object-instances.ts';
import { buildJsonValue } from './value-json.ts';
import { hexAddress, renderValueLine } from './value-text.ts';

/** What `holter core instances` found. */
export interface InstancesDescription extends Instances {
  className: string;
  kind: 'core' | 'process';
  name: string;
  pid: number;
  nodeVersion: string;
  pausedMs?: number;
  /** Only what can be reached. */
  isLive: boolean;
  /** The condition as it was given. */
  where?: string;
  skip: number;
  problems: string[];
  next: string[];
}

const WIDEST = 200;

/** A line per object: address, size, what it holds. */
export function renderInstances(description: InstancesDescription, screen: Style): string {
  const style = { ...screen, columns: Math.min(WIDEST, Math.max(30, screen.columns)) };
  const { className, name, pid, pausedMs, total, matched, where, list, skip, isLive } = description;
  const paused = pausedMs === undefined ? '' : `, paused ${formatDuration(pausedMs)}`;
  const lines = [
    paint(
      style,
      'title',
      truncate(
        `holter core instances ${cleanText(className)}  ${cleanText(name)} (${pid})${paused}`,
        style.columns,
      ),
    ),
    truncate(
      `${formatNumber(total)} ${isLive ? 'in use' : 'objects'}${where === undefined ? '' : `, ${formatNumber(matched)} with ${cleanText(where)}`}${
        list.length < matched ? `; ${formatNumber(skip + 1)} to ${formatNumber(skip + list.length)}` : ''
      }`,
      style.columns,
    ),
    '',
  ];
  const addresses = list.map(({ address }) => `@${hexAddress(address)}`);
  const sizes = list.map(({ bytes }) => formatBytes(bytes));
  const [addressWidth, sizeWidth] = [addresses, sizes].map((texts) =>
    Math.max(0, ...texts.map((text) => textWidth(text))),
  ) as [number, number];
  const room = Math.max(10, style.columns - addressWidth - sizeWidth - 4);
  for (const [i, { value }] of list.entries()) {
    const text = renderValueLine(value, {
      columns: room,
      color: style.color,
      addresses: false,
      mostText: 80,
    });
    lines.push(
      `${paint(style, 'dim', padEnd(addresses[i]!, addressWidth))}  ${padStart(sizes[i]!, sizeWidth)}  ${text}`,
    );
  }
  if (list.length > 0) lines.push('');
  for (const problem of new Set(description.problems))
    for (const line of wrap(cleanText(problem), style.columns - 6))
      lines.push(paint(style, 'warn', `note  ${line}`));
  for (const [i, command] of description.next.entries())
    lines.push(`${i === 0 ? 'next' : '    '}  ${paint(style, 'cmd', cleanText(command))}`);
  while (lines.at(-1) === '') lines.pop();
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** Document holter.core-instances/1. */
export function buildInstancesJson(description: InstancesDescription): object {
  const {
    className,
    name,
    pid,
    pausedMs,
    isLive,
    where,
    skip,
    total,
    matched,
    list,
    losses,
    problems,
    next,
  } = description;
  return {
    schema: 'holter.core-instances/1',
    source: name,
    pid,
    node: description.nodeVersion,
    ...(pausedMs === undefined ? {} : { pausedMs }),
    className,
    ...(where === undefined ? {} : { where }),
    isLive,
    total,
    matched,
    skip,
    instances: list.map(({ address, bytes, value }) => ({
      address: hexAddress(address),
      bytes,
      value: buildJsonValue(value),
    })),
    missingBytes: losses.missingBytes,
    problems,
    next,
  };
}

import { formatBytes, formatDuration, formatNumber } from '../base/quantity.ts';
import {
  cleanText,
  padEnd,
  padStart,
  paint,
  type Style,
  toAscii,
  truncate,
  wrap,
} from '../base/terminal-text.ts';
import type { FatalMessage } from '../postmortem/fatal-message.ts';
import type { ThreadHeap } from '../postmortem/heap-spaces.ts';
import type { ImageBinary } from '../postmortem/image-binaries.ts';
import type { StackReport } from '../postmortem/stack-frame.ts';
import type { Value } from '../postmortem/value.ts';
import { buildJsonValue } from './value-json.ts';
import { hexAddress, renderValueLine } from './value-text.ts';

/** As linux/process-limits.ts reads it; Infinity: none. */
interface Limit {
  name: string;
  soft: number;
  hard: number;
  unit: string;
}

/** What `holter core info` found. */
export interface CoreInfo {
  kind: 'core' | 'process';
  name: string;
  at: string;
  pid: number;
  nodeVersion: string;
  v8Version: string;
  /** False: the layout of the nearest V8 that was measured is used. */
  isKnownV8: boolean;
  executable: string;
  pausedMs?: number;
  crash?: NonNullable<StackReport['crash']>;
  /** Why, in a few words: `uncaught exception`. */
  reason?: string;
  /** What V8 or Node wrote before the end. */
  fatal?: FatalMessage;
  /** What was thrown. */
  exception?: Value;
  argv: readonly string[];
  cwd?: string;
  /** Of the environment at start; false: now. */
  isCwdOfStart?: boolean;
  upSeconds?: number;
  limits?: readonly Limit[];
  /** Undefined: not measured for this V8. */
  heaps: readonly ThreadHeap[] | undefined;
  /** `NAME=value`, where asked for. */
  environment?: readonly string[];
  threads: number;
  /** Of all mappings, whether they are in the file or not. */
  memoryBytes: number;
  binaries: readonly ImageBinary[];
  problems: readonly string[];
}

const MATCH: Readonly<Record<ImageBinary['match'], string>> = {
  right: 'the build that ran',
  other: 'ANOTHER BUILD than the one that ran: not used',
  missing: 'not here: names of its functions are missing',
  unknown: 'build not known',
};

/** What a signal that ends a Node process means. */
const SIGNALS: Readonly<Record<string, string>> = {
  SIGABRT: 'it ended itself with abort()',
  SIGTRAP: 'V8 ended it on purpose, at a trap in its code',
  SIGILL: 'V8 ended it on purpose, or a bad instruction',
  SIGSEGV: 'native code used memory that is not there',
  SIGBUS: 'memory behind a file or a device was not there',
  SIGFPE: 'native code divided by zero',
  SIGQUIT: 'somebody sent SIGQUIT, to get this core',
  SIGSYS: 'a system call was forbidden (seccomp)',
};

/** Limits that explain something; `--json` has all. */
const SHOWN_LIMITS: Readonly<Record<string, string>> = {
  'Max open files': 'open files',
  'Max core file size': 'core file',
  'Max address space': 'address space',
  'Max stack size': 'stack',
};
const LEFT = 14;
/** Lines of a stack that an error has kept. */
const MOST_STACK = 8;

/** Lines for a terminal. */
export function renderCoreInfo(info: CoreInfo, style: Style): string {
  const width = Math.max(20, style.columns);
  const paused = info.pausedMs === undefined ? '' : `  paused ${formatDuration(info.pausedMs)}`;
  const lines = [
    paint(style, 'title', truncate(`holter core info  ${cleanText(info.name)}${paused}`, width)),
    '',
  ];
  const row = (name: string, text: string): void => {
    const [first = '', ...rest] = wrap(cleanText(text), Math.max(20, width - LEFT));
    lines.push(
      `${paint(style, 'dim', padEnd(name, LEFT))}${first}`,
      ...rest.map((line) => `${' '.repeat(LEFT)}${line}`),
    );
  };
  row('process', `${info.pid}, ${info.threads} threads`);
  row(
    'node',
    `${info.nodeVersion || 'unknown'}, V8 ${info.v8Version || 'unknown'}${info.isKnownV8 ? '' : ' (not measured: the nearest known layout is used)'}`,
  );
  if (info.crash !== undefined) {
    const { name, address } = info.crash;
    const meaning = SIGNALS[name];
    row(
      'died of',
      `${name}${meaning === undefined ? '' : `: ${meaning}`}${address === undefined ? '' : `, address 0x${address.toString(16)}`}`,
    );
  }
  if (info.reason !== undefined) row('because', info.reason);
  if (info.fatal !== undefined) {
    row('message', info.fatal.text);
    row('', `(from ${info.fatal.from})`);
  }
  if (info.exception !== undefined)
    for (const [i, line] of thrownLines(info.exception).entries()) row(i === 0 ? 'thrown' : '', line);
  if (info.argv.length > 0) row('command', info.argv.join(' '));
  if (info.cwd !== undefined)
    row('folder', `${info.cwd}${info.isCwdOfStart === true ? ' (where it was started)' : ''}`);
  if (info.upSeconds !== undefined) row('up', formatDuration(info.upSeconds * 1000));
  row(info.kind === 'core' ? 'written' : 'seen', info.at);
  row('memory', `${formatBytes(info.memoryBytes)} of address space`);
  if (info.limits !== undefined) row('limits', limitsText(info.limits));
  lines.push(...heapLines(info, style, width));
  if (info.environment !== undefined) {
    lines.push('', 'environment, as at start');
    for (const variable of info.environment) lines.push(truncate(`  ${cleanText(variable)}`, width));
  }
  lines.push('', 'binaries');
  for (const { path, match, buildId } of info.binaries) {
    lines.push(truncate(`  ${cleanText(path)}`, width));
    lines.push(
      paint(
        style,
        match === 'right' ? 'dim' : 'warn',
        truncate(`    ${MATCH[match]}${buildId === '' ? '' : `  ${buildId}`}`, width),
      ),
    );
  }
  for (const problem of info.problems) lines.push(...wrap(`! ${cleanText(problem)}`, width));
  const text = `${lines.join('\n')}\n`;
  return style.unicode ? text : toAscii(text);
}

/** Class, message and own properties; then the frames of its stack, where it is text already. */
function thrownLines(value: Value): string[] {
  const options = { columns: 400, color: false };
  if (value.type !== 'object' || value.kind !== 'error') return [renderValueLine(value, options)];
  const head = `${value.className}: ${value.text ?? ''}`;
  const own = (value.properties ?? []).flatMap((one) =>
    one.isEnumerable && one.value !== undefined ? [`${one.key}: ${renderValueLine(one.value, options)}`] : [],
  );
  const stack = stackOf(value);
  const frames = stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '));
  return [
    `${head}  @${hexAddress(value.address)}`,
    ...(own.length === 0 ? [] : [`{ ${own.join(', ')} }`]),
    ...frames.slice(0, MOST_STACK),
    ...(frames.length > MOST_STACK ? [`${frames.length - MOST_STACK} more frames`] : []),
  ];
}

function stackOf(value: Value): string {
  if (value.type !== 'object') return '';
  const found = value.properties?.find(({ key }) => /^(?:\[\[)?stack(?:\]\])?$/i.test(key))?.value;
  return found?.type === 'string' ? found.text : '';
}

function limitsText(limits: readonly Limit[]): string {
  return Object.entries(SHOWN_LIMITS)
    .flatMap(([name, short]) => {
      const limit = limits.find((one) => one.name === name);
      return limit === undefined ? [] : [`${short} ${amount(limit.soft, limit.unit)}`];
    })
    .join(', ');
}

function amount(value: number, unit: string): string {
  if (value === Number.POSITIVE_INFINITY) return 'unlimited';
  return unit === 'bytes' ? formatBytes(value) : formatNumber(value);
}

function heapLines(info: CoreInfo, style: Style, width: number): string[] {
  if (info.heaps === undefined)
    return ['', paint(style, 'dim', truncate('heap spaces: not measured for this V8', width))];
  const lines: string[] = [];
  const label = width < 50 ? 15 : 20;
  for (const { tid, spaces, limitBytes } of info.heaps) {
    const who = tid === info.pid ? 'main thread' : `worker (tid ${tid})`;
    const limit = Number.isNaN(limitBytes) ? '' : `, limit of the old generation ${formatBytes(limitBytes)}`;
    lines.push('', truncate(`heap of the ${who}${limit}`, width));
    lines.push(
      paint(style, 'dim', `  ${padEnd('', label)}${padStart('used', 10)}${padStart('committed', 11)}`),
    );
    for (const { name, usedBytes, committedBytes } of spaces) {
      if (committedBytes === 0 || (Number.isNaN(committedBytes) && Number.isNaN(usedBytes))) continue;
      const text = name.replace(/_space$/, '').replaceAll('_', ' ');
      lines.push(
        `  ${padEnd(truncate(text, label), label)}${padStart(formatBytes(usedBytes), 10)}${padStart(formatBytes(committedBytes), 11)}`,
      );
    }
  }
  return lines;
}

/** `holter.core-info/1`, docs/formats/core-json.md. */
export function buildInfoJson(info: CoreInfo): object {
  const { crash, reason, fatal, exception, limits, ...rest } = info;
  return {
    schema: 'holter.core-info/1',
    ...rest,
    ...(crash === undefined
      ? {}
      : {
          crash: {
            signal: crash.signal,
            name: crash.name,
            ...(SIGNALS[crash.name] === undefined ? {} : { meaning: SIGNALS[crash.name] }),
            ...(crash.address === undefined ? {} : { address: hexAddress(crash.address) }),
            ...(reason === undefined ? {} : { reason }),
            ...(fatal === undefined ? {} : { message: fatal.text, messageFrom: fatal.from }),
            ...(exception === undefined ? {} : { exception: buildJsonValue(exception) }),
          },
        }),
    // JSON has no Infinity: null is no limit.
    ...(limits === undefined ? {} : { limits }),
  };
}

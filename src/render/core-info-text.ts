import { formatBytes } from '../base/quantity.ts';
import { cleanText, padEnd, paint, type Style, truncate, wrap } from '../base/terminal-text.ts';
import type { ImageBinary } from '../postmortem/image-binaries.ts';
import type { StackReport } from '../postmortem/stack-frame.ts';

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
  crash?: NonNullable<StackReport['crash']>;
  argv: readonly string[];
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

/** Lines for a terminal. */
export function renderCoreInfo(info: CoreInfo, style: Style): string {
  const width = style.columns;
  const lines = [truncate(`holter core info  ${cleanText(info.name)}`, width), ''];
  const row = (name: string, text: string): void => {
    const [first = '', ...rest] = wrap(cleanText(text), Math.max(20, width - 14));
    lines.push(
      `${paint(style, 'dim', padEnd(name, 14))}${first}`,
      ...rest.map((line) => `${' '.repeat(14)}${line}`),
    );
  };
  row('process', `${info.pid}, ${info.threads} threads`);
  row(
    'node',
    `${info.nodeVersion || 'unknown'}, V8 ${info.v8Version || 'unknown'}${info.isKnownV8 ? '' : ' (not measured: the nearest known layout is used)'}`,
  );
  if (info.crash !== undefined) {
    const { name, address } = info.crash;
    row('died of', `${name}${address === undefined ? '' : `, address 0x${address.toString(16)}`}`);
  }
  if (info.argv.length > 0) row('command', info.argv.join(' '));
  row(info.kind === 'core' ? 'written' : 'seen', info.at);
  row('memory', `${formatBytes(info.memoryBytes)} of address space`);
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
  return `${lines.join('\n')}\n`;
}

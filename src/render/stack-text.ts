import { formatDuration, formatNumber } from '../base/quantity.ts';
import { cleanText } from '../base/terminal-text.ts';
import type { ThreadMovement } from '../postmortem/compare-looks.ts';
import type { ThreadStack } from '../postmortem/stack-frame.ts';
import type { StackDocument } from './stack-document.ts';
import { nameOfFrame } from './stack-names.ts';

/** `paused 31 ms, left`, `3 looks, paused 12-31 ms, left`, `was stopped before, left so`; '' for a core. */
export function pauseText({ pausesMs, wasStopped }: StackDocument): string {
  if (wasStopped) return 'was stopped before, left so';
  const real = pausesMs.filter(Number.isFinite);
  if (pausesMs.length === 0) return '';
  if (real.length === 0 || Math.max(...real) === 0) return 'not paused';
  const [least, most] = [Math.min(...real), Math.max(...real)].map((ms) => formatDuration(ms)) as [
    string,
    string,
  ];
  if (pausesMs.length === 1) return `paused ${most}, left`;
  const range = least === most ? most : `${least.replace(/ ms$/, '')}-${most}`;
  return `${pausesMs.length} looks, paused ${range}, left`;
}

/** What several looks at a thread showed, in a few words; '' for one look. */
export function movementText(movement: ThreadMovement | undefined): string {
  if (movement === undefined) return '';
  const span = `${(movement.spanMs / 1000).toFixed(1)} s`;
  const within = movement.within === undefined ? '' : nameOfFrame(movement.within);
  const { lines } = movement;
  switch (movement.kind) {
    case 'same':
      return `same place for ${span}`;
    case 'line':
      return lines.length > 1
        ? `in ${within} for ${span}, lines ${lines[0]}-${lines.at(-1)}`
        : `in ${within} for ${span}, moving`;
    case 'below':
      return `in ${within} for ${span}, what it calls changes`;
    case 'moved':
      return 'moved: nothing in common';
    case 'idle':
      return `idle each time, ${span}`;
  }
}

/** The sentence a page or an assistant begins with: what the main (or crashing) thread does, where, and for how long. */
export function stackHeadline(document: StackDocument): string {
  const [first] = document.report.threads;
  const thread = document.report.threads.find(({ role }) => role === 'main') ?? first;
  if (thread === undefined) return 'no thread could be read';
  const movement = document.movements.find(({ tid }) => tid === thread.tid);
  const moved = movementText(movement);
  return `${thread.state}${moved === '' ? '' : `, ${moved}`}`;
}

/** Signal and what is known of the reason: `SIGSEGV at 0x0`. */
export function crashText({ report, reason }: StackDocument): string {
  const { crash } = report;
  const told = reason === undefined ? '' : cleanText(reason);
  if (crash === undefined) return told;
  const at = crash.address === undefined ? '' : ` at 0x${crash.address.toString(16)}`;
  return `${crash.name}${at}${told === '' ? '' : `: ${told}`}`;
}

/** How many threads of what kinds are not shown with their frames. */
export function threadCount(threads: readonly ThreadStack[]): string {
  return `${formatNumber(threads.length)} ${threads.length === 1 ? 'thread' : 'threads'}`;
}

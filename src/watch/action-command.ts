import { join } from 'node:path';
import type { Bytes, Milliseconds } from '../base/units.ts';
import type { Action } from './rules.ts';

/** Arguments of holter for one action, and how long it may take. */
export interface HolterCall {
  args: readonly string[];
  limitMs: Milliseconds;
}

/** Beyond the time an action is given: attaching, writing, and reading the sources. */
const EXTRA_MS: Milliseconds = 120_000;

/**
 * How holter is called for an action; undefined for those that are no capture. `--yes`: who writes a rule has agreed to
 * the pause, and want of memory was looked at before.
 * @param subject a pid, or the path of a core
 * @param folder of the event's recording
 */
export function holterCall(action: Action, subject: string, folder: string): HolterCall | undefined {
  const out = (name: string): string => join(folder, name);
  const seconds = (ms: Milliseconds): string => `${ms / 1000}s`;
  switch (action.do) {
    case 'stack':
      return {
        args: [
          'stack',
          subject,
          '--threads',
          '--values',
          '--yes',
          '-o',
          out('stack.json'),
          '-o',
          out('stack.md'),
        ],
        limitMs: EXTRA_MS,
      };
    case 'report':
      return { args: ['report', subject, '-o', out('report.json')], limitMs: EXTRA_MS };
    case 'profile':
      return {
        args: ['cpu', subject, '-d', seconds(action.forMs), '--yes', '-o', out('profile'), '--json'],
        limitMs: action.forMs + EXTRA_MS,
      };
    case 'doctor':
      return {
        args: /^\d+$/.test(subject)
          ? ['doctor', subject, '-d', seconds(action.forMs), '--yes', '-o', out('doctor'), '--json']
          : ['doctor', subject, '-o', out('doctor'), '--json'],
        limitMs: action.forMs + EXTRA_MS,
      };
    case 'async':
      return {
        args: ['async', subject, '-d', seconds(action.forMs), '-o', out('async'), '--json'],
        limitMs: action.forMs + EXTRA_MS,
      };
    case 'histogram':
      return {
        args: [
          'heap',
          'histogram',
          subject,
          ...(action.forMs > 0 ? ['-d', seconds(action.forMs)] : []),
          '--yes',
          '-o',
          out('histogram'),
          '--json',
        ],
        limitMs: action.forMs + 5 * EXTRA_MS,
      };
    case 'snapshot':
      return {
        args: [
          'heap',
          'snapshot',
          subject,
          ...(action.againMs > 0 ? ['-d', seconds(action.againMs)] : []),
          '--yes',
          '-o',
          out('heap'),
          '--json',
        ],
        limitMs: action.againMs + 10 * EXTRA_MS,
      };
    case 'core':
      return {
        args: [
          'core',
          'take',
          subject,
          ...(action.jsHeapOnly ? ['--js-heap-only'] : []),
          '--yes',
          '-o',
          out('core'),
          '--json',
        ],
        limitMs: 5 * EXTRA_MS,
      };
    case 'run':
    case 'webhook':
      return undefined;
  }
}

/** The difference of the two snapshots of an action. */
export function diffCall(folder: string): HolterCall {
  const heap = (name: string): string => join(folder, 'heap', name);
  return {
    args: [
      'heap',
      'diff',
      heap('heap-1.heapsnapshot'),
      heap('heap-2.heapsnapshot'),
      '--no-index',
      '-o',
      join(folder, 'heap-diff.md'),
      '-o',
      join(folder, 'heap-diff.json'),
    ],
    limitMs: 5 * EXTRA_MS,
  };
}

/**
 * Why an action must not be done for want of memory; undefined: it may. A snapshot builds its graph in the memory of the
 * process: 13 times the heap, which is at most its RSS (src/visit/heap-need.ts).
 */
export function memoryRefusal(
  action: Action,
  room: { availableBytes: Bytes; leastBytes: Bytes; fits: (what: 'snapshot' | 'histogram') => boolean },
): string | undefined {
  if (room.availableBytes < room.leastBytes) return 'the machine is short of memory';
  if ((action.do === 'snapshot' || action.do === 'histogram') && !room.fits(action.do))
    return `not enough memory for a ${action.do}: the process would probably be killed`;
  return undefined;
}

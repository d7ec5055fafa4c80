import { formatNumber } from '../base/quantity.ts';
import type { CallTree } from '../cpu/call-tree.ts';
import { splitTime } from '../cpu/time-split.ts';
import type { KernelTime } from '../recording/manifest.ts';

/** Points of the whole, and factor, by which samples may fall short of what the kernel counted. */
const MISSED_SHARE = 0.05;
const MISSED_FACTOR = 1.5;
/** Share of the time a thread could have run that it waited for a CPU, and share of the whole. */
const MUCH_WAITING = 0.1;
const LEAST_WAITING = 0.05;
/** Two sides of a comparison that waited this much differently are not alike. */
const UNLIKE_WAITING = 0.05;
/** Below this interval a still shorter one is no advice. */
const SHORT_INTERVAL_US = 200;

/**
 * What the kernel's count says about a CPU profile, in sentences. V8 samples at even intervals: a loop that is woken by
 * the same clock and works for less than an interval hides between two samples, and a thread that waits for a CPU counts
 * as busy. Both are seen in no profile.
 */
export function kernelTimeNotes(tree: CallTree, kernelTime: KernelTime | undefined): string[] {
  if (kernelTime === undefined || tree.unit !== 'microseconds' || !(kernelTime.seconds > 0)) return [];
  const { busy, total } = splitTime(tree);
  const sampled = total > 0 ? busy / total : 0;
  const counted = kernelTime.runMs / 1000 / kernelTime.seconds;
  const notes: string[] = [];
  if (counted - sampled >= MISSED_SHARE && counted >= MISSED_FACTOR * sampled) {
    const intervalUs = total / Math.max(1, tree.samples.time.length);
    const advice = intervalUs > SHORT_INTERVAL_US ? '; --interval 100us sees them' : '';
    notes.push(
      `the kernel counted ${percent(counted)} CPU for the main thread, the samples show ${percent(sampled)}: it works in ` +
        `bursts between two samples, so shares of the busy time may be wrong too${advice}`,
    );
  }
  const waiting = waitShare(kernelTime);
  if (waiting >= MUCH_WAITING && kernelTime.waitMs / 1000 / kernelTime.seconds >= LEAST_WAITING)
    notes.push(
      `the main thread waited for a free CPU ${percent(waiting)} of the time it could have run (taken by other processes, or ` +
        'by its own GC threads): functions look slower than they are',
    );
  return notes;
}

/** What two sides have to be corrected by before times per request are compared, and the sentence that says so. */
export interface WaitingCorrection {
  runShare: { before: number; after: number };
  note: string | undefined;
}

/**
 * On a busy machine a thread waits for a CPU with a request half done, and V8 samples it all the same: time per request
 * rises with other people's work. The kernel's count takes that out. Undefined where one side has none.
 */
export function waitingCorrection(
  before: KernelTime | undefined,
  after: KernelTime | undefined,
): WaitingCorrection | undefined {
  if (before === undefined || after === undefined) return undefined;
  const [was, is] = [waitShare(before), waitShare(after)];
  return {
    runShare: { before: 1 - was, after: 1 - is },
    note:
      Math.abs(is - was) < UNLIKE_WAITING
        ? undefined
        : `the threads waited for a free CPU ${percent(was)} of the time they could have run before, ${percent(is)} after: ` +
          'the machine was not equally busy; times per request are without that wait',
  };
}

function waitShare({ runMs, waitMs }: KernelTime): number {
  return runMs + waitMs > 0 ? waitMs / (runMs + waitMs) : 0;
}

function percent(share: number): string {
  return `${formatNumber(share * 100)} %`;
}

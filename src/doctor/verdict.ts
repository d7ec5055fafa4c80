import { formatDuration, formatNumber, formatPercent, formatWindow } from '../base/quantity.ts';
import type { Evidence } from './evidence.ts';
import type { Facts } from './facts.ts';
import { p99Of } from './machine-facts.ts';
import type { Finding, Where } from './report.ts';

/**
 * One sentence: state, share, function, verb, place. The most severe finding speaks; without one, how the window ended
 * and how near the nearest value came to its limit.
 */
export function buildVerdict(evidence: Evidence, facts: Facts, findings: readonly Finding[]): string {
  const { end } = evidence.manifest.window;
  const first = findings.find((finding) => finding.suspended !== true);
  const died =
    end.kind === 'target-exited'
      ? `Exited ${formatWindow(end.atMs / 1000)} into the window${end.how === '' ? '' : ` (${end.how})`}`
      : '';
  if (first !== undefined) {
    const sentence = sentenceOf(first, evidence, facts);
    const suspended = findings.filter((finding) => finding.suspended === true).length;
    const behind = suspended > 0 ? ` (${suspended} suspended: look again when the machine is free)` : '';
    return died === '' ? `${sentence}${behind}` : `${died}; before that: ${sentence}`;
  }
  if (evidence.core !== undefined)
    return evidence.core.crash === null
      ? 'Nothing wrong to be seen in this core: the main thread was idle, and nothing fills the heap'
      : `Ended by ${evidence.core.crash.signal}${evidence.core.crash.reason === '' ? '' : `: ${evidence.core.crash.reason}`}; no cause was found in the core`;
  if (died !== '') return `${died}; nothing wrong found before that`;
  const window = formatWindow(evidence.manifest.window.seconds);
  const delay = p99Of(evidence.vitals, 'loop.delay_ms');
  // Late turns alone are what every server at capacity has: say so instead of naming a limit that was passed.
  const nearest =
    delay > DELAY_LIMIT_MS
      ? `the loop is up to ${formatDuration(delay)} late (p99), but no single call holds it${facts.isSaturated ? '; the main thread is at capacity' : ''}`
      : nearestToLimit(evidence, facts);
  const outside = evidence.manifest.access === 'outside' ? ', seen from outside only' : '';
  return `Nothing wrong found in ${window}${outside}${nearest === '' ? '' : `; ${nearest}`}`;
}

function sentenceOf(finding: Finding, evidence: Evidence, facts: Facts): string {
  const place = finding.where[0];
  const at = placeText(place);
  switch (finding.kind) {
    case 'event-loop-blocked': {
      const share = finding.evidence.find((line) => line.signal.startsWith('time in stretches'))?.value ?? 0;
      const call = finding.evidence.find((line) => line.signal.startsWith('one call'))?.value ?? 0;
      return `The event loop is blocked ${formatPercent(share)} of the time: ${nameOf(place)} runs ${formatDuration(call)} at a stretch${at}`;
    }
    case 'event-loop-stuck':
      return place === undefined || evidence.core !== undefined || evidence.box !== undefined
        ? finding.title
        : `Stuck in ${nameOf(place)}${at} for at least ${formatDuration(evidence.stuck?.ms ?? facts.windowMs)}`;
    case 'cpu-starved':
    case 'out-of-memory-risk':
      return finding.title;
    default:
      return `${finding.title}${at}`;
  }
}

function nameOf(place: Where | undefined): string {
  if (place === undefined) return 'native code';
  return place.function === '' || place.function === '(anonymous)' ? 'an anonymous function' : place.function;
}

function placeText(place: Where | undefined): string {
  return place === undefined || place.file === '' ? '' : ` at ${place.file}:${place.line}`;
}

const DELAY_LIMIT_MS = 50;

/** The signal that used most of what it may, with both numbers. Saturation of CPU alone is no trouble: not listed. */
function nearestToLimit(evidence: Evidence, facts: Facts): string {
  const { heapLimitBytes, memoryLimitBytes } = evidence.manifest.target;
  const rss = evidence.vitals.series.get('memory.rss_bytes')?.value.at(-1) ?? Number.NaN;
  const candidates: [string, number, number, string][] = [
    ['garbage collection', facts.gc.percent, 10, '%'],
    ['run-queue wait', facts.machine.waitMedian, 50, '%'],
    ['main thread CPU', facts.machine.cpuMedian, 100, '%'],
    ['event-loop delay p99', p99Of(evidence.vitals, 'loop.delay_ms'), DELAY_LIMIT_MS, 'ms'],
    ['heap after GC', (facts.heap.liveBytes / (heapLimitBytes ?? Number.NaN)) * 100, 85, '%'],
    ['RSS of the container limit', (rss / (memoryLimitBytes ?? Number.NaN)) * 100, 90, '%'],
  ];
  const known = candidates.filter(([, value]) => Number.isFinite(value));
  known.sort((a, b) => b[1] / b[2] - a[1] / a[2]);
  const top = known[0];
  return top === undefined
    ? ''
    : `nearest to its limit: ${top[0]} ${formatNumber(top[1])} ${top[3]} of ${formatNumber(top[2])} ${top[3]}`;
}

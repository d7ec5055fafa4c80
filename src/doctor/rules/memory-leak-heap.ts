import { formatBytes, formatDuration, formatPercent, formatWindow } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import { heaviestSite } from '../allocation-site.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { isGrowing } from '../memory-growth.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

const LIMIT_SITE_SHARE = 0.3;
/** Part of the growth that the sampled allocations of the place must explain. */
const LIMIT_SITE_OF_GROWTH = 0.2;
const YOUNG_SECONDS = 60;

/**
 * What stays alive on the V8 heap after full collections grows, and one place allocates it.
 *
 *     used    ╱╲ ╱╲ ╱╲▕ full GC, forced at the end: live = 74 MB
 *     early low 61 MB ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔  → at least 13 MB kept in this window
 *
 * Statistic: exact live size after a forced full collection against the lowest size of the first third (memory-growth.ts),
 * without one the Theil–Sen slope of at least five full collections, lower 95 % bound; and sampled allocations made in
 * the window that are still alive, charged to the user's functions. Threshold: growth ≥ 2.5 MB and ≥ 2 % of the live
 * heap, not levelled off in the last third; one function ≥ 30 % of the bytes alive and ≥ 20 % of the growth. Reason:
 * code that warms up grows too, but by compiled code and caches spread over many places, most of them V8's own.
 * A cache that is being filled looks the same in ten seconds: confidence stays ≤ 0.7 for a process younger than a minute.
 */
export const memoryLeakHeap: Rule = {
  kind: 'memory-leak-heap',
  needs: ['gc'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { heap } = facts;
    if (evidence.allocation === undefined || !isGrowing(heap)) return [];
    const site = heaviestSite(evidence, evidence.allocation);
    if (site === undefined || site.share < LIMIT_SITE_SHARE) return [];
    if (site.bytes < LIMIT_SITE_OF_GROWTH * heap.growthBytes) return [];
    const place = site.blame.places[0]!;
    // An unknown start is not a reason to claim more.
    const young = !(facts.uptime >= YOUNG_SECONDS);
    const minutes = heap.bytesPerMinute;
    const kept = evidenceLine(`kept from ${place.function}`, site.share * 100, '%', LIMIT_SITE_SHARE * 100);
    kept.text = `${formatPercent(site.share * 100)} of what was allocated in the window and is still alive (${formatBytes(site.bytes)} sampled) was allocated in ${place.function}.`;
    const alive = evidenceLine('alive after GC', heap.liveBytes / 1e6, 'MB', null);
    alive.text =
      heap.proof === 'lows'
        ? `${formatBytes(heap.liveBytes)} alive after the last full collection; ${heap.lows} full collections rise by ${formatBytes(minutes)} a minute.`
        : `${formatBytes(heap.liveBytes)} alive after a forced full collection, against at most ${formatBytes(heap.earlyBytes)} early in the window.`;
    const source = excerptOf(evidence, site.blame);
    const confidence =
      0.72 +
      (heap.proof === 'exact' ? 0.12 : heap.proof === 'forced' ? 0.1 : 0.04) +
      (site.share >= 0.6 ? 0.06 : 0) +
      (heap.continuing === true ? 0.05 : 0);
    return [
      {
        kind: 'memory-leak-heap',
        problem: 'memory-growth',
        severity: heap.growthBytes >= 0.1 * heap.liveBytes || minutes >= 60e6 ? 'critical' : 'warning',
        confidence: confidenceOf(young ? Math.min(0.7, confidence) : confidence),
        title: `The heap grows ${formatBytes(minutes)} a minute with objects ${callName(place)} allocates`,
        evidence: [
          evidenceLine('growth after GC', minutes / 1e6, 'MB/min', null),
          evidenceLine(
            'certain growth',
            heap.growthBytes / 1e6,
            'MB',
            Math.max(2.5, (0.02 * heap.liveBytes) / 1e6),
          ),
          alive,
          kept,
        ],
        where: whereOf(site.blame.places, evidence.manifest.target.cwd),
        advice: adviceFor('memory-leak-heap', young ? 'young' : '', {
          window: formatWindow(facts.windowMs / 1000),
          uptime: Number.isFinite(facts.uptime) ? formatDuration(facts.uptime * 1000) : 'a short time',
        }),
        next: nextCommands(evidence, 'allocations'),
        ...(source === undefined ? {} : { source }),
      },
    ];
  },
};

import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatPercent,
  formatWindow,
} from '../../base/quantity.ts';
import type { BlamedPlace } from '../../cpu/call-chain.ts';
import { adviceFor } from '../advice.ts';
import { heaviestSite } from '../allocation-site.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, displayPath, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import type { KeptGrowth } from '../kept-growth.ts';
import { isGrowing } from '../memory-growth.ts';
import { nextCommands } from '../next-commands.ts';
import type { EvidenceLine, Finding, Where } from '../report.ts';
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
 * With two heap snapshots (`--heap`) the class that piles up and its holder are named too, and stand in for the one
 * allocating function where there is none.
 * A cache that is being filled looks the same in ten seconds: confidence stays ≤ 0.7 for a process younger than a minute.
 */
export const memoryLeakHeap: Rule = {
  kind: 'memory-leak-heap',
  needs: ['gc'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { heap } = facts;
    if (evidence.allocation === undefined || !isGrowing(heap)) return [];
    const { kept } = evidence;
    const heaviest = heaviestSite(evidence, evidence.allocation);
    const site =
      heaviest !== undefined &&
      heaviest.share >= LIMIT_SITE_SHARE &&
      heaviest.bytes >= LIMIT_SITE_OF_GROWTH * heap.growthBytes
        ? heaviest
        : undefined;
    // Without one place that allocates it two snapshots may still tell what piles up and where.
    if (site === undefined && kept === undefined) return [];
    const place = site?.blame.places[0];
    // An unknown start is not a reason to claim more.
    const young = !(facts.uptime >= YOUNG_SECONDS);
    const minutes = heap.bytesPerMinute;
    const alive = evidenceLine('alive after GC', heap.liveBytes / 1e6, 'MB', null);
    alive.text =
      heap.proof === 'lows'
        ? `${formatBytes(heap.liveBytes)} alive after the last full collection; ${heap.lows} full collections rise by ${formatBytes(minutes)} a minute.`
        : `${formatBytes(heap.liveBytes)} alive after a forced full collection, against at most ${formatBytes(heap.earlyBytes)} early in the window.`;
    const source = site === undefined ? undefined : excerptOf(evidence, site.blame);
    const confidence =
      0.72 +
      (heap.proof === 'exact' ? 0.12 : heap.proof === 'forced' ? 0.1 : 0.04) +
      ((site?.share ?? 0) >= 0.6 ? 0.06 : 0) +
      (kept?.holder === undefined ? 0 : 0.05) +
      (heap.continuing === true ? 0.05 : 0);
    return [
      {
        kind: 'memory-leak-heap',
        problem: 'memory-growth',
        severity: heap.growthBytes >= 0.1 * heap.liveBytes || minutes >= 60e6 ? 'critical' : 'warning',
        confidence: confidenceOf(young ? Math.min(0.7, confidence) : confidence),
        title: titleOf(minutes, kept, place),
        evidence: [
          evidenceLine('growth after GC', minutes / 1e6, 'MB/min', null),
          evidenceLine(
            'certain growth',
            heap.growthBytes / 1e6,
            'MB',
            Math.max(2.5, (0.02 * heap.liveBytes) / 1e6),
          ),
          alive,
          ...(site === undefined || place === undefined ? [] : [siteLine(site, place)]),
          ...(kept === undefined ? [] : [keptLine(kept)]),
        ],
        where: [
          ...(site === undefined ? [] : whereOf(site.blame.places, evidence.manifest.target.cwd)),
          ...(kept === undefined ? [] : keptPlaces(kept, site === undefined, evidence.manifest.target.cwd)),
        ],
        advice: adviceFor('memory-leak-heap', young ? 'young' : '', {
          window: formatWindow(facts.windowMs / 1000),
          uptime: Number.isFinite(facts.uptime) ? formatDuration(facts.uptime * 1000) : 'a short time',
        }),
        next: nextCommands(evidence, 'heap'),
        ...(source === undefined ? {} : { source }),
      },
    ];
  },
};

/** `The heap grows 12 MB a minute: Order objects in module history.js > placed (Array), allocated by placeOrder`. */
function titleOf(perMinute: number, kept: KeptGrowth | undefined, place: BlamedPlace | undefined): string {
  const grows = `The heap grows ${formatBytes(perMinute)} a minute`;
  if (kept === undefined) return `${grows} with objects ${callName(place)} allocates`;
  const held = kept.holder === undefined ? '' : ` in ${kept.holder.text}`;
  return `${grows}: ${kept.className} objects${held}${place === undefined ? '' : `, allocated by ${callName(place)}`}`;
}

function siteLine(site: { share: number; bytes: number }, place: BlamedPlace): EvidenceLine {
  const line = evidenceLine(`kept from ${place.function}`, site.share * 100, '%', LIMIT_SITE_SHARE * 100);
  line.text = `${formatPercent(site.share * 100)} of what was allocated in the window and is still alive (${formatBytes(site.bytes)} sampled) was allocated in ${place.function}.`;
  return line;
}

function keptLine(kept: KeptGrowth): EvidenceLine {
  const line = evidenceLine(`more ${kept.className} objects`, kept.added, '', null);
  line.text = `Two heap snapshots ${formatDuration(kept.spanMs)} apart: ${formatNumber(kept.added)} more ${kept.className} objects, which keep ${formatBytes(kept.bytes)} alive${kept.holder === undefined ? '' : `; ${formatNumber(kept.holder.held)} of them are held by ${kept.holder.text}`}.`;
  return line;
}

/** Where the class stands; before it, where nothing better is known, where the holder belongs. */
function keptPlaces(kept: KeptGrowth, withHolder: boolean, cwd: string): Where[] {
  const places: Where[] = [];
  const held = withHolder ? kept.holder?.place : undefined;
  if (held !== undefined && held.line > 0)
    places.push({ ...held, function: held.function, file: displayPath(held.file, cwd), share: null });
  const at = /^(.*?):(\d+)(?::(\d+))?$/.exec(kept.classPlace);
  if (at !== null)
    places.push({
      function: kept.className,
      file: displayPath(at[1]!, cwd),
      line: Number(at[2]),
      column: Number(at[3] ?? 0),
      share: null,
      package: '',
    });
  return places;
}

import { formatBytes, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import { heaviestExternalSite, heaviestSite } from '../allocation-site.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { summaryOf } from '../machine-facts.ts';
import { isGrowing } from '../memory-growth.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/** Buffers in flight come in megabytes at once, so the bar is higher than for objects. */
const LEAST_GROWTH = 4_000_000;
const LIMIT_SITE_SHARE = 0.3;
const LIMIT_SITE_OF_GROWTH = 0.2;
/** Of what was allocated; Buffers in flight of a busy server are a few percent. */
const LIMIT_KEPT_SHARE = 0.2;
const YOUNG_SECONDS = 60;

/**
 * Buffers and other memory outside of the V8 heap stay alive after full collections and grow.
 *
 *     heapUsed   ▄▄▄▄▄▄▄▄▄▄
 *     external   ▁▂▂▃▃▄▅▅▆▇      the heap looks healthy while the process grows
 *
 * Statistic: as memory-leak-heap, on `external` (which counts ArrayBuffers); Buffer allocations recorded with their
 * stack while it grew, and how much of each is still referenced. Threshold: certain growth ≥ 4 MB and ≥ 2 %, not
 * levelled off; where stacks were recorded, one function holds ≥ 30 % of the bytes alive and they explain ≥ 20 % of the
 * growth, with ≥ 20 % of what it allocated kept. Reason: uploads and proxies hold megabytes in flight, but a full
 * collection takes back what was sent, and what is in flight is a small part of what went through.
 */
export const memoryLeakExternal: Rule = {
  kind: 'memory-leak-external',
  needs: ['gc'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const growth = facts.external;
    if (!isGrowing(growth, LEAST_GROWTH)) return [];
    const seen = heaviestExternalSite(evidence);
    // Typed arrays are not made through Buffer; their small objects on the heap still show who makes them.
    const wrappers = evidence.external.length === 0 && evidence.allocation !== undefined;
    const maker = wrappers ? heaviestSite(evidence, evidence.allocation!) : undefined;
    const site = maker !== undefined && maker.share >= LIMIT_SITE_SHARE ? maker : seen;
    if (evidence.external.length > 0) {
      if (site === undefined || site.share < LIMIT_SITE_SHARE) return [];
      if (site.keptShare < LIMIT_KEPT_SHARE) return [];
      if (site.bytes < LIMIT_SITE_OF_GROWTH * growth.growthBytes * seenShare(evidence)) return [];
    } else if (growth.proof !== 'exact' && growth.growthBytes < 2 * LEAST_GROWTH) {
      return [];
    }
    const place = site?.blame.places[0];
    const minutes = growth.bytesPerMinute;
    const rss = summaryOf(evidence.vitals, 'memory.rss_bytes');
    const alive = evidenceLine('external alive after GC', growth.liveBytes / 1e6, 'MB', null);
    alive.text = `${formatBytes(growth.liveBytes)} outside of the heap alive after a full collection, against at most ${formatBytes(growth.earlyBytes)} early in the window.`;
    const lines = [
      evidenceLine('growth after GC', minutes / 1e6, 'MB/min', null),
      evidenceLine(
        'certain growth',
        growth.growthBytes / 1e6,
        'MB',
        Math.max(4, (0.02 * growth.liveBytes) / 1e6),
      ),
      alive,
    ];
    if (Number.isFinite(rss.max)) lines.push(evidenceLine('RSS', rss.max / 1e6, 'MB', null));
    if (site !== undefined) {
      const kept = evidenceLine(
        `kept from ${place!.function}`,
        site.share * 100,
        '%',
        LIMIT_SITE_SHARE * 100,
      );
      kept.text = wrappers
        ? `${formatPercent(site.share * 100)} of the objects made in the window and still alive come from ${place!.function}; they hold the memory.`
        : `${formatPercent(site.share * 100)} of the Buffers allocated while we looked and still referenced (${formatBytes(site.bytes)}) come from ${place!.function}.`;
      lines.push(kept);
    }
    const source = site === undefined ? undefined : excerptOf(evidence, site.blame);
    const young = !(facts.uptime >= YOUNG_SECONDS);
    const confidence =
      (site === undefined ? 0.55 : wrappers ? 0.68 : 0.78) +
      (growth.proof === 'lows' ? 0 : 0.08) +
      ((site?.share ?? 0) >= 0.6 ? 0.05 : 0) +
      (growth.continuing === true ? 0.05 : 0);
    return [
      {
        kind: 'memory-leak-external',
        problem: 'memory-growth',
        severity: growth.growthBytes >= 0.2 * growth.liveBytes || minutes >= 60e6 ? 'critical' : 'warning',
        confidence: confidenceOf(young ? Math.min(0.75, confidence) : confidence),
        title: `Memory outside of the heap grows ${formatBytes(minutes)} a minute${
          place === undefined ? '' : ` with Buffers ${callName(place)} allocates`
        }`,
        evidence: lines,
        where: site === undefined ? [] : whereOf(site.blame.places, evidence.manifest.target.cwd),
        advice: adviceFor('memory-leak-external', ''),
        next: nextCommands(evidence, 'after-fix'),
        ...(source === undefined ? {} : { source }),
      },
    ];
  },
};

/** Recording stacks begins only once growth is suspected, so it sees a part of the window: half is a safe guess. */
function seenShare(evidence: Evidence): number {
  const file = evidence.manifest.files.find((each) => each.kind === 'external-allocations');
  const windowMs = evidence.vitals.seconds * 1000;
  if (file?.fromMs === undefined || windowMs <= 0) return 0.5;
  return Math.max(0, Math.min(1, ((file.toMs ?? windowMs) - file.fromMs) / windowMs));
}

import { formatPercent } from '../../base/quantity.ts';
import { type Blame, blameFunction } from '../../cpu/blame.ts';
import type { CallTree } from '../../cpu/call-tree.ts';
import { attributeGc } from '../../cpu/gc-callers.ts';
import { adviceFor } from '../advice.ts';
import { heaviestSite } from '../allocation-site.ts';
import { chargeWork } from '../charged-work.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { callName, confidenceOf, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

const LIMIT_PERCENT = 10;
/** For a process whose collections are nearly all young ones: those grow with throughput and healthy peaks reach 8 %. */
const LIMIT_YOUNG_PERCENT = 15;
const CRITICAL_PERCENT = 25;

/**
 * Garbage collection takes a large part of the main thread.
 *
 *     gc   ▁▁▁▂▁▁▁▁▂▁      1–5 %: normal churn
 *     gc   ▄▆▅▇▅▆▅▆▇▅      30 %: every third millisecond goes into cleaning up
 *
 * Statistic: pauses of the main isolate (GC events, run-queue wait taken out in proportion) as share of the window; the
 * profile's `(garbage collector)` as second witness. Threshold: ≥ 10 %, or ≥ 15 % when at least nine tenths of it are
 * young collections; the profile must show at least half of that. Reason: healthy servers at full load spend 1–5 %,
 * rarely 8; concurrent threads compete on a busy machine and stretch young pauses first.
 * Named: the function that allocates most, from sampled allocations including what was freed, else from who ran just
 * before collections.
 */
export const gcPressure: Rule = {
  kind: 'gc-pressure',
  needs: ['gc'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { gc } = facts;
    if (facts.stuck && gc.percent < CRITICAL_PERCENT) return [];
    const limit = gc.majorShare >= 0.1 ? LIMIT_PERCENT : LIMIT_YOUNG_PERCENT;
    if (!(gc.percent >= limit)) return [];
    if (Number.isFinite(gc.profilePercent) && gc.profilePercent < limit / 2) return [];
    const allocator = findAllocator(evidence);
    const blame = allocator?.blame;
    const place = blame?.places[0];
    const live = facts.heap.liveBytes / (evidence.manifest.target.heapLimitBytes ?? Number.NaN);
    const lines = [
      evidenceLine('garbage collection', gc.percent, '%', limit),
      ...(Number.isFinite(gc.profilePercent)
        ? [evidenceLine('GC in the CPU profile', gc.profilePercent, '%', limit)]
        : []),
      evidenceLine('longest pause', gc.longestMs, 'ms', null),
      evidenceLine('full collections', gc.major / (facts.windowMs / 1000), '/s', null),
    ];
    if (allocator !== undefined) {
      const line = evidenceLine(allocator.signal, blame!.share * 100, '%', null);
      line.text = `${formatPercent(blame!.share * 100)} of ${allocator.words} in ${place!.function}.`;
      lines.push(line);
    }
    if (Number.isFinite(live))
      lines.push(evidenceLine('heap in use after GC', live * 100, '%', 85, live >= 0.85 ? 'above' : 'below'));
    const source = blame === undefined ? undefined : excerptOf(evidence, blame);
    return [
      {
        kind: 'gc-pressure',
        problem: 'cpu-high-serving',
        severity: gc.percent >= CRITICAL_PERCENT ? 'critical' : 'warning',
        confidence: confidenceOf(
          0.78 +
            Math.min(0.12, (gc.percent - limit) / 100) +
            (gc.profilePercent >= limit ? 0.06 : 0) -
            (blame === undefined ? 0.1 : 0),
        ),
        title: `Garbage collection takes ${formatPercent(gc.percent)} of the main thread${
          place === undefined ? '' : `; ${callName(place)} allocates most of it`
        }`,
        evidence: lines,
        where: blame === undefined ? [] : whereOf(blame.places, evidence.manifest.target.cwd),
        advice: adviceFor('gc-pressure', live >= 0.85 ? 'near-limit' : '', {
          function: place === undefined ? undefined : callName(place),
        }),
        next: nextCommands(evidence, 'garbage'),
        ...(source === undefined ? {} : { source }),
        alsoExplains: ['slow-throughput'],
      },
    ];
  },
};

interface Allocator {
  blame: Blame;
  signal: string;
  words: string;
}

function findAllocator(evidence: Evidence): Allocator | undefined {
  // V8 of Node 18 ignores the wish to keep freed allocations: what it gives is alive, not garbage.
  const tellsFreed = !evidence.manifest.target.node.startsWith('18.');
  const all = tellsFreed ? evidence.allocationAll : undefined;
  const sampled = all && heaviestBlame(evidence, all);
  if (sampled !== undefined) {
    return {
      blame: sampled,
      signal: `allocated in ${sampled.places[0]!.function}`,
      words: 'all sampled allocations were made',
    };
  }
  const { main } = evidence;
  const began = main && whereGcBegan(evidence, main);
  if (began !== undefined) {
    return { blame: began, signal: `GC began in ${began.places[0]!.function}`, words: 'GC time began' };
  }
  const alive = evidence.allocation && heaviestBlame(evidence, evidence.allocation);
  return (
    alive && {
      blame: alive,
      signal: `kept from ${alive.places[0]!.function}`,
      words: 'what is kept was allocated',
    }
  );
}

/** The function most allocations are charged to, if it has a tenth of them. */
function heaviestBlame(evidence: Evidence, tree: CallTree): Blame | undefined {
  const site = heaviestSite(evidence, tree);
  return site === undefined || site.share < 0.1 ? undefined : site.blame;
}

/** The function in which most GC time began: collections start inside an allocation. */
function whereGcBegan(evidence: Evidence, tree: CallTree): Blame | undefined {
  const weight = attributeGc(tree);
  const { owner } = chargeWork(tree, true);
  const byFrame = new Map<number, number>();
  for (let node = 0; node < tree.length; node++) {
    if (weight[node]! > 0 && owner[node]! >= 0) {
      byFrame.set(owner[node]!, (byFrame.get(owner[node]!) ?? 0) + weight[node]!);
    }
  }
  const best = [...byFrame].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0];
  return best === undefined ? undefined : blameFunction(tree, weight, best[0], optionsOf(evidence));
}

function optionsOf(evidence: Evidence): { sources: Evidence['sources']; stacks: Evidence['blockStacks'] } {
  return { sources: evidence.sources, stacks: evidence.blockStacks };
}

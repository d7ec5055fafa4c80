import { formatNumber } from '../base/quantity.ts';
import { tierOfClass } from './compare-kept.ts';
import { findHolders } from './find-holders.ts';
import type { Heap } from './heap.ts';
import { DETECTORS, type Detector, type Suspect, type SuspectReport } from './suspect.ts';
import { findAccumulations } from './suspect-accumulation.ts';
import { type Candidate, largest, retainedOf, sharedBytes, topmost } from './suspect-candidate.ts';
import { findClosures } from './suspect-closures.ts';
import { findGrowth, type Growth, measureGrowth } from './suspect-growth.ts';
import { findListeners } from './suspect-listeners.ts';
import { findDuplicateModules } from './suspect-modules.ts';
import { findPackages } from './suspect-packages.ts';
import { findPendingPromises } from './suspect-promises.ts';
import { findDuplicateStrings } from './suspect-strings.ts';
import { type Survey, surveyHeap } from './suspect-survey.ts';
import { findTimers } from './suspect-timers.ts';
import { findWaste } from './suspect-waste.ts';

export interface SuspectOptions {
  /** An older snapshot of the same program: what grew since. */
  before?: Heap;
  /** Between the two, for growth per minute. */
  minutesBetween?: number;
  /** Most suspects returned, default 20. */
  limit?: number;
}

/** Two claims are the same when they share this part of both, and one is part of the other when of it. */
const SAME = 0.6;

/** Which of two claims about the same bytes says more: the cause before the place before the fact that it grew. */
const PRECISION: readonly Detector[] = [
  'timers',
  'listeners',
  'pending-promises',
  'duplicate-modules',
  'closures',
  'waste',
  'duplicate-strings',
  'external-memory',
  'shared-holders',
  'accumulation',
  'packages',
  'growth',
];

/**
 * What is wrong with a heap, by the bytes it explains: twelve detectors (docs/heap-suspects.md), claims about the same
 * bytes merged. Empty for a healthy process. Makes `heap.classes`, `heap.retainers` and `heap.scripts`.
 */
export function findSuspects(heap: Heap, options: SuspectOptions = {}): SuspectReport {
  const survey = surveyHeap(heap);
  const growth = options.before === undefined ? undefined : measureGrowth(options.before, heap);
  const candidates = [
    ...findAccumulations(survey),
    ...findTimers(survey),
    ...findListeners(survey),
    ...findPendingPromises(survey),
    ...findClosures(survey),
    ...findWaste(survey),
    ...findDuplicateStrings(survey),
    ...findPackages(survey),
    ...findDuplicateModules(survey),
    ...(growth === undefined ? [] : findGrowth(survey, growth)),
  ];
  const merged = merge(survey, candidates);
  const suspects = merged.map((candidate) => toSuspect(survey, candidate, growth, options));
  const heard = new Set(candidates.map(({ detector }) => detector));
  return {
    suspects: suspects.slice(0, options.limit ?? 20),
    explained: explainedShare(survey, merged),
    quiet: DETECTORS.filter(
      (detector) => !heard.has(detector) && (growth !== undefined || detector !== 'growth'),
    ),
  };
}

/**
 * Claims in the order of bytes; one that shares 60 % of its bytes with an earlier claim is the same when the earlier one
 * shares as much with it (the more precise detector keeps the word, the other becomes evidence), else a part of it.
 */
function merge(survey: Survey, candidates: readonly Candidate[]): Candidate[] {
  const { heap } = survey;
  const size = new Map(candidates.map((each) => [each, retainedOf(heap, each.roots)]));
  const sorted = [...candidates].sort(
    (a, b) =>
      (size.get(b) as number) - (size.get(a) as number) || precision(a, survey) - precision(b, survey),
  );
  const kept: Candidate[] = [];
  for (const candidate of sorted) {
    let isPart = false;
    for (let i = 0; i < kept.length && !isPart; i++) {
      const other = kept[i] as Candidate;
      const shared = sharedBytes(heap, candidate.roots, other.roots);
      if (shared === 0 || shared < SAME * (size.get(candidate) as number)) continue;
      isPart = true;
      if (shared >= SAME * (size.get(other) as number)) {
        const [best, rest] =
          precision(candidate, survey) < precision(other, survey) ? [candidate, other] : [other, candidate];
        kept[i] = unite(best, rest);
        size.set(kept[i] as Candidate, size.get(other) as number);
      } else other.evidence.push(`in it: ${titleOf(candidate)}`);
    }
    if (!isPart) kept.push(candidate);
  }
  return kept.sort((a, b) => b.bytes - a.bytes);
}

function precision({ detector, classRow }: Candidate, { heap }: Survey): number {
  // `Array × 24` says less than whose they are.
  const isVague =
    detector === 'accumulation' && classRow >= 0 && tierOfClass(heap.classes.name[classRow] as string) > 0;
  return isVague ? PRECISION.indexOf('packages') + 0.5 : PRECISION.indexOf(detector);
}

/** Detectors that say what is wrong with objects but not who keeps them. */
const NEEDS_HOLDER = new Set<Detector>([
  'pending-promises',
  'waste',
  'duplicate-strings',
  'duplicate-modules',
  'packages',
  'growth',
]);

function unite(best: Candidate, rest: Candidate): Candidate {
  const known = new Set(best.holders?.map(({ node }) => node));
  const growth = best.growth ?? rest.growth;
  const more = NEEDS_HOLDER.has(best.detector);
  const title = `also ${titleOf(rest)}`;
  return {
    ...best,
    classRow: best.classRow < 0 ? rest.classRow : best.classRow,
    ...(more && rest.holders !== undefined
      ? {
          holders: [...(best.holders ?? []), ...rest.holders.filter(({ node }) => !known.has(node))].slice(
            0,
            5,
          ),
        }
      : {}),
    place: best.place ?? rest.place,
    evidence:
      more && rest.what !== best.what && !best.evidence.includes(title)
        ? [...best.evidence, title]
        : best.evidence,
    ...(growth === undefined ? {} : { growth }),
  };
}

function titleOf({ what, count }: Candidate): string {
  return count === 1 ? what : `${what} × ${formatNumber(count)}`;
}

function toSuspect(
  { heap, total }: Survey,
  candidate: Candidate,
  growth: Growth | undefined,
  { minutesBetween }: SuspectOptions,
): Suspect {
  const holders = candidate.holders ?? findHolders(heap, candidate.roots);
  const first = holders[0];
  const grown =
    candidate.growth ??
    (candidate.classRow < 0
      ? undefined
      : growth?.byClass.get(heap.classes.name[candidate.classRow] as string));
  const title = first === undefined ? titleOf(candidate) : `${titleOf(candidate)} in ${first.text}`;
  return {
    detector: candidate.detector,
    title,
    what: candidate.what,
    count: candidate.count,
    bytes: candidate.bytes,
    bytesAre: candidate.bytesAre,
    share: total === 0 ? 0 : candidate.bytes / total,
    holders,
    place: candidate.place ?? first?.place,
    ...(grown === undefined || (grown.count === 0 && grown.bytes === 0)
      ? {}
      : {
          growth: {
            ...grown,
            ...(minutesBetween !== undefined && minutesBetween > 0
              ? { perMinute: grown.count / minutesBetween }
              : {}),
          },
        }),
    evidence: candidate.evidence,
    advice: candidate.advice,
    nodes: candidate.nodes ?? [
      ...(first === undefined ? [] : [first.node]),
      ...largest(heap, candidate.roots, 3).filter((node) => node !== first?.node),
    ],
  };
}

function explainedShare({ heap, total }: Survey, candidates: readonly Candidate[]): number {
  if (total === 0) return 0;
  let count = 0;
  for (const { roots } of candidates) count += roots.length;
  const all = new Uint32Array(count);
  let at = 0;
  for (const { roots } of candidates) {
    all.set(roots, at);
    at += roots.length;
  }
  return Math.min(1, retainedOf(heap, topmost(heap, all)) / total);
}

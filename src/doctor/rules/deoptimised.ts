import { formatNumber, formatPercent } from '../../base/quantity.ts';
import { type Blame, blameFunction, weighFunctions } from '../../cpu/blame.ts';
import { CATEGORIES, type CallTree, type StackFrame } from '../../cpu/call-tree.ts';
import { classOfDeopt, type DeoptClass } from '../../cpu/deopt-reason.ts';
import { adviceFor } from '../advice.ts';
import type { DeoptEvidence, Evidence } from '../evidence.ts';
import { callName, confidenceOf, displayPath, evidenceLine, excerptOf, whereOf } from '../finding.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/**
 * V8 optimises a function that matters, throws the code away, optimises it again, without end.
 *
 *     warming up    ▇▃▁▁▁▁▁▁▁▁   each function once or twice, then never again       → healthy
 *     loop          ▅▅▅▅▅▅▅▅▅▅   the same function again in every stretch of time    → finding
 *
 * Statistic: deoptimisations by the function whose optimised code was thrown away, from the records of V8's own CPU
 * profiler (postmortem/profiler-deopts.ts), counted in two stretches after the first third of the window; time of the
 * function with what it calls, of the thread's busy time. Threshold: at least one in each stretch, 3 at one place or 6
 * in all, 30 a minute; and 10 % of the busy time. Reason: code that is optimised too early is corrected a few times,
 * each time with better knowledge, so the number of corrections is bounded; only what the program does anew each time
 * (changing a prototype, reaching code that never ran) goes on in the second stretch as in the first. A function below
 * 10 % could not give back more than that. Steps from one kind of code to the next (on-stack replacement) are no loss
 * and not counted. 60 a minute are a warning, 600 with half of the busy time critical: a function that is thrown back ten
 * times a second hardly runs optimised at all (measured: 13–28 times slower, on Node 18–26).
 */
export const deoptimised: Rule = {
  kind: 'deoptimised',
  needs: ['deopts', 'profile'],
  judge(evidence: Evidence): Finding[] {
    const { deopts, main } = evidence;
    if (deopts === undefined || main === undefined || !(deopts.observedMs > 0)) return [];
    const weight = busyWeight(main);
    const { total, all } = weighFunctions(main, weight);
    return groupByFunction(deopts, main)
      .flatMap((group) => {
        const share = total[group.frame]! / (all || 1);
        const perMinute = (group.count / deopts.observedMs) * 60_000;
        return isLoop(group) && perMinute >= LIMIT_PER_MINUTE && share >= LIMIT_SHARE
          ? [{ group, share, perMinute }]
          : [];
      })
      .sort((a, b) => b.share * b.group.count - a.share * a.group.count)
      .slice(0, MOST_FINDINGS)
      .map(({ group, share, perMinute }) => describe(evidence, main, weight, group, share, perMinute));
  },
};

const LIMIT_PER_MINUTE = 30;
const LIMIT_SHARE = 0.1;
const LIMIT_AT_PLACE = 3;
const LIMIT_COUNT = 6;
const MOST_FINDINGS = 2;

type Site = DeoptEvidence['sites'][number];

/** Deoptimisations of one function. */
interface Group {
  /** Row of the function in the frame table. */
  frame: number;
  count: number;
  /** By stretch. */
  counts: number[];
  /** Most frequent first. */
  sites: Site[];
}

function groupByFunction(deopts: DeoptEvidence, main: CallTree): Group[] {
  const groups = new Map<number, Group>();
  for (const site of deopts.sites) {
    const owner = site.frames.at(-1);
    if (owner === undefined || classOfDeopt(site.reason) === undefined) continue;
    const frame = rowOf(main, owner);
    if (frame < 0) continue;
    const group = groups.get(frame) ?? { frame, count: 0, counts: site.counts.map(() => 0), sites: [] };
    group.sites.push(site);
    for (const [at, count] of site.counts.entries()) {
      group.counts[at] = (group.counts[at] ?? 0) + count;
      group.count += count;
    }
    groups.set(frame, group);
  }
  for (const { sites } of groups.values()) sites.sort((a, b) => countOf(b) - countOf(a));
  return [...groups.values()];
}

/** The function of the profile a place is in: of its name, or else the last that begins before it; -1 when none does. */
function rowOf({ frames }: CallTree, place: StackFrame): number {
  let named = -1;
  let nearest = -1;
  for (let frame = 0; frame < frames.length; frame++) {
    const line = frames.line[frame]!;
    if (line > place.line || line === 0 || frames.file[frame] !== place.file) continue;
    if (nearest < 0 || line > frames.line[nearest]!) nearest = frame;
    if (frames.name[frame] === place.function && (named < 0 || line > frames.line[named]!)) named = frame;
  }
  return named >= 0 ? named : nearest;
}

function countOf({ counts }: Site): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function isLoop({ count, counts, sites }: Group): boolean {
  const persists = counts.length >= 2 && counts.every((each) => each > 0);
  return persists && (count >= LIMIT_COUNT || countOf(sites[0]!) >= LIMIT_AT_PLACE);
}

function busyWeight(main: CallTree): Float64Array {
  const idle = CATEGORIES.indexOf('idle');
  return main.self.map((value, node) => (main.frames.category[main.frame[node]!] === idle ? 0 : value));
}

function describe(
  evidence: Evidence,
  main: CallTree,
  weight: Float64Array,
  group: Group,
  share: number,
  perMinute: number,
): Finding {
  const { cwd } = evidence.manifest.target;
  const top = group.sites[0]!;
  const kind = classOfGroup(group);
  const blame = placed(
    blameFunction(main, weight, group.frame, { sources: evidence.sources, stacks: evidence.blockStacks }),
    top,
  );
  const owner = callName(ownerOf(blame, top));
  const place = blame.places[0]!;
  const at = `${displayPath(place.file, cwd).split('/').at(-1)}:${place.line}`;
  const source = excerptOf(evidence, blame);
  const places = group.sites.length;
  return {
    kind: 'deoptimised',
    problem: 'cpu-high-serving',
    severity: perMinute >= 600 && share >= 0.5 ? 'critical' : perMinute >= 60 ? 'warning' : 'note',
    confidence: confidenceOf(0.7 + Math.min(0.2, Math.log10(group.count) / 12) + (share >= 0.3 ? 0.05 : 0)),
    title: `V8 throws the optimised code of ${owner} away ${frequency(perMinute)}: ${WORDS[kind]} (${at})`,
    evidence: [
      evidenceLine(`deoptimisations of ${owner}`, Math.round(perMinute), '/min', LIMIT_PER_MINUTE),
      evidenceLine(`time in ${owner} and what it calls`, share * 100, '%', LIMIT_SHARE * 100),
      {
        signal: 'reason',
        value: countOf(top),
        unit: 'times',
        limit: null,
        sense: 'above',
        text: `${reasonText(top.reason)} at ${at}; ${places === 1 ? 'always there' : `${places} places in all`}.`,
      },
    ],
    where: whereOf(blame.places, cwd),
    advice: adviceFor('deoptimised', place.package === '' ? kind : 'dependency', {
      function: owner,
      place: at,
      share: formatPercent(share * 100),
      reason: top.reason === '(unknown)' ? 'made invalid by a change' : top.reason,
    }),
    next: nextCommands(evidence, 'cpu'),
    ...(source === undefined ? {} : { source }),
    alsoExplains: ['slow-throughput'],
  };
}

/** `(unknown)` is what V8 says of code that something else has made invalid. */
function reasonText(reason: string): string {
  return reason === '(unknown)'
    ? 'V8 gives no reason of its own, “(unknown)”: the code was made invalid by a change while it ran,'
    : `V8’s reason, most often: “${reason}”`;
}

const WORDS: Record<DeoptClass, string> = {
  shapes: 'objects of ever other shapes come along',
  numbers: 'numbers of another kind come along',
  types: 'values of another type come along',
  bounds: 'an index leaves its array, or the array changes',
  unseen: 'it keeps reaching code that has never run before',
  callee: 'it keeps calling other functions than before',
  changed: 'something it relies on is changed, a prototype or a class',
  other: 'what it was made for is no longer true',
};

/** Of most deoptimisations of the function. */
function classOfGroup({ sites }: Group): DeoptClass {
  const counts = new Map<DeoptClass, number>();
  for (const site of sites) {
    const kind = classOfDeopt(site.reason) ?? 'other';
    counts.set(kind, (counts.get(kind) ?? 0) + countOf(site));
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'other';
}

/** The exact place first, then the functions it was built into, then the callers of the function. */
function placed(blame: Blame, { frames }: Site): Blame {
  const [first, ...callers] = blame.places;
  const chain = frames.map((frame, at) => ({
    function:
      at === frames.length - 1 || frame.function === '' ? nameOf(frame, first!.function) : frame.function,
    file: frame.file,
    line: frame.line,
    column: frame.column,
    share: at === frames.length - 1 ? first!.share : null,
    package: frame.party === 'core' ? 'node' : frame.package,
  }));
  return { ...blame, places: [...chain, ...callers] };
}

function nameOf(frame: StackFrame, known: string): string {
  return frame.function === '' ? known : frame.function;
}

function ownerOf(blame: Blame, { frames }: Site): Blame['places'][number] | undefined {
  return blame.places[frames.length - 1];
}

function frequency(perMinute: number): string {
  return perMinute >= 90
    ? `${formatNumber(Math.round(perMinute / 60))} times a second`
    : `${formatNumber(Math.round(perMinute))} times a minute`;
}

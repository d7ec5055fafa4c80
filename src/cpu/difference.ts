import { HolterError } from '../base/errors.ts';
import type { Bytes, Seconds, Share } from '../base/units.ts';
import type { CallTree, Party } from './call-tree.ts';
import { CATEGORIES, PARTIES } from './call-tree.ts';
import { chargeUserFunctions } from './charged.ts';
import { differenceNotes } from './difference-notes.ts';
import { aggregateFunctions } from './functions.ts';
import { type FunctionMatch, matchFunctions } from './match-functions.ts';
import { estimateDesignEffects } from './sample-noise.ts';
import { judgeOverall, judgeTogether, type Measured, measure, scoreChange } from './significance.ts';
import { sumUp, uniteTrees } from './union-tree.ts';

export { exceedsLimit, type LimitBreach, listBreaches, parseChangeLimit } from './change-limit.ts';

/** What makes two profiles comparable. */
export type Normalisation =
  /** Shares of the busy time: what changed within the mix. */
  | { by: 'total' }
  /** Weight per request: what one request costs. */
  | { by: 'requests'; before: number; after: number }
  /** As recorded. */
  | { by: 'nothing' };

/** One function (name and file; lines move between versions) in both profiles. */
export interface DifferenceRow {
  name: string;
  file: string;
  /** Line in the later profile, else in the earlier; 1-based, 0 unknown. */
  line: number;
  party: Party;
  package: string;
  /** Normalised: share of busy time (0–1), weight per request, or plain weight. */
  selfBefore: number;
  selfAfter: number;
  totalBefore: number;
  totalAfter: number;
  /** after − before, and relative to before (Infinity when it is new). Of self. */
  delta: number;
  relative: number;
  /** Same of total. */
  totalDelta: number;
  /**
   * z score of the self difference, see cpu/significance.ts; ±Infinity where nothing was sampled.
   * `significant`: more than chance, judged together with all other rows, and at least 10 samples in both together.
   */
  z: number;
  significant: boolean;
  /** Charged weight (own and what it called outside of the user's code), for functions of the user; else 0. */
  chargedBefore: number;
  chargedAfter: number;
  chargedDelta: number;
  chargedZ: number;
  chargedSignificant: boolean;
}

/** One side of a comparison, as recorded. */
export interface DifferenceInput {
  name: string;
  /** Weight that is not idle, and with idle. */
  busy: number;
  total: number;
  /** Length in seconds, 0 for trees without time. */
  seconds: Seconds;
  /** Samples that are not idle; of allocations, their estimated number; 0 = not sampled. */
  samples: number;
  requests?: number;
  recordedAt?: string;
}

/** Two profiles over one tree. `rows`: significant ones first, then by |delta|. */
export interface ProfileDifference {
  normalisation: Normalisation['by'];
  unit: CallTree['unit'];
  /** Union of both trees, idle left out; `self` and `total` are those of AFTER on the scale of the rows. */
  tree: CallTree;
  /** Self and total weight of BEFORE by node of `tree`, on the same scale. */
  before: { self: Float64Array; total: Float64Array };
  rows: DifferenceRow[];
  /** Busy weight and samples of each input as recorded, and what they are called. */
  inputs: Record<'before' | 'after', DifferenceInput>;
  /**
   * Change of the whole, relative to before: weight per request (`microseconds per request`), by total the busy share of
   * time (0–1, `busy share of time`), by nothing and for allocations and counts the busy weight (`microseconds`, `bytes`, `samples`).
   */
  overall: { before: number; after: number; relative: number; unit: string; z: number; significant: boolean };
  /** Warnings in sentences: few samples, swapped inputs, different units or intervals. */
  notes: string[];
}

export interface DifferenceOptions {
  normalise: Normalisation;
  beforeName?: string;
  afterName?: string;
  beforeRecordedAt?: string;
  afterRecordedAt?: string;
  /**
   * Share of each side's busy time that its threads ran rather than waited for a CPU, as the kernel counted it (0–1, default
   * 1). V8 samples a waiting thread like a running one; weights per request and as recorded are multiplied with it. Shares
   * of the busy time stay as they are.
   */
  runShare?: { before: Share; after: Share };
  /** Bytes between two allocation samples, for trees of bytes (default 32 kB, V8's own default). */
  allocationInterval?: Bytes;
}

export type CompareProfiles = (
  before: CallTree,
  after: CallTree,
  options: DifferenceOptions,
) => ProfileDifference;

/** A rise the user wants to fail on: `--fail-on '+5%'` is `{relative: 0.05}`; see cpu/change-limit.ts. */
export type ChangeLimit = { relative: Share };

/**
 * Compares two profiles; the base comes first. Functions are matched by {@link matchFunctions}, stacks by their functions.
 * Idle is left out on both sides. Time and memory grow with the nodes of both trees; depth does not matter.
 * @throws HolterError E_USAGE for trees of different units, or numbers of requests that are not above 0
 */
export function compareProfiles(
  before: CallTree,
  after: CallTree,
  options: DifferenceOptions,
): ProfileDifference {
  const { normalise } = options;
  if (before.unit !== after.unit)
    throw new HolterError(
      'E_USAGE',
      `cannot compare: ${options.beforeName ?? 'before'} is in ${before.unit}, ${options.afterName ?? 'after'} in ${after.unit}`,
      { hint: 'compare CPU profiles with CPU profiles and allocations with allocations' },
    );
  if (normalise.by === 'requests' && !(normalise.before > 0 && normalise.after > 0))
    throw new HolterError(
      'E_USAGE',
      'cannot compare per request: both profiles need a number of requests above 0',
    );
  const match = matchFunctions(before, after);
  const sides = {
    before: measure(before, normalise, 'before', options),
    after: measure(after, normalise, 'after', options),
  };
  const union = uniteTrees(before, after, match);
  const scaled = (self: Float64Array, { scale }: Measured): Float64Array =>
    self.map((weight) => weight * scale);
  const selfAfter = scaled(union.tree.self, sides.after);
  const selfBefore = scaled(union.beforeSelf, sides.before);
  const tree = { ...union.tree, self: selfAfter, total: sumUp(union.tree, selfAfter) };
  const rows = compareFunctions(tree, selfBefore, sides, {
    before: designEffects(before, match.ofBefore, tree.frames.length, normalise),
    after: designEffects(after, match.ofAfter, tree.frames.length, normalise),
  });
  const inputs = {
    before: describeInput(sides.before, options.beforeName ?? 'before', options.beforeRecordedAt),
    after: describeInput(sides.after, options.afterName ?? 'after', options.afterRecordedAt),
  };
  return {
    normalisation: normalise.by,
    unit: after.unit,
    tree,
    before: { self: selfBefore, total: sumUp(tree, selfBefore) },
    rows: rows.sort(
      (a, b) =>
        Number(b.significant) - Number(a.significant) ||
        Math.abs(b.delta) - Math.abs(a.delta) ||
        Math.abs(b.chargedDelta) - Math.abs(a.chargedDelta) ||
        (a.name < b.name ? -1 : 1),
    ),
    inputs,
    overall: judgeOverall(sides, normalise.by, after.unit),
    notes: differenceNotes(inputs, sides, normalise.by, match, { before, after }),
  };
}

type Score = ReturnType<typeof scoreChange>;

interface Effects {
  self: Float64Array;
  charged: Float64Array;
}

/**
 * Design effects of own and charged weight by row of the union. Per request the number of calls is divided out, and with
 * it what makes counts vary more than samples would.
 */
function designEffects(
  tree: CallTree,
  rows: FunctionMatch['ofBefore'],
  count: number,
  { by }: Normalisation,
): Effects {
  if (by === 'requests') {
    const none = new Float64Array(count).fill(1);
    return { self: none, charged: none };
  }
  const { owner } = chargeUserFunctions(tree);
  const own = Int32Array.from(tree.frame, (frame) => rows[frame]!);
  const charged = owner.map((node) => (node < 0 ? -1 : own[node]!));
  return {
    self: estimateDesignEffects(tree, own, count),
    charged: estimateDesignEffects(tree, charged, count),
  };
}

function compareFunctions(
  tree: CallTree,
  selfBefore: Float64Array,
  sides: Record<'before' | 'after', Measured>,
  effects: Record<'before' | 'after', Effects>,
): DifferenceRow[] {
  const { frames } = tree;
  const byFrame = (weights: Float64Array) =>
    new Map(aggregateFunctions(tree, { weights }).map((row) => [row.frame, row]));
  const old = byFrame(selfBefore);
  const now = byFrame(tree.self);
  const chargedBefore = chargeUserFunctions(tree, selfBefore).charged;
  const chargedAfter = chargeUserFunctions(tree, tree.self).charged;
  const rows: DifferenceRow[] = [];
  const scores: { self: Score; charged: Score }[] = [];
  for (const frame of new Set([...now.keys(), ...old.keys()])) {
    const [was, is] = [old.get(frame), now.get(frame)];
    const self = [was?.self ?? 0, is?.self ?? 0] as const;
    const total = [was?.total ?? 0, is?.total ?? 0] as const;
    const charged = [chargedBefore[frame]!, chargedAfter[frame]!] as const;
    const selfScore = scoreChange(...self, sides, [effects.before.self[frame]!, effects.after.self[frame]!]);
    const chargedScore = scoreChange(...charged, sides, [
      effects.before.charged[frame]!,
      effects.after.charged[frame]!,
    ]);
    // Frames that stand for a thread or a process weigh nothing themselves and are no functions.
    if (CATEGORIES[frames.category[frame]!] === 'program' && self[0] === 0 && self[1] === 0) continue;
    rows.push({
      name: frames.name[frame]!,
      file: frames.file[frame]!,
      line: frames.line[frame]!,
      party: PARTIES[frames.party[frame]!]!,
      package: frames.package[frame]!,
      selfBefore: self[0],
      selfAfter: self[1],
      totalBefore: total[0],
      totalAfter: total[1],
      delta: self[1] - self[0],
      relative: relativeChange(...self),
      totalDelta: total[1] - total[0],
      z: selfScore.z,
      significant: false,
      chargedBefore: charged[0],
      chargedAfter: charged[1],
      chargedDelta: charged[1] - charged[0],
      chargedZ: chargedScore.z,
      chargedSignificant: false,
    });
    scores.push({ self: selfScore, charged: chargedScore });
  }
  const significant = judgeTogether(scores.map(({ self }) => self));
  const chargedSignificant = judgeTogether(scores.map(({ charged }) => charged));
  rows.forEach((row, i) => {
    row.significant = significant[i]!;
    row.chargedSignificant = chargedSignificant[i]!;
  });
  return rows;
}

/** after − before relative to before: Infinity when it is new, 0 when neither has it. */
function relativeChange(before: number, after: number): number {
  if (before > 0) return (after - before) / before;
  return after > 0 ? Number.POSITIVE_INFINITY : 0;
}

function describeInput(side: Measured, name: string, recordedAt: string | undefined): DifferenceInput {
  return {
    name,
    busy: side.busy,
    total: side.total,
    seconds: side.seconds,
    samples: Math.round(side.samples),
    ...(side.requests === undefined ? {} : { requests: side.requests }),
    ...(recordedAt === undefined ? {} : { recordedAt }),
  };
}

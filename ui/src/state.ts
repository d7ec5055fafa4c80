import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { foldRooms, type Shape, weigh, wholeShape } from './call-shape.ts';
import {
  type ChangeView,
  type FunctionTotals,
  fullChange,
  type Sides,
  weighFunctions,
} from './difference-colours.ts';
import { boxById, buildBottomUp, buildIcicle, type FlameTree, heaviestOf } from './flame-tree.ts';
import { coverage, matchNames, type Query, readQuery } from './frame-search.ts';
import { type Look, readHash, type View } from './hash-text.ts';
import type { WeightedTree } from './hottest.ts';
import { numberText, weightText } from './number-text.ts';
import { data } from './page-data.ts';
import { openProfile, type ProfileTables, ROOMS, weightsBetween } from './profile-tables.ts';
import { buildSandwich, type Sandwich } from './sandwich.ts';
import { buildTimeline, longestBox, type Timeline, type TimelineBox } from './timeline.ts';
import { applyTransforms, type Transform } from './transforms.ts';

/** The view, one signal: what the address holds, changed by `changeView` only. */
export const view: Signal<View> = signal(readHash(location.hash));
export function changeView(change: Partial<View>): void {
  view.value = { ...view.peek(), ...change };
}
const part = <K extends keyof View>(key: K): ReadonlySignal<View[K]> => computed(() => view.value[key]);
export const brush: ReadonlySignal<View['brush']> = part('brush');
export const query: ReadonlySignal<string> = part('query');
export const look: ReadonlySignal<Look> = computed(() =>
  view.value.look === 'chart' && !hasTimes.value ? 'flame' : view.value.look,
);
const hidden = part('hidden');
const foldCore = part('foldCore');
const zoomId = part('zoom');
const pickedId = part('picked');
const profileIndex = part('profile');
const transforms = part('transforms');
const widthBefore = part('widthBefore');
const colourBy = part('colourBy');
const sandwichWish = part('sandwich');

/** What is pointed at or selected, for the line below the graph. Weights in the profile's unit. */
export interface Figures {
  frame: number;
  total: number;
  self: number;
  whole: number;
  /** Of a comparison: this stack and its function in all stacks on both sides, and what changes are relative to. */
  change: { stack: Sides; function: Sides; whole: number } | null;
  /** In the time-ordered chart: ms after window start. */
  span: readonly [from: number, to: number] | null;
}

/** Not in the address: where the pointer is. ms after window start, and box of whatever graph is shown. */
export const cursorMs: Signal<number | null> = signal(null);
export const hovered: Signal<Figures | null> = signal(null);
/** Findings whose details are open, by index. */
export const openFindings: Signal<ReadonlySet<number>> = signal(new Set([view.peek().finding - 1]));
export const keysShown: Signal<boolean> = signal(false);
/** Sentence for the polite live region. */
export const announcement: Signal<string> = signal('');
/** Asks the graphs to bring what is selected into their window. */
export const revealRequest: Signal<number> = signal(0);
/** A graph was moved by hand away from what the address says; false asks it to go back. */
export const movedByHand: Signal<boolean> = signal(false);

const findings = data.kind === 'doctor' ? data.report.findings.length : 0;
export const selectedFinding: ReadonlySignal<number> = computed(
  () => Math.min(view.value.finding, findings) - 1,
);

const opened = new Map<number, ProfileTables>();
export const profile: ReadonlySignal<ProfileTables | null> = computed(() => {
  const index = Math.min(profileIndex.value, data.profiles.length - 1);
  if (index < 0) return null;
  const known = opened.get(index) ?? openProfile(data.profiles[index]!);
  opened.set(index, known);
  return known;
});
export const hasTimes: ReadonlySignal<boolean> = computed(
  () => (profile.value?.samples.time.length ?? 0) > 0,
);

/** Text of a weight of the profile shown. */
export const amountText: ReadonlySignal<(weight: number) => string> = computed(() => {
  if (data.kind === 'difference') {
    const { scale, unit } = data.weight;
    return (weight) => `${numberText(weight * scale)}${unit.replace(' ', '\u2009')}`;
  }
  const unit = profile.value?.unit ?? 'samples';
  return (weight) => weightText(weight, unit);
});

/** The same for a column of a table, where the head says what is counted. */
export const cellText: ReadonlySignal<(weight: number) => string> = computed(() => {
  const counts = data.kind !== 'difference' && profile.value?.unit === 'samples';
  return counts ? (weight) => numberText(weight, weight % 1 === 0 ? 0 : 1) : amountText.value;
});

/** Self weight by node inside the brush, and the number of samples it stands on. */
export const weights: ReadonlySignal<{ self: Float64Array; count: number }> = computed(() => {
  const tables = profile.value;
  if (!tables) return { self: new Float64Array(0), count: 0 };
  const span = brush.value;
  if (!span || !hasTimes.value) return { self: tables.self, count: tables.samples.time.length };
  return weightsBetween(tables, span[0], span[1]);
});

const whole = computed<Shape | null>(() => profile.value && wholeShape(profile.value));
/** The profile after the transforms. */
const transformed = computed<Shape | null>(() => {
  const [tables, shape] = [profile.value, whole.value];
  return tables && shape ? applyTransforms(shape, tables, transforms.value) : null;
});
/** And after the legend. */
export const shape: ReadonlySignal<Shape | null> = computed(() => {
  const [tables, before] = [profile.value, transformed.value];
  const options = { foldCore: foldCore.value, hidden: new Set(hidden.value) };
  return tables && before ? foldRooms(before, tables, options) : null;
});

/** What the table ranks: transforms apply, the legend does not. */
export const ranked: ReadonlySignal<WeightedTree | null> = computed(() => {
  const now = transformed.value;
  return (
    now && { length: now.length, parent: now.parent, frame: now.frame, self: weigh(now, weights.value.self) }
  );
});

/** Weight on top of the stack by room, index as ROOMS; all rooms, hidden or not. */
export const roomWeights: ReadonlySignal<Float64Array> = computed(() => {
  const out = new Float64Array(ROOMS.length);
  const [tables, tree] = [profile.value, ranked.value];
  if (tables && tree)
    for (let i = 1; i < tree.length; i++) out[tables.room[tree.frame[i]!]!]! += tree.self[i]!;
  return out;
});

function buildUpright(both: boolean): FlameTree | null {
  const [tables, now] = [profile.value, shape.value];
  if (!tables || !now) return null;
  const { self } = weights.value;
  const other = tables.before;
  return other && widthBefore.value
    ? buildIcicle(now, tables, other, self, both)
    : buildIcicle(now, tables, self, other, both);
}
export const icicle: ReadonlySignal<FlameTree | null> = computed(() => buildUpright(false));
/** What bottom-up and sandwich are made from: in a comparison with the stacks that only the other side has. */
const bothSides: ReadonlySignal<FlameTree | null> = computed(() =>
  profile.value?.before ? buildUpright(true) : icicle.value,
);
/** Of a comparison: totals of functions over all stacks of the picture. */
export const functionTotals: ReadonlySignal<FunctionTotals | null> = computed(() => {
  const [tables, now] = [profile.value, shape.value];
  if (!tables?.before || !now) return null;
  return weighFunctions(now, tables.name.length, tables.before, weights.value.self);
});
/** What colours and changes are about. */
export const changeShown: ReadonlySignal<ChangeView> = computed(() => ({
  widthBefore: widthBefore.value,
  functions: colourBy.value === 'function' ? functionTotals.value : null,
}));
export const tree: ReadonlySignal<FlameTree | null> = computed(() => {
  if (look.value !== 'bottom-up') return icicle.value;
  const upright = bothSides.value;
  return upright && profile.value ? buildBottomUp(upright, profile.value) : upright;
});
/** Change that gets the full colour in a comparison, null without one: the largest in what is shown. */
export const fullColour: ReadonlySignal<number | null> = computed(() => {
  const [upright, boxes] = [icicle.value, tree.value];
  if (!upright?.other || !boxes) return null;
  const how = changeShown.value;
  return Math.max(fullChange(upright, how), boxes === upright ? 0 : fullChange(boxes, how));
});

export const asked: ReadonlySignal<Query> = computed(() => readQuery(query.value));
export const matches: ReadonlySignal<Uint8Array | null> = computed(() => {
  const tables = profile.value;
  return tables ? matchNames(asked.value, tables.name, tables.file) : null;
});
/** Boxes that match, heaviest first; null without a search. */
export const found: ReadonlySignal<{ boxes: number[]; weight: number } | null> = computed(() =>
  matches.value && tree.value ? coverage(tree.value, matches.value) : null,
);

/** Node of the profile that an id (`812`, inverted `812.3`: two callers up) names; −1 unknown. */
function nodeOfId(tables: ProfileTables, id: string): number {
  const [node, up] = id.split('.').map(Number);
  let at = node ?? -1;
  for (let step = 1; step < (up ?? 1) && at > 0; step++) at = tables.parent[at]!;
  return at < tables.length ? at : -1;
}
const frameOfId = (tables: ProfileTables, id: string): number => tables.frame[nodeOfId(tables, id)] ?? -1;

/** Frames to mark everywhere: the one picked, else those the selected finding blames. */
export const markedFrames: ReadonlySignal<ReadonlySet<number>> = computed(() => {
  const tables = profile.value;
  if (!tables) return new Set<number>();
  if (pickedId.value) return new Set([frameOfId(tables, pickedId.value)]);
  const blamed = tables.blamedNodes[selectedFinding.value] ?? [];
  return new Set(blamed.map((node) => tables.frame[node]!));
});

/** The selected box of `tree`, −1 for none. */
export const selectedBox: ReadonlySignal<number> = computed(() => {
  const [tables, boxes] = [profile.value, tree.value];
  if (!tables || !boxes) return -1;
  if (pickedId.value) return boxById(boxes, pickedId.value, frameOfId(tables, pickedId.value));
  const marked = markedFrames.value;
  return marked.size === 0 ? -1 : heaviestOf(boxes, (frame) => marked.has(frame));
});
/** Function selected, −1 for none; and the path (node of the profile). */
export const pickedFrame: ReadonlySignal<number> = computed(() => {
  const tables = profile.value;
  if (tables && pickedId.value) return frameOfId(tables, pickedId.value);
  return selectedBox.value > 0 ? tree.value!.frame[selectedBox.value]! : -1;
});
export const pickedNode: ReadonlySignal<number> = computed(() => {
  const tables = profile.value;
  if (tables && pickedId.value) return nodeOfId(tables, pickedId.value);
  return selectedBox.value > 0 ? tree.value!.origin[selectedBox.value]! : -1;
});

/** The box zoomed into; 0 (the root) for none. */
export const zoomedBox: ReadonlySignal<number> = computed(() => {
  const [tables, boxes] = [profile.value, tree.value];
  if (!tables || !boxes || !zoomId.value) return 0;
  return Math.max(0, boxById(boxes, zoomId.value, frameOfId(tables, zoomId.value)));
});

/** Function in the middle of the sandwich: asked for, selected, or the one with the most own weight. −1: none. */
export const sandwichFrame: ReadonlySignal<number> = computed(() => {
  const boxes = icicle.value;
  if (!boxes) return -1;
  if (sandwichWish.value >= 0) return sandwichWish.value;
  if (pickedFrame.value >= 0) return pickedFrame.value;
  let best = -1;
  for (let i = 1; i < boxes.length; i++) if (best < 0 || boxes.self[i]! > boxes.self[best]!) best = i;
  return best < 0 ? -1 : boxes.frame[best]!;
});
export const sandwich: ReadonlySignal<Sandwich | null> = computed(() => {
  const [tables, boxes] = [profile.value, bothSides.value];
  return tables && boxes && sandwichFrame.value >= 0
    ? buildSandwich(boxes, tables, sandwichFrame.value)
    : null;
});
/** Box selected in one half of the sandwich. */
export function boxInHalf(half: FlameTree): number {
  const id = pickedId.value;
  return id !== '' && id.includes('.') === half.inverted ? boxById(half, id, -1) : -1;
}

export const timeline: ReadonlySignal<Timeline | null> = computed(() => {
  const [tables, now] = [profile.value, shape.value];
  return tables && now && hasTimes.value ? buildTimeline(tables, now) : null;
});
/** Time range of the chart in ms. */
export const chartRange: ReadonlySignal<readonly [number, number]> = computed(() => {
  const tables = profile.value;
  if (!tables) return [0, 1];
  return brush.value ?? [tables.from, Math.max(tables.to, tables.from + 0.01)];
});

/** Box of the chart last clicked; the address knows its path only. */
export const pickedSpan: Signal<TimelineBox | null> = signal(null);
export const selectedSpan: ReadonlySignal<TimelineBox | null> = computed(() => {
  const [line, now] = [timeline.value, shape.value];
  if (!line || !now || pickedNode.value < 0) return null;
  const node = now.ofNode[pickedNode.value] ?? -1;
  const clicked = pickedSpan.value;
  if (clicked && clicked.node === node) return clicked;
  return node > 0 ? longestBox(line, node, ...chartRange.value) : null;
});
/** Selects a finding; −1 = none. Shows the profile that knows its frames when the current one does not. */
export function selectFinding(index: number): void {
  const blamedIn = (p: number) => (data.profiles[p]?.blamedNodes[index]?.length ?? 0) > 0;
  const now = Math.min(view.peek().profile, data.profiles.length - 1);
  const better = blamedIn(now) ? now : data.profiles.findIndex((_, p) => blamedIn(p));
  batch(() => {
    const change: Partial<View> = { finding: index + 1, picked: '' };
    if (better >= 0 && better !== now) Object.assign(change, otherProfile(better));
    changeView(change);
    if (index >= 0) openFindings.value = new Set([...openFindings.peek(), index]);
    revealRequest.value++;
  });
}

/** Numbers of functions and nodes mean something else in another profile. */
export function otherProfile(index: number): Partial<View> {
  return { profile: index, zoom: '', picked: '', transforms: [], sandwich: -1 };
}

export function addTransform(one: Transform): void {
  changeView({ transforms: [...view.peek().transforms, one], zoom: '' });
  movedByHand.value = false;
}

/** The node of a function with the most weight below it: what stands for the function in the graphs. −1: none. */
export function heaviestNodeOf(frame: number): number {
  const boxes = icicle.peek();
  if (boxes) {
    const box = heaviestOf(boxes, (one) => one === frame);
    if (box > 0) return boxes.origin[box]!;
  }
  return profile.peek()?.frame.indexOf(frame) ?? -1;
}

/** Selects a function everywhere; in the sandwich it goes into the middle. */
export function pickFrame(frame: number): void {
  const node = heaviestNodeOf(frame);
  if (node < 0) return;
  batch(() => {
    const change: Partial<View> = { picked: String(node) };
    if (look.peek() === 'sandwich') change.sandwich = frame;
    changeView(change);
    revealRequest.value++;
  });
}

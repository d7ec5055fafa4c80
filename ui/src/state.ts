import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { PageData } from '../../src/render/page-data.ts';
import { boxById, buildBottomUp, buildIcicle, type FlameTree, heaviestOf } from './flame-tree.ts';
import { matchFrames } from './frame-search.ts';
import { readHash, type View } from './hash-text.ts';
import { readPageData } from './page-data-block.ts';
import { decodeProfile, type ProfileTables, ROOMS, weightsBetween } from './profile-tables.ts';

/** The document this page shows; it never changes. */
export const data: PageData = readPageData();
/** Length of the time axis in ms. */
export const windowMs: number = 1000 * Math.max(data.requestedSeconds, data.report.window.seconds, 0.001);

/** The view, one signal: what the address holds, changed by `changeView` only. */
export const view: Signal<View> = signal(readHash(location.hash));
export function changeView(change: Partial<View>): void {
  view.value = { ...view.peek(), ...change };
}
const part = <K extends keyof View>(key: K): ReadonlySignal<View[K]> => computed(() => view.value[key]);
export const brush: ReadonlySignal<View['brush']> = part('brush');
export const query: ReadonlySignal<string> = part('query');
const hidden = part('hidden');
const foldCore = part('foldCore');
const bottomUp = part('bottomUp');
const zoomId = part('zoom');
const pickedId = part('picked');
const profileIndex = part('profile');

/** Not in the address: where the pointer is. ms after window start, and box of the flame graph. */
export const cursorMs: Signal<number | null> = signal(null);
export const hoveredBox: Signal<number> = signal(-1);
/** Findings whose details are open, by index. */
export const openFindings: Signal<ReadonlySet<number>> = signal(new Set([view.peek().finding - 1]));
export const keysShown: Signal<boolean> = signal(false);
/** Sentence for the polite live region. */
export const announcement: Signal<string> = signal('');
/** Asks the flame panel to bring the selected box into its window. */
export const revealRequest: Signal<number> = signal(0);

export const selectedFinding: ReadonlySignal<number> = computed(
  () => Math.min(view.value.finding, data.report.findings.length) - 1,
);

const decoded = new Map<number, ProfileTables>();
export const profile: ReadonlySignal<ProfileTables | null> = computed(() => {
  const index = Math.min(profileIndex.value, data.profiles.length - 1);
  if (index < 0) return null;
  const known = decoded.get(index) ?? decodeProfile(data.profiles[index]!);
  decoded.set(index, known);
  return known;
});

/** Self weight by node inside the brush, and the number of samples it stands on. */
export const weights: ReadonlySignal<{ self: Float64Array; count: number }> = computed(() => {
  const tables = profile.value;
  if (!tables) return { self: new Float64Array(0), count: 0 };
  const span = brush.value;
  if (!span || tables.samples.time.length === 0)
    return { self: tables.self, count: tables.samples.time.length };
  return weightsBetween(tables, span[0], span[1]);
});

/** Weight on top of the stack by room, index as ROOMS; all rooms, hidden or not. */
export const roomWeights: ReadonlySignal<Float64Array> = computed(() => {
  const out = new Float64Array(ROOMS.length);
  const tables = profile.value;
  const { self } = weights.value;
  if (tables) for (let i = 1; i < tables.length; i++) out[tables.room[tables.frame[i]!]!]! += self[i]!;
  return out;
});

const icicle = computed<FlameTree | null>(() => {
  const tables = profile.value;
  const options = { foldCore: foldCore.value, hidden: new Set(hidden.value) };
  return tables ? buildIcicle(tables, weights.value.self, options) : null;
});
export const tree: ReadonlySignal<FlameTree | null> = computed(() => {
  const upright = icicle.value;
  return bottomUp.value && upright && profile.value ? buildBottomUp(upright, profile.value) : upright;
});

export const matches: ReadonlySignal<Uint8Array | null> = computed(() => {
  const tables = profile.value;
  return tables ? matchFrames(query.value, tables.name, tables.file) : null;
});

/** Frame of a node of the profile that an id (`812`, bottom-up `812.3`) names; −1 unknown. */
function frameOfId(tables: ProfileTables, id: string): number {
  const [node, up] = id.split('.').map(Number);
  let at = node ?? -1;
  for (let step = 1; step < (up ?? 1) && at > 0; step++) at = tables.parent[at]!;
  return tables.frame[at] ?? -1;
}

/** Frames to mark everywhere: the one picked, else those the selected finding blames. */
export const markedFrames: ReadonlySignal<ReadonlySet<number>> = computed(() => {
  const tables = profile.value;
  if (!tables) return new Set<number>();
  if (pickedId.value) return new Set([frameOfId(tables, pickedId.value)]);
  const blamed = tables.blamedNodes[selectedFinding.value] ?? [];
  return new Set(blamed.map((node) => tables.frame[node]!));
});

/** The selected box, −1 for none. */
export const selectedBox: ReadonlySignal<number> = computed(() => {
  const [tables, boxes] = [profile.value, tree.value];
  if (!tables || !boxes) return -1;
  if (pickedId.value) return boxById(boxes, pickedId.value, frameOfId(tables, pickedId.value));
  const marked = markedFrames.value;
  return marked.size === 0 ? -1 : heaviestOf(boxes, (frame) => marked.has(frame));
});

/** The box zoomed into; 0 (the root) for none. */
export const zoomedBox: ReadonlySignal<number> = computed(() => {
  const [tables, boxes] = [profile.value, tree.value];
  if (!tables || !boxes || !zoomId.value) return 0;
  return Math.max(0, boxById(boxes, zoomId.value, frameOfId(tables, zoomId.value)));
});

/** Selects a finding; −1 = none. Shows the profile that knows its frames when the current one does not. */
export function selectFinding(index: number): void {
  const blamedIn = (p: number) => (data.profiles[p]?.blamedNodes[index]?.length ?? 0) > 0;
  const now = Math.min(view.peek().profile, data.profiles.length - 1);
  const better = blamedIn(now) ? now : data.profiles.findIndex((_, p) => blamedIn(p));
  batch(() => {
    const change: Partial<View> = { finding: index + 1, picked: '' };
    if (better >= 0 && better !== now) Object.assign(change, { profile: better, zoom: '' });
    changeView(change);
    if (index >= 0) openFindings.value = new Set([...openFindings.peek(), index]);
    revealRequest.value++;
  });
}

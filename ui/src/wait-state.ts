import { computed, type ReadonlySignal } from '@preact/signals';
import type { PageSlowRequest, PageSpan, PageWaits } from '../../src/render/page-waits.ts';
import { matchNames } from './frame-search.ts';
import { data } from './page-data.ts';
import { announcement, asked, changeView, view } from './state.ts';
import { lineText } from './wait-kinds.ts';

/** Waits of this page; undefined on pages that have none. */
export const waits: PageWaits | undefined =
  data.kind === 'async' || data.kind === 'doctor' ? data.waits : undefined;
const slow = waits?.slow ?? [];

/** The request shown as a waterfall. */
export const requestIndex: ReadonlySignal<number> = computed(() =>
  Math.min(view.value.request, slow.length - 1),
);
export const request: ReadonlySignal<PageSlowRequest | undefined> = computed(() => slow[requestIndex.value]);

/** Its wait that is looked at: the one selected, else the longest of those whose chain is known. −1: it has none. */
export const spanIndex: ReadonlySignal<number> = computed(() => {
  const spans = request.value?.spans ?? [];
  const wanted = view.value.span;
  if (wanted >= 0) return Math.min(wanted, spans.length - 1);
  let best = -1;
  for (const [i, span] of spans.entries()) if (best < 0 || weight(span) > weight(spans[best]!)) best = i;
  return best;
});

function weight({ chain, from, to }: PageSpan): number {
  return (chain.length > 0 ? 1e9 : 0) + to - from;
}

/** Node of the graph that is selected; −1 none. */
export const nodeIndex: ReadonlySignal<number> = computed(() =>
  view.value.node < (waits?.graph.nodes.length ?? 0) ? view.value.node : -1,
);

/** Which groups the search means; null without one. */
export const matchingGroups: ReadonlySignal<Uint8Array | null> = computed(() => {
  const groups = waits?.groups ?? [];
  return matchNames(
    asked.value,
    groups.map(({ name }) => name),
    groups.map(({ site }) => lineText(waits?.sites[site])),
  );
});

/** Shows the next request, or the one before. */
export function moveRequest(step: number): void {
  if (slow.length === 0) return;
  showRequest(Math.min(slow.length - 1, Math.max(0, requestIndex.peek() + step)));
}

export function showRequest(index: number): void {
  changeView({ request: index, span: -1 });
  const one = slow[index];
  if (one) announcement.value = `Request ${index + 1} of ${slow.length}: ${one.method} ${one.path}`;
}

/** Selects the node of a group, or takes the selection back. */
export function toggleGroup(group: number): void {
  const node = waits?.graph.nodes.findIndex(({ groups }) => groups.includes(group)) ?? -1;
  changeView({ node: node === view.peek().node ? -1 : node });
}

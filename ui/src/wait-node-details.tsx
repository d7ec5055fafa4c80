import type { JSX } from 'preact';
import type { PageWaitGraph, PageWaits } from '../../src/render/page-waits.ts';
import { durationText, numberText, shareText } from './number-text.ts';
import { changeView } from './state.ts';
import { SiteExcerpt } from './wait-chain.tsx';
import { kindLabel, PARTY_LABELS, partyBox } from './wait-kinds.ts';
import { WaitLine } from './wait-line.tsx';

export type WaitNode = PageWaitGraph['nodes'][number];
const MOST_NEIGHBOURS = 6;
const MOST_MERGED = 12;

/** What a node stands for, in words. */
export function nodeName(waits: PageWaits, node: WaitNode): string {
  if (node.role === 'route') return node.name;
  if (node.role === 'start') return 'start of the program';
  if (node.role === 'before') return 'begun before the recording';
  if (node.role === 'merged')
    return `${numberText(node.groups.length, 0)} small ${node.groups.length === 1 ? 'wait' : 'waits'}`;
  return waits.groups[node.groups[0]!]?.name ?? '';
}

/** `tiny-pool`, `your code`. */
export function partyText({ party, package: name, role }: WaitNode): string {
  if (role !== 'wait') return '';
  return party === 'dependency' && name ? name : PARTY_LABELS[party];
}

/** Numbers of a node, what comes before and after it, and its source. */
export function WaitNodeDetails({ waits, index }: { waits: PageWaits; index: number }): JSX.Element {
  const node = waits.graph.nodes[index]!;
  const group = node.role === 'wait' ? waits.groups[node.groups[0]!] : undefined;
  const site = group && waits.sites[group.site];
  const time = (ms: number | null) => (ms === null ? '–' : durationText(ms));
  return (
    <aside class="wait-side" aria-label="Selected in the graph">
      <h3>{nodeName(waits, node)}</h3>
      {group && (
        <p class="node-line">
          <WaitLine site={site} />
          <span class="weak">
            <i class={partyBox(node.party)} /> {kindLabel(group.kind, waits.basis)}, begun by{' '}
            {partyText(node)}
          </span>
        </p>
      )}
      <dl class="node-facts">
        {factsOf(waits, node).map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {group && (
          <>
            <div>
              <dt>median, p95, max</dt>
              <dd>
                {time(group.median)}, {time(group.p95)}, {time(group.max)}
              </dd>
            </div>
            <div>
              <dt>at once</dt>
              <dd>{group.flight}</dd>
            </div>
          </>
        )}
      </dl>
      {node.role === 'merged' && (
        <ul class="merged">
          {node.groups.slice(0, MOST_MERGED).map((one) => (
            <li key={one}>
              {waits.groups[one]!.name}
              <WaitLine site={waits.sites[waits.groups[one]!.site]} />
            </li>
          ))}
          {node.groups.length > MOST_MERGED && <li class="weak">and more: the table has them</li>}
        </ul>
      )}
      <Neighbours waits={waits} index={index} side="before" />
      <Neighbours waits={waits} index={index} side="after" />
      <SiteExcerpt site={site} />
    </aside>
  );
}

function factsOf(waits: PageWaits, node: WaitNode): [string, string][] {
  const { role, count, waitMs, runMs, share, waitingNow } = node;
  if (role === 'route')
    return [
      ['requests followed', numberText(count, 0)],
      ['took in all', durationText(waitMs)],
      ['of that JavaScript', durationText(runMs ?? 0)],
      ['in progress now', numberText(waitingNow, 0)],
    ];
  if (role === 'start' || role === 'before') return [['waits begun', numberText(count, 0)]];
  return [
    [
      waits.basis === 'window' ? 'share of the window' : 'share of request time',
      shareText((share ?? 0) / 100),
    ],
    ['waited in all', durationText(waitMs)],
    ['times', numberText(count, 0)],
    ['waiting now', numberText(waitingNow, 0)],
  ];
}

/** What was waited for just before, or what was begun after it. */
function Neighbours(props: {
  waits: PageWaits;
  index: number;
  side: 'before' | 'after';
}): JSX.Element | null {
  const { waits, index, side } = props;
  const { nodes, edges } = waits.graph;
  const near = edges
    .filter(({ from, to }) => (side === 'before' ? to : from) === index && from !== to)
    .sort((a, b) => b.count - a.count);
  const again = side === 'after' ? edges.find(({ from, to }) => from === index && to === index) : undefined;
  if (near.length === 0 && again === undefined) return null;
  return (
    <div class="neighbours">
      <h4>{side === 'before' ? 'Comes after' : 'Leads to'}</h4>
      <ul>
        {near.slice(0, MOST_NEIGHBOURS).map((edge) => {
          const other = side === 'before' ? edge.from : edge.to;
          return (
            <li key={other}>
              <span class="num weak">{numberText(edge.count, 0)} ×</span>{' '}
              <button type="button" class="link" onClick={() => changeView({ node: other })}>
                {nodeName(waits, nodes[other]!)}
              </button>
            </li>
          );
        })}
        {near.length > MOST_NEIGHBOURS && (
          <li class="weak">{numberText(near.length - MOST_NEIGHBOURS, 0)} more, less often</li>
        )}
        {again && (
          <li>
            <span class="num weak">{numberText(again.count, 0)} ×</span> itself again
          </li>
        )}
      </ul>
    </div>
  );
}

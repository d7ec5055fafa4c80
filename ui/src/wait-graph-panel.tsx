import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { PageWaits } from '../../src/render/page-waits.ts';
import { durationText, numberText, shareText } from './number-text.ts';
import { announcement, changeView } from './state.ts';
import { type GraphLayout, LABEL_HEIGHT, layOutGraph } from './wait-graph-layout.ts';
import { lineText, PARTY_LABELS, partyBox } from './wait-kinds.ts';
import { nodeName, partyText, type WaitNode, WaitNodeDetails } from './wait-node-details.tsx';
import { matchingGroups, nodeIndex } from './wait-state.ts';

const LARGEST_RADIUS = 30;
const SMALLEST_RADIUS = 4;
const ORIGIN_RADIUS = 7;
const COLUMN_LEAST = 124;
const WIDEST_EDGE = 7;

/** What is waited for after what: layers from left to right, areas by waiting time, colours by who begins it. */
export function WaitGraphPanel({ waits }: { waits: PageWaits }): JSX.Element | null {
  const { nodes } = waits.graph;
  const largest = nodes.findIndex(({ role }) => role === 'wait');
  if (largest < 0) return null;
  const selected = nodeIndex.value;
  return (
    <section class="panel wait-graph" aria-labelledby="wait-graph-title">
      <header class="panel-head">
        <h2 id="wait-graph-title">Graph of waits</h2>
        <span class="hint">
          from left to right what is begun after what; area: time waited, colour: whose code begins it
        </span>
        <PartyLegend nodes={nodes} />
      </header>
      <div class="fall-split">
        <Graph waits={waits} selected={selected} />
        <WaitNodeDetails waits={waits} index={selected >= 0 ? selected : largest} />
      </div>
    </section>
  );
}

function PartyLegend({ nodes }: { nodes: WaitNode[] }): JSX.Element {
  const parties = (['user', 'dependency', 'core', 'unknown'] as const).filter((party) =>
    nodes.some((node) => node.role === 'wait' && node.party === party),
  );
  return (
    <span class="party-legend push">
      {parties.map((party) => (
        <span key={party}>
          <i class={partyBox(party)} /> {PARTY_LABELS[party]}
        </span>
      ))}
    </span>
  );
}

function Graph({ waits, selected }: { waits: PageWaits; selected: number }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [width, measure] = useState(800);
  const { nodes, edges } = waits.graph;
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => measure(element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  const radii = useMemo(() => radiiOf(nodes), [nodes]);
  const layout = useMemo(
    () =>
      layOutGraph(
        nodes.map((node, i) => ({
          radius: radii[i]!,
          isOrigin: isOrigin(node),
          isLoose: node.role === 'merged',
        })),
        edges,
        { width, columnLeast: COLUMN_LEAST },
      ),
    [nodes, edges, radii, width],
  );
  const matches = matchingGroups.value;
  const isDim = (i: number): boolean =>
    (matches !== null && !nodes[i]!.groups.some((group) => matches[group])) ||
    (selected >= 0 && !isNear(waits, selected, i));
  const focused = selected >= 0 ? selected : nodes.findIndex(({ role }) => role === 'wait');
  const onKeyDown = (event: KeyboardEvent): void => {
    const now = Number((event.target as HTMLElement).dataset.node ?? -1);
    if (now < 0 || !event.key.startsWith('Arrow')) return;
    event.preventDefault();
    const next = neighbourTowards(layout, now, event.key);
    const one = scroller.current?.querySelector<HTMLElement>(`[data-node="${next}"]`);
    one?.focus();
    one?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys of the nodes inside
    <div class="graph-scroll" ref={scroller} onKeyDown={onKeyDown}>
      {/* biome-ignore lint/a11y/useSemanticElements: no form */}
      <div
        class="graph-space"
        role="group"
        aria-label="Graph of waits: arrow keys move, Enter selects"
        style={{ width: `${layout.width}px`, height: `${layout.height}px` }}
      >
        <Edges waits={waits} layout={layout} radii={radii} selected={selected} />
        {nodes.map((node, i) => (
          <NodeButton
            key={`${i + 0}`}
            waits={waits}
            node={node}
            index={i}
            dim={isDim(i)}
            pressed={i === selected}
            tabIndex={i === focused ? 0 : -1}
            style={{
              left: `${layout.x[i]! - layout.width / layout.columns / 2 + 4}px`,
              top: `${layout.y[i]! - radii[i]!}px`,
              width: `${layout.width / layout.columns - 8}px`,
              height: `${2 * radii[i]! + LABEL_HEIGHT}px`,
            }}
            radius={radii[i]!}
          />
        ))}
      </div>
    </div>
  );
}

function isOrigin({ role }: WaitNode): boolean {
  return role === 'route' || role === 'start' || role === 'before';
}

function isNear({ graph }: PageWaits, selected: number, node: number): boolean {
  return (
    selected === node ||
    graph.edges.some(
      ({ from, to }) => (from === selected && to === node) || (to === selected && from === node),
    )
  );
}

/** Areas in proportion to the time waited. */
function radiiOf(nodes: readonly WaitNode[]): number[] {
  const most = Math.max(...nodes.map((node) => (isOrigin(node) ? 0 : node.waitMs)), 1e-6);
  return nodes.map((node) =>
    isOrigin(node)
      ? ORIGIN_RADIUS
      : Math.max(SMALLEST_RADIUS, LARGEST_RADIUS * Math.sqrt(Math.max(0, node.waitMs) / most)),
  );
}

/** The node that an arrow key means: nearest in that direction; the same where there is none. */
function neighbourTowards({ x, y }: GraphLayout, from: number, key: string): number {
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - x[from]!, y[i]! - y[from]!];
    const along = key === 'ArrowRight' ? dx : key === 'ArrowLeft' ? -dx : key === 'ArrowDown' ? dy : -dy;
    const aside = Math.abs(key === 'ArrowRight' || key === 'ArrowLeft' ? dy : dx);
    if (along < 1) continue;
    const distance = along + 2 * aside;
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

function NodeButton(props: {
  waits: PageWaits;
  node: WaitNode;
  index: number;
  dim: boolean;
  pressed: boolean;
  tabIndex: number;
  radius: number;
  style: Record<string, string>;
}): JSX.Element {
  const { waits, node, index, pressed, radius } = props;
  const name = nodeName(waits, node);
  const group = node.role === 'wait' ? waits.groups[node.groups[0]!] : undefined;
  const site = group && waits.sites[group.site];
  const numbers = isOrigin(node)
    ? node.role === 'route'
      ? `${numberText(node.count, 0)} × ${durationText(node.waitMs / Math.max(1, node.count))}`
      : ''
    : `${shareText((node.share ?? 0) / 100)}${node.waitingNow > 0 ? `, ${numberText(node.waitingNow, 0)} now` : ''}`;
  const line = site ? lineText(site) : '';
  const party = partyText(node);
  return (
    <button
      type="button"
      class={`wait-node ${props.dim ? 'dim' : ''} ${isOrigin(node) ? 'origin' : ''}`}
      data-node={index}
      aria-pressed={pressed}
      aria-label={[name, line, party, numbers].filter((text) => text !== '').join(', ')}
      title={[name, line, party].filter((text) => text !== '').join('\n')}
      tabIndex={props.tabIndex}
      style={props.style}
      onClick={() => {
        changeView({ node: pressed ? -1 : index });
        announcement.value = pressed ? 'Nothing selected' : `${name}, ${numbers}`;
      }}
    >
      <i
        class={`blob ${isOrigin(node) ? '' : partyBox(node.party)}`}
        style={{ width: `${2 * radius}px`, height: `${2 * radius}px` }}
      />
      <span class="node-name">{name}</span>
      <span class="node-more">
        <b>{numbers}</b> <span class="weak">{site ? site.function || '(anonymous)' : ''}</span>
      </span>
    </button>
  );
}

function Edges(props: {
  waits: PageWaits;
  layout: GraphLayout;
  radii: number[];
  selected: number;
}): JSX.Element {
  const { waits, layout, radii, selected } = props;
  const { edges } = waits.graph;
  const most = Math.max(...edges.map(({ count }) => count), 1);
  return (
    <svg class="graph-edges" width={layout.width} height={layout.height} aria-hidden="true">
      {edges.map(({ from, to, count }, i) => {
        if (from === to) return null;
        const isBack = layout.back[i]!;
        const path = isBack ? wayBack(layout, radii, from, to) : wayOn(layout, radii, from, to);
        const width = Math.max(1, WIDEST_EDGE * Math.sqrt(count / most));
        const near = selected < 0 || from === selected || to === selected;
        return (
          <path
            key={`${from} ${to}`}
            class={`edge ${isBack ? 'back' : ''} ${near ? '' : 'dim'} ${selected >= 0 && near ? 'near' : ''}`}
            d={path}
            stroke-width={width.toFixed(2)}
          />
        );
      })}
    </svg>
  );
}

function wayOn({ x, y }: GraphLayout, radii: number[], from: number, to: number): string {
  const [x1, y1, x2, y2] = [x[from]! + radii[from]!, y[from]!, x[to]! - radii[to]! - 2, y[to]!];
  const middle = Math.max(20, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + middle} ${y1} ${x2 - middle} ${y2} ${x2} ${y2}`;
}

/** Over the top, from above one mark to above the other. */
function wayBack({ x, y }: GraphLayout, radii: number[], from: number, to: number): string {
  const [x1, y1, x2, y2] = [x[from]!, y[from]! - radii[from]!, x[to]!, y[to]! - radii[to]! - 2];
  const top = Math.max(2, Math.min(y1, y2) - 26);
  return `M${x1} ${y1}C${x1} ${top} ${x2} ${top} ${x2} ${y2}`;
}

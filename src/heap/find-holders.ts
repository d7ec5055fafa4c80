import { formatNumber } from '../base/quantity.ts';
import type { Heap } from './heap.ts';
import { valuesOf } from './heap-values.ts';
import type { Holder } from './holder.ts';
import { type Container, containerOf, likeness } from './holder-container.ts';
import { findHolderPlace } from './holder-place.ts';
import { contextOwner, placeOfFunction, placeText } from './path-names.ts';
import { findPath } from './path-search.ts';
import { className, describePath, textOfPath } from './retaining-path.ts';

export interface HolderOptions {
  /** Most holders returned, default 5. */
  limit?: number;
  /** Objects whose retainers are looked at, evenly spread over all; counts are scaled up. Default 4000. */
  sample?: number;
}

/** Retainers of one object that are looked at. */
const MOST_RETAINERS = 400;
/** A container is named for itself when it holds this part of the objects; others are gathered by likeness. */
const OWN_PART = 0.05;
/** Below this part a group of holders is not worth a line. */
const LEAST_PART = 0.02;

interface Group {
  container: Container;
  /** Of the sample. */
  held: number;
  /** One of the objects it holds. */
  example: number;
  /** Different containers in it. */
  containers: number;
}

/**
 * Who holds these objects directly, those that hold most first: Arrays, Maps, Sets, objects and closures of the program,
 * V8's backing stores left out. An object may be held by several, so the counts can add up to more than the objects.
 * Objects that are kept alive by the held one itself (`child.parent`) hold nothing. Makes `heap.retainers` and `heap.classes`.
 */
export function findHolders(
  heap: Heap,
  nodes: Uint32Array | ((node: number) => boolean),
  options: HolderOptions = {},
): Holder[] {
  const { limit = 5, sample = 4000 } = options;
  const all = typeof nodes === 'function' ? collect(heap, nodes) : nodes;
  if (all.length === 0) return [];
  const step = Math.max(1, all.length / sample);
  const single = new Map<number, Group>();
  const members: { container: Container; example: number }[] = [];
  let looked = 0;
  // Objects made in turn lie in turn: a fixed step could meet only every third kind. The seed is fixed, so results are.
  let random = 1;
  for (let at = 0; at < all.length; at += step) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    const node = all[Math.min(all.length - 1, Math.floor(at + (random / 2 ** 32) * (step - 1)))] as number;
    looked++;
    for (const container of containersOf(heap, node)) {
      const group = single.get(container.node);
      if (group === undefined)
        single.set(container.node, { container, held: 1, example: node, containers: 1 });
      else group.held++;
      members.push({ container, example: node });
    }
  }
  const enough = Math.max(2, looked * OWN_PART);
  const groups: Group[] = [];
  const alike = new Map<string, Group>();
  for (const group of single.values())
    if (group.held >= enough || (looked === 1 && single.size <= limit)) groups.push(group);
    else {
      const key = likeness(heap, group.container);
      const other = alike.get(key);
      if (other === undefined) alike.set(key, { ...group });
      else {
        other.held += group.held;
        other.containers++;
      }
    }
  for (const group of alike.values()) if (group.held >= looked * LEAST_PART) groups.push(group);
  const distanceOf = ({ container }: Group): number => heap.graph.distance[container.node] as number;
  groups.sort(
    (a, b) =>
      b.held - a.held ||
      Number(a.containers > 1) - Number(b.containers > 1) ||
      distanceOf(a) - distanceOf(b) ||
      a.container.node - b.container.node,
  );
  const scale = all.length / looked;
  const scaled = (held: number): number =>
    scale === 1 || held === looked ? Math.round(held * scale) : roughly(held * scale);
  const described = groups
    .slice(0, limit)
    .map((group) => ({ group, holder: describeGroup(heap, group, scaled) }));
  // Ordinals follow addresses, which differ from run to run: containers that hold the same are in the order of their names.
  described.sort(
    (a, b) =>
      b.group.held - a.group.held ||
      Number(a.group.containers > 1) - Number(b.group.containers > 1) ||
      (a.holder.text < b.holder.text ? -1 : 1),
  );
  return described.map(({ holder }) => holder);
}

function collect(heap: Heap, wanted: (node: number) => boolean): Uint32Array {
  const { nodeCount } = heap.snapshot;
  let count = 0;
  for (let node = 0; node < nodeCount; node++) if (wanted(node)) count++;
  const found = new Uint32Array(count);
  count = 0;
  for (let node = 0; node < nodeCount && count < found.length; node++)
    if (wanted(node)) found[count++] = node;
  return found;
}

/** Direct containers of one object, each once. */
function containersOf(heap: Heap, node: number): Container[] {
  const { retainers, graph } = heap;
  const found: Container[] = [];
  const rank = graph.rank[node] as number;
  const last = rank + (graph.subtree[rank] as number);
  const end = Math.min(
    retainers.first[node + 1] as number,
    (retainers.first[node] as number) + MOST_RETAINERS,
  );
  for (let i = retainers.first[node] as number; i < end; i++) {
    const container = containerOf(heap, retainers.edge[i] as number);
    if (container === undefined || container.node === node) continue;
    const at = graph.rank[container.node] as number;
    if (at > rank && at < last) continue;
    const known = found.findIndex((each) => each.node === container.node);
    if (known < 0) found.push(container);
    else if ((found[known] as Container).name < 0) found[known] = container;
  }
  return found;
}

function describeGroup(heap: Heap, group: Group, scaled: (held: number) => number): Holder {
  const { container } = group;
  const values = valuesOf(heap.snapshot);
  const path = findPath(heap, container.node);
  const property = container.name < 0 ? '' : heap.snapshot.strings.get(container.name);
  let text: string;
  let kind = kindOf(heap, container);
  if (container.kind === 'variable') {
    const owner = contextOwner(heap, container.node);
    kind = owner.isModule ? 'module variable' : 'closure';
    text = owner.isModule
      ? textOfPath(heap, [{ edge: -1, node: container.node }])
      : `closure variable ${property} of ${placeText(placeOfFunction(heap, owner.shared))}`;
    if (owner.isModule) text += ` > ${property}`;
  } else if (group.containers > 1) {
    const of = className(values, container.node);
    text =
      container.kind === 'property' && property !== ''
        ? `property ${property} of ${of}`
        : container.kind === 'internal'
          ? `${of}`
          : `${container.kind === 'entry' ? 'entries' : 'elements'} of ${of}`;
  } else {
    text = textOfPath(heap, path);
    if (container.kind === 'property' && property !== '' && group.held === 1) text += `.${property}`;
  }
  if (group.containers > 1) text += ` (${formatNumber(scaled(group.containers))} of them)`;
  return {
    node: container.node,
    text,
    kind,
    held: scaled(group.held),
    place: findHolderPlace(heap, container, path, group.example),
    path: describePath(heap, path),
  };
}

/** Two digits: more is not known from a sample. */
function roughly(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1);
  return Math.round(count / unit) * unit;
}

function kindOf(heap: Heap, { node, kind }: Container): string {
  const name = className(valuesOf(heap.snapshot), node);
  return kind === 'property' && name === 'Object' ? 'object' : name;
}

import type { Milliseconds, Percent } from '../base/units.ts';
import type { OperationTable } from './build-operations.ts';
import { windowRows } from './build-wait-summary.ts';
import { lengthOf } from './interval.ts';
import type { CreationSite } from './operation.ts';
import { findRequestWaits, rowsByRequest } from './request-waits.ts';
import { routeName } from './request-waterfall.ts';
import { type Gathered, gatherRows } from './wait-group.ts';
import { makeWayBack, type Origin, UNKNOWN_WAIT } from './wait-origin.ts';
import type { WaitGroup, WaitSummary } from './wait-summary.ts';

/**
 * What waits for what: groups of a summary as nodes, small ones merged, and behind each edge how often a wait was begun in
 * what went on after another one.
 *
 *     GET /orders/:id ─12─► queue before db:5432 ─12─► db:5432 ─12─► GET http://stock/items/:id
 */
export interface WaitGraph {
  /** Origins first, then waits in the order of the summary, then what was merged. */
  nodes: WaitNode[];
  /** Most frequent first; an edge from a node to itself is a repetition. */
  edges: WaitEdge[];
}

export interface WaitNode {
  /** `route`: served requests. `start`: the program's main script. `before`: begun before the recorder came. */
  role: 'route' | 'start' | 'before' | 'wait' | 'merged';
  /** `GET /orders/:id`; '' of all but routes. */
  name: string;
  /** What the node stands for: one of a wait, several of what was merged, none of origins. */
  groups: WaitGroup[];
  /** Who begins the operation: the program itself, or a package or Node when the program's line calls it. */
  party: CreationSite['party'];
  package: string;
  /** In the followed requests; of routes their number. */
  count: number;
  /** All time waited in the followed requests; overlaps count twice. Of routes: time that they took. */
  waitMs: Milliseconds;
  /** JavaScript of a route. NaN of waits: run times are known by request only. */
  runMs: Milliseconds;
  /** Of request time, or of the window; of what was merged the sum. NaN of origins. */
  share: Percent;
  /** At the end of the window, for all requests. */
  waitingNow: number;
}

export interface WaitEdge {
  /** Indices into `nodes`. */
  from: number;
  to: number;
  count: number;
}

/** Nodes that a reader can take in; what is beyond is one node. */
const WAIT_LIMIT = 24;
const ROUTE_LIMIT = 8;
/** Waits with less are merged, once so many have a node. */
const SMALL_PERCENT = 0.5;
const SMALL_FROM = 8;
const EDGE_LIMIT = 80;
/** More than there can be nodes: two of them in one number. */
const STRIDE = 1000;
/** Stacks looked at to tell a group's party. */
const PARTY_SAMPLE = 50;

/** Builds the graph for the groups of `summary`, which must be of `table`. O(operations). */
export function buildWaitGraph(table: OperationTable, summary: WaitSummary): WaitGraph {
  const graph: WaitGraph = { nodes: [], edges: [] };
  const origins = new OriginNodes(table, summary, graph.nodes);
  const nodeOfGroup = addWaits(summary, graph.nodes);
  const nodeOfRow = new Int32Array(table.length).fill(-1);
  const waits = gatherWaits(table, summary);
  for (const { gathered, weigh } of waits) {
    // Of several lines, rows without a stack could be of any.
    for (const row of gathered.all) if (nodeOfRow[row] === -1) nodeOfRow[row] = UNKNOWN_WAIT;
    const node = nodeOfGroup.get(groupKey(table, gathered));
    if (node === undefined) continue;
    const one = graph.nodes[node]!;
    for (const row of gathered.rows) {
      nodeOfRow[row] = node;
      one.waitMs += weigh(row) * gathered.timeScale;
    }
    if (one.role === 'wait') Object.assign(one, partyOf(table, gathered.rows));
  }
  const counts = new Map<number, number>();
  const known = new Map<number, number>();
  const wayBack = makeWayBack(table, nodeOfRow);
  for (let row = 0; row < table.length; row++) {
    const to = nodeOfRow[row]!;
    const cause = to < 0 ? undefined : wayBack(row);
    if (cause === undefined) continue;
    const from = typeof cause === 'number' ? nodeOfRow[cause]! : origins.node(cause);
    counts.set(from * STRIDE + to, (counts.get(from * STRIDE + to) ?? 0) + 1);
    known.set(to, (known.get(to) ?? 0) + 1);
  }
  // What is known of some stands for all.
  for (const [key, count] of counts) {
    const to = key % STRIDE;
    counts.set(key, (count * graph.nodes[to]!.count) / known.get(to)!);
  }
  graph.edges = chooseEdges(counts);
  return graph;
}

/** Nodes of what begins a chain; `start` and `before` are made when something leads there. */
class OriginNodes {
  private readonly nodes: WaitNode[];
  private readonly byRoute: Map<string, number> = new Map();
  private readonly byRole: Map<string, number> = new Map();
  private others = -1;

  constructor(table: OperationTable, { basis, requests, followed }: WaitSummary, nodes: WaitNode[]) {
    this.nodes = nodes;
    if (basis === 'window') return;
    const { toMs } = table.log;
    const scale = followed === 0 ? 1 : Math.max(1, requests / followed);
    const routes = new Map<string, WaitNode>();
    for (const request of table.log.requests) {
      const name = routeName(request);
      const node = routes.get(name) ?? makeNode('route', { name, party: 'user' });
      routes.set(name, node);
      const end = request.endedAt ?? request.followedTo ?? toMs;
      node.count++;
      node.waitMs += Math.max(0, end - request.startedAt);
      node.runMs += request.runMs ?? 0;
      if (request.endedAt === null && request.followedTo === null) node.waitingNow += scale;
    }
    for (const [i, node] of [...routes.values()].sort((a, b) => b.waitMs - a.waitMs).entries()) {
      node.waitingNow = Math.round(node.waitingNow);
      if (i < ROUTE_LIMIT) this.byRoute.set(node.name, nodes.push(node) - 1);
      else this.addOther(node);
    }
  }

  private addOther({ count, waitMs, runMs, waitingNow }: WaitNode): void {
    if (this.others === -1)
      this.others = this.nodes.push(makeNode('route', { name: 'other routes', party: 'user' })) - 1;
    const node = this.nodes[this.others]!;
    node.count += count;
    node.waitMs += waitMs;
    node.runMs += runMs;
    node.waitingNow += waitingNow;
  }

  /** Index of the node of an origin. */
  node(origin: Origin): number {
    if (origin.kind === 'request') {
      const known = this.byRoute.get(routeName(origin.request)) ?? this.others;
      if (known !== -1) return known;
    }
    const role = origin.kind === 'start' ? 'start' : 'before';
    let node = this.byRole.get(role);
    if (node === undefined) {
      node = this.nodes.push(makeNode(role, { party: role === 'start' ? 'user' : 'unknown' })) - 1;
      this.byRole.set(role, node);
    }
    this.nodes[node]!.count++;
    return node;
  }
}

/** One node for each group that counts and one for all others; index by groupKey. */
function addWaits({ groups }: WaitSummary, nodes: WaitNode[]): Map<string, number> {
  const nodeOfGroup = new Map<string, number>();
  let merged = -1;
  const small = new Set(
    groups.filter(
      ({ requestShare, waitingNow }, i) =>
        i >= WAIT_LIMIT || (i >= SMALL_FROM && requestShare < SMALL_PERCENT && waitingNow === 0),
    ),
  );
  for (const group of groups) {
    // One alone takes the same room under its own name.
    const isSmall = small.size > 1 && small.has(group);
    let at = merged;
    if (!isSmall) at = nodes.push(makeNode('wait', { share: 0 })) - 1;
    else if (merged === -1) at = merged = nodes.push(makeNode('merged', { share: 0 })) - 1;
    const node = nodes[at]!;
    node.groups.push(group);
    node.count += group.count;
    node.share += group.requestShare;
    node.waitingNow += group.waitingNow;
    node.runMs = Number.NaN;
    nodeOfGroup.set(`${group.kind}\n${group.subject}\n${siteName(group.site)}`, at);
  }
  return nodeOfGroup;
}

function makeNode(role: WaitNode['role'], more: Partial<WaitNode>): WaitNode {
  return {
    role,
    name: '',
    groups: [],
    party: 'unknown',
    package: '',
    count: 0,
    waitMs: 0,
    runMs: 0,
    share: Number.NaN,
    waitingNow: 0,
    ...more,
  };
}

function groupKey(table: OperationTable, { kind, subject, site }: Gathered): string {
  return `${kind}\n${subject}\n${siteName(table.sites.sites[site])}`;
}

function siteName(site: CreationSite | undefined): string {
  return site === undefined ? '' : `${site.function}\n${site.file}:${site.line}`;
}

/** The summary's groups again, with their rows and how long each row waited. */
function gatherWaits(
  table: OperationTable,
  { basis }: WaitSummary,
): { gathered: Gathered; weigh: (row: number) => Milliseconds }[] {
  const { log } = table;
  const waited = new Map<number, Milliseconds>();
  if (basis === 'window')
    for (const row of windowRows(table)) {
      const end = table.endedAt[row]!;
      waited.set(row, Math.max(0, (Number.isNaN(end) ? log.toMs : end) - table.startedAt[row]!));
    }
  else {
    const rows = rowsByRequest(table);
    for (const request of log.requests) {
      if (request.startedAt >= log.toMs) continue;
      for (const { row, from, to } of findRequestWaits(table, request, rows.get(request.number) ?? []).waits)
        waited.set(row, (waited.get(row) ?? 0) + lengthOf([[from, to]]));
    }
  }
  const weigh = (row: number): Milliseconds => waited.get(row) ?? 0;
  return gatherRows(table, waited.keys(), weigh).map((gathered) => ({ gathered, weigh }));
}

/** Who called Node: the innermost frame that is not Node's, in most of the stacks. */
function partyOf(table: OperationTable, rows: readonly number[]): Pick<WaitNode, 'party' | 'package'> {
  const votes = new Map<string, { party: CreationSite['party']; package: string; votes: number }>();
  let seen = 0;
  for (const row of rows) {
    const stack = table.log.operations.stack[row]!;
    if (stack === -1) continue;
    if (seen++ >= PARTY_SAMPLE) break;
    const caller = table.sites
      .frames(stack)
      .find(({ party, file }) => party === 'dependency' || (party === 'user' && file !== ''));
    const party = caller?.party ?? 'core';
    const name = party === 'dependency' ? (caller?.package ?? '') : '';
    const vote = votes.get(`${party} ${name}`) ?? { party, package: name, votes: 0 };
    vote.votes++;
    votes.set(`${party} ${name}`, vote);
  }
  const [best] = [...votes.values()].sort((a, b) => b.votes - a.votes);
  return best === undefined
    ? { party: 'unknown', package: '' }
    : { party: best.party, package: best.package };
}

/** The most frequent ones, and for each node the one that leads there most often. */
function chooseEdges(counts: ReadonlyMap<number, number>): WaitEdge[] {
  const all = [...counts]
    .map(([key, count]) => ({ from: Math.floor(key / STRIDE), to: key % STRIDE, count: Math.round(count) }))
    .sort((a, b) => b.count - a.count);
  const reached = new Set<number>();
  return all.filter(({ from, to }, i) => {
    const isFirst = from !== to && !reached.has(to);
    if (isFirst) reached.add(to);
    return isFirst || i < EDGE_LIMIT;
  });
}

import { statSync } from 'node:fs';
import { HolterError } from '../base/errors.ts';
import type { ReadEdges } from './edges-aside.ts';
import { openStrings } from './open-strings.ts';
import type { SnapshotParts } from './read-snapshot.ts';
import { NOWHERE } from './read-snapshot-edges.ts';
import type { NodeTaker } from './read-snapshot-nodes.ts';
import { sharedUint32 } from './shared-column.ts';
import { EDGE, type Snapshot } from './snapshot.ts';
import type { SharedStrings, SnapshotStrings } from './snapshot-strings.ts';
import { buildAllocationTrace } from './trace-tree.ts';

/**
 * Puts the sections together as a graph that is consistent whatever was missing: every edge leads to a node, every
 * name is a string.
 * @throws HolterError E_FILE_TRUNCATED: no node was read
 */
export function assembleSnapshot(parts: SnapshotParts): Snapshot {
  const { nodes, meta, name } = parts;
  if (nodes === undefined || nodes.count === 0) {
    if (parts.stopped?.how === 'cut')
      throw new HolterError(
        'E_FILE_TRUNCATED',
        `${name} is cut after ${parts.bytes} bytes: no node is in it`,
      );
    throw new HolterError('E_FILE_FORMAT', `${name} is no heap snapshot: it has no nodes`);
  }
  const problems: string[] = [];
  const stop = stopSentence(parts);
  if (stop !== undefined) problems.push(stop);
  const claimed = nodes.edges;
  const edges = joinEdges(nodes, parts.edges, problems, parts.stopped !== undefined);
  if (parts.stopped === undefined) {
    if (meta.nodeCount > 0 && meta.nodeCount !== nodes.count)
      problems.push(`its head counts ${meta.nodeCount} nodes, ${nodes.count} are there`);
    if (parts.edges === undefined && claimed > 0) problems.push('it has no edges');
  }
  nodes.finish();
  const strings = joinStrings(parts, nodes, edges, problems);
  if (parts.followedAt !== undefined)
    problems.push(
      `something follows at byte ${parts.followedAt}, maybe a second snapshot: this is the first`,
    );
  const allocations = buildAllocationTrace(
    parts.traceTree?.nodes,
    parts.functions,
    meta.functionFields,
    parts.samples,
    meta.sampleFields,
  );
  const none = new Int32Array(0);
  return {
    name,
    bytes: parts.bytes,
    nodeCount: nodes.count,
    edgeCount: edges.target.length,
    nodeType: nodes.type,
    nodeName: nodes.name,
    nodeId: nodes.id,
    selfSize: nodes.size,
    firstEdge: nodes.firstEdge,
    edgeTarget: edges.target,
    edgeName: edges.name,
    ...(nodes.detachedness === undefined ? {} : { detachedness: nodes.detachedness }),
    ...(nodes.traceNode === undefined ? {} : { traceNode: nodes.traceNode }),
    strings,
    locations: parts.locations?.finish(nodes.count) ?? {
      node: new Uint32Array(0),
      script: none,
      line: none,
      column: none,
    },
    ...(allocations === undefined ? {} : { allocations }),
    extraNativeBytes: meta.extraNativeBytes,
    ...(problems.length === 0 ? {} : { partial: problems.join('; ') }),
  };
}

interface EdgeColumns {
  target: Uint32Array;
  name: Uint32Array;
  largestName: number;
}

/** Edges that belong to a node and lead to one; `firstEdge` is made to fit. */
function joinEdges(
  nodes: NodeTaker,
  taker: ReadEdges | undefined,
  problems: string[],
  stopped: boolean,
): EdgeColumns {
  if (taker === undefined) {
    nodes.firstEdge.fill(0);
    return { target: sharedUint32(0), name: sharedUint32(0), largestName: 0 };
  }
  const { target, name, largestName } = taker;
  const { firstEdge, count } = nodes;
  const used = Math.min(taker.count, nodes.edges);
  if (taker.count !== nodes.edges && !stopped)
    problems.push(`its nodes claim ${nodes.edges} references, ${taker.count} are there`);
  for (let node = count; node >= 0 && firstEdge[node]! > used; node--) firstEdge[node] = used;
  const astray = taker.astray + (taker.checked ? 0 : markAstray(target, used, count));
  if (astray === 0) return { target: target.subarray(0, used), name: name.subarray(0, used), largestName };
  problems.push(`${astray} references lead nowhere`);
  let kept = 0;
  for (let node = 0; node < count; node++) {
    const end = firstEdge[node + 1]!;
    let edge = firstEdge[node]!;
    firstEdge[node] = kept;
    for (; edge < end; edge++) {
      if (target[edge] === NOWHERE) continue;
      target[kept] = target[edge]!;
      name[kept++] = name[edge]!;
    }
    // `end` of this node is read as the beginning of the next one.
  }
  firstEdge[count] = kept;
  return { target: target.subarray(0, kept), name: name.subarray(0, kept), largestName };
}

/** For edges that came before the nodes. */
function markAstray(target: Uint32Array, used: number, nodes: number): number {
  let astray = 0;
  for (let edge = 0; edge < used; edge++) {
    if (target[edge] === NOWHERE || target[edge]! >>> 3 < nodes) continue;
    target[edge] = NOWHERE;
    astray++;
  }
  return astray;
}

function joinStrings(
  parts: SnapshotParts,
  nodes: NodeTaker,
  edges: EdgeColumns,
  problems: string[],
): SnapshotStrings {
  const section = parts.strings;
  const count = section?.count ?? 0;
  const largest = Math.max(nodes.largestName, edges.largestName);
  const nameless = largest >= count;
  if (nameless) {
    // The string after the last one is empty, and stands for all that are missing.
    for (let node = 0; node < nodes.count; node++) if (nodes.name[node]! > count) nodes.name[node] = count;
    const { target, name } = edges;
    for (let edge = 0; edge < name.length; edge++) {
      const type = target[edge]! & 7;
      if (name[edge]! > count && type !== EDGE.element && type !== EDGE.hidden) name[edge] = count;
    }
    if (parts.stopped === undefined)
      problems.push(`${count} strings are there, names up to ${largest} are used`);
  }
  const shared: SharedStrings = {
    name: parts.name,
    count,
    nameless: nameless ? 1 : 0,
    offsets: section?.offsets ?? sharedUint32(1),
    bases: section?.bases ?? new Float64Array(1),
    ...whereStringsAre(parts),
  };
  return openStrings(shared);
}

/** In memory, in the file, or both: an index needs to know the place in the file. */
function whereStringsAre({ strings, path, name }: SnapshotParts): Pick<SharedStrings, 'blob' | 'file'> {
  if (strings === undefined) return { blob: new Uint8Array(0) };
  const entry = path === undefined ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false });
  if (entry === undefined && strings.blob === undefined)
    throw new HolterError('E_FILE_NOT_FOUND', `${path ?? name} is gone`);
  return {
    ...(strings.blob === undefined ? {} : { blob: strings.blob }),
    ...(path === undefined || entry === undefined
      ? {}
      : { file: { path, begin: strings.begin, size: Number(entry.size), mtimeNs: entry.mtimeNs } }),
  };
}

function stopSentence(parts: SnapshotParts): string | undefined {
  const { stopped, meta, nodes, edges, strings } = parts;
  if (stopped === undefined) return undefined;
  const { section, how, at, why } = stopped;
  const verb = how === 'cut' ? 'cut' : `damaged at byte ${at}`;
  const reason = why === undefined ? '' : ` (${why})`;
  if (section === 'nodes')
    return `${verb} in the nodes${reason}: ${share(nodes?.count, meta.nodeCount)} of them read, no references, no names`;
  if (section === 'edges')
    return `${verb} in the references${reason}: ${share(edges?.count, meta.edgeCount)} of them read, no names`;
  if (section === 'strings')
    return `${verb} in the strings${reason}: ${strings?.count ?? 0} of them read, other names are empty`;
  const missing = [
    ...(edges === undefined ? ['references'] : []),
    ...(strings === undefined ? ['names'] : []),
  ];
  const lacks = missing.length === 0 ? 'all that counts was read' : `no ${missing.join(', no ')}`;
  return `${verb} ${section.startsWith('after ') ? section : `in ${section}`}${reason}: ${lacks}`;
}

function share(read: number | undefined, claimed: number): string {
  if (read === undefined || claimed === 0) return `${read ?? 0}`;
  return `${Math.floor((100 * Math.min(read, claimed)) / claimed)} %`;
}

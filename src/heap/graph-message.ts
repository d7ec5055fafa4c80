import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import type { HeapGraph } from './heap-graph.ts';
import { openStrings } from './open-strings.ts';
import { SizeColumn } from './size-column.ts';
import type { Snapshot } from './snapshot.ts';
import type { SharedStrings } from './snapshot-strings.ts';

/** A size column on its way between threads: classes do not survive it. */
export interface SentSizes {
  low: Uint32Array;
  high: Map<number, Bytes>;
}

/** What of a snapshot the analysis needs. All large columns are shared, nothing is copied. */
export interface SentSnapshot
  extends Pick<
    Snapshot,
    | 'name'
    | 'bytes'
    | 'nodeCount'
    | 'edgeCount'
    | 'nodeType'
    | 'nodeName'
    | 'nodeId'
    | 'firstEdge'
    | 'edgeTarget'
    | 'edgeName'
    | 'detachedness'
  > {
  selfSize: SentSizes;
  strings: SharedStrings;
}

/** Work of one of the two threads: `tree` the dominators and what follows from them, `steps` own sizes and distances. */
export interface GraphTask {
  part: 'tree' | 'steps';
  snapshot: SentSnapshot;
  /** To the other thread. */
  port: MessagePort;
}

export type TreeAnswer = Pick<HeapGraph, 'dominator' | 'preorder' | 'rank' | 'subtree'> & {
  retained: SentSizes;
};
export type StepsAnswer = Pick<HeapGraph, 'distance' | 'reachedBy' | 'detachedness' | 'userRoots'> & {
  shallow: SentSizes;
};

/** What a thread says. The last one is an answer or an error. */
export type GraphMessage =
  | { stage: string }
  | { tree: TreeAnswer }
  | { steps: StepsAnswer }
  | { error: { code: ErrorCode; message: string; hint: string | undefined; stack: string | undefined } };

/** Undefined when its strings or columns cannot be shared (drawn in a test). */
export function sendSnapshot(snapshot: Snapshot): SentSnapshot | undefined {
  const { name, bytes, nodeCount, edgeCount, nodeType, nodeName, nodeId } = snapshot;
  const { firstEdge, edgeTarget, edgeName, detachedness, selfSize } = snapshot;
  const strings = snapshot.strings.shared;
  if (strings === undefined || !(edgeTarget.buffer instanceof SharedArrayBuffer)) return undefined;
  return {
    name,
    bytes,
    nodeCount,
    edgeCount,
    nodeType,
    nodeName,
    nodeId,
    firstEdge,
    edgeTarget,
    edgeName,
    ...(detachedness === undefined ? {} : { detachedness }),
    selfSize: sendSizes(selfSize),
    strings,
  };
}

/** The other end of `sendSnapshot`; without locations and allocations. */
export function receiveSnapshot(sent: SentSnapshot): Snapshot {
  const nowhere = new Int32Array(0);
  return {
    ...sent,
    selfSize: receiveSizes(sent.selfSize),
    strings: openStrings(sent.strings),
    locations: { node: new Uint32Array(0), script: nowhere, line: nowhere, column: nowhere },
    extraNativeBytes: 0,
  };
}

export function sendSizes({ low, high }: SizeColumn): SentSizes {
  return { low, high };
}

export function receiveSizes({ low, high }: SentSizes): SizeColumn {
  return new SizeColumn(low, high);
}

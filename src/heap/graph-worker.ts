import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { HolterError } from '../base/errors.ts';
import { measureDistances } from './distances.ts';
import { findDomState } from './dom-state.ts';
import { findDominators } from './dominators.ts';
import { type Ephemerons, findEphemerons } from './ephemerons.ts';
import {
  type GraphMessage,
  type GraphTask,
  receiveSizes,
  receiveSnapshot,
  type SentSizes,
  type StepsAnswer,
  sendSizes,
  type TreeAnswer,
} from './graph-message.ts';
import { findDocuments, findUserRoots } from './graph-roots.ts';
import { GraphScratch } from './graph-scratch.ts';
import { numberNodes } from './number-nodes.ts';
import { attributeSizes } from './ownership.ts';
import { buildTreeColumns } from './retained-sizes.ts';
import { sharedUint32 } from './shared-column.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * One of the two threads of an analysis (analyse-in-workers.ts). They meet twice: names of WeakMap entries are found by
 * the tree's thread and wanted by the other for its distances; sizes go the other way, to be summed up the tree.
 */
async function work({ part, snapshot: sent, port }: GraphTask): Promise<GraphMessage> {
  const snapshot = receiveSnapshot(sent);
  return part === 'tree'
    ? { tree: await buildTree(snapshot, port) }
    : { steps: await takeSteps(snapshot, port) };
}

async function buildTree(snapshot: Snapshot, port: MessagePort): Promise<TreeAnswer> {
  say('reading WeakMaps');
  const ephemerons = findEphemerons(snapshot.strings);
  port.postMessage(ephemerons);
  say('numbering objects');
  const scratch = new GraphScratch(snapshot.nodeCount, snapshot.edgeCount);
  const numbering = numberNodes(snapshot, ephemerons, findDocuments(snapshot), scratch);
  say('finding dominators');
  const tree = findDominators(numbering, scratch);
  const [sizes] = (await once(port, 'message')) as [SentSizes];
  say('summing up retained sizes');
  const { retained, ...columns } = buildTreeColumns(numbering, tree, receiveSizes(sizes), scratch);
  return { ...columns, retained: sendSizes(retained) };
}

async function takeSteps(snapshot: Snapshot, port: MessagePort): Promise<StepsAnswer> {
  const { nodeCount } = snapshot;
  const userRoots = findUserRoots(snapshot, findDocuments(snapshot));
  const scratch = sharedUint32(nodeCount);
  const shallow = sendSizes(attributeSizes(snapshot, userRoots.length > 0, scratch));
  port.postMessage(shallow);
  const detachedness = findDomState(snapshot);
  const [ephemerons] = (await once(port, 'message')) as [Ephemerons];
  const distance = new Int32Array(new SharedArrayBuffer(4 * nodeCount));
  const reachedBy = sharedUint32(nodeCount);
  measureDistances(snapshot, ephemerons, userRoots, distance, reachedBy, scratch);
  return { shallow, distance, reachedBy, detachedness, userRoots };
}

function say(stage: string): void {
  parentPort?.postMessage({ stage } satisfies GraphMessage);
}

function failure(error: unknown): GraphMessage {
  const { message, stack } = error as Error;
  const { code, hint } = error instanceof HolterError ? error : { code: 'E_BUG' as const, hint: undefined };
  return { error: { code, message, hint, stack } };
}

const task = workerData as GraphTask;
const message = await work(task).catch(failure);
parentPort?.postMessage(message);
task.port.close();

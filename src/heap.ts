/**
 * Public subpath `holter/heap`: open heap snapshots of V8 (Node, Chrome), judge, compare and query them. Sizes, classes,
 * distances and dominators are those of Chrome DevTools. Works on files made anywhere; only the `record…` functions need
 * a live inspector session.
 *
 *     const heap = await openHeap('app.heapsnapshot', { onProgress: ({ stage, done }) => …, signal });
 *     for (const one of findSuspects(heap).suspects) console.log(one.title, one.holders[0]?.text, one.place);
 *
 * Long work is async, gives way to the event loop and ends with E_INTERRUPTED when its `signal` aborts: openHeap,
 * readSnapshot, runQuery, record…. What is synchronous takes up to about two seconds per gigabyte of snapshot.
 */

export { type ByteStream, openStream } from './base/byte-stream.ts';
export { type ErrorCode, HolterError } from './base/errors.ts';
export { Session } from './cdp/session.ts';
export { connectWebSocket, type Transport } from './cdp/transport.ts';
export {
  type ClassCount,
  type ClassGrowth,
  type ClassHistogram,
  compareHistograms,
  type HistogramGrowth,
} from './heap/class-histogram.ts';
export { classNameOf } from './heap/class-name.ts';
export { type ClassTable, NO_CLASS } from './heap/class-table.ts';
export { type CompareOptions, compareHeaps } from './heap/compare-heaps.ts';
export { type ClassDescription, describeClass, findClasses } from './heap/describe-class.ts';
export {
  describeObject,
  type NodeRow,
  nodeOfId,
  type ObjectDescription,
  type ReferenceRow,
} from './heap/describe-object.ts';
export { findBreaches, type HeapBreach, type HeapLimit, parseHeapLimit } from './heap/difference-limit.ts';
export { findHolders, type HolderOptions } from './heap/find-holders.ts';
export { findSuspects, type SuspectOptions } from './heap/find-suspects.ts';
export type { Heap } from './heap/heap.ts';
export type {
  ClassChange,
  ContainerChange,
  DifferenceMode,
  HeapDifference,
} from './heap/heap-difference.ts';
export { type HeapGraph, SYSTEM_DISTANCE, UNREACHED } from './heap/heap-graph.ts';
export type { ClassRow, HeapSummary, ObjectRow } from './heap/heap-summary.ts';
export type { Holder, PathStep } from './heap/holder.ts';
export { nodeText } from './heap/node-text.ts';
export { type HeapProgress, type OpenHeapOptions, openHeap } from './heap/open-heap.ts';
export type { Place } from './heap/place.ts';
export { QueryError } from './heap/query-error.ts';
export { type QueryCell, type QueryOptions, type QueryResult, runQuery } from './heap/query-run.ts';
export { readSnapshot, type SnapshotReadOptions } from './heap/read-snapshot.ts';
export { type HistogramOptions, recordHistogram } from './heap/record-histogram.ts';
export { type RecordedSnapshot, recordSnapshot, type SnapshotRecording } from './heap/record-snapshot.ts';
export { edgeSource, type Retainers } from './heap/retainers.ts';
export { type PathOptions, pathText, retainingPath } from './heap/retaining-path.ts';
export type { ScriptTable } from './heap/script-table.ts';
export { SizeColumn } from './heap/size-column.ts';
export {
  type AllocationTrace,
  EDGE,
  EDGE_TYPES,
  NODE,
  NODE_TYPES,
  type NodeTypeName,
  type Snapshot,
  type SnapshotLocations,
} from './heap/snapshot.ts';
export type { SnapshotStrings } from './heap/snapshot-strings.ts';
export { countStrings, type StringCensus } from './heap/string-census.ts';
export { type SummaryOptions, summariseHeap } from './heap/summarise-heap.ts';
export { DETECTORS, type Detector, type Suspect, type SuspectReport } from './heap/suspect.ts';

/**
 * Public subpath `holter/cpu`: read, record and weigh V8 CPU and allocation profiles. Works on files made anywhere;
 * only the `record…` and `…AllocationSampling` functions need a live inspector session.
 */
export type { CallTree, Category, FrameTable, Party } from './cpu/call-tree.ts';
export { CATEGORIES, PARTIES } from './cpu/call-tree.ts';
export { type ReadProfileOptions, readCpuProfile } from './cpu/cpuprofile.ts';
export {
  type AggregateOptions,
  aggregateFiles,
  aggregateFunctions,
  aggregatePackages,
  type FunctionRow,
  type GroupRow,
} from './cpu/functions.ts';
export { attributeGc } from './cpu/gc-callers.ts';
export { type ReadHeapProfileOptions, readHeapProfile } from './cpu/heapprofile.ts';
export type { InspectorSession } from './cpu/inspector-session.ts';
export { weighNodes, weighNodesInRanges } from './cpu/node-weights.ts';
export {
  type AllocationSamplingOptions,
  startAllocationSampling,
  stopAllocationSampling,
} from './cpu/record-allocations.ts';
export { type RecordProfileOptions, recordCpuProfile } from './cpu/record-profile.ts';
export { splitTime, TIME_ROOMS, type TimeRoom, type TimeSplit } from './cpu/time-split.ts';
export {
  type CollectOptions,
  collectSources,
  openSources,
  type SourcesFile,
  type WeighedScript,
} from './source-map/collect-sources.ts';
export { makeSourceBook, type SourceBook } from './source-map/source-book.ts';
export {
  type OriginalPlace,
  type ScriptSource,
  SourceMaps,
  type SourceMapsOptions,
} from './source-map/source-map.ts';

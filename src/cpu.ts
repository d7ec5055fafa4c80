/**
 * Public subpath `holter/cpu`: record CPU and allocation profiles, read those of any tool, weigh, compare and write them. Works on files made anywhere;
 * only the `record…` and `…AllocationSampling` functions need a live inspector session.
 */

export { type ByteSource, openBytes, openFile } from './base/byte-source.ts';
export type { CallTree, Category, FrameTable, Party } from './cpu/call-tree.ts';
export { CATEGORIES, PARTIES } from './cpu/call-tree.ts';
export { readCpuProfile } from './cpu/cpuprofile.ts';
export {
  compareProfiles,
  type DifferenceOptions,
  type DifferenceRow,
  exceedsLimit,
  type Normalisation,
  type ProfileDifference,
} from './cpu/difference.ts';
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
export { mergeTrees } from './cpu/merge-trees.ts';
export { weighNodes, weighNodesInRanges } from './cpu/node-weights.ts';
export { openProfile } from './cpu/open-profile.ts';
export {
  type NamedTree,
  PROFILE_FORMATS,
  type ProfileFile,
  type ProfileFormat,
  type ReadProfileOptions,
} from './cpu/profile-file.ts';
export {
  type AllocationSamplingOptions,
  startAllocationSampling,
  stopAllocationSampling,
} from './cpu/record-allocations.ts';
export { type RecordProfileOptions, recordCpuProfile } from './cpu/record-profile.ts';
export { type CpuSummary, type SummaryOptions, summariseProfile } from './cpu/summary.ts';
export { splitTime, TIME_ROOMS, type TimeRoom, type TimeSplit } from './cpu/time-split.ts';
export {
  formatOfFileName,
  WRITABLE_FORMATS,
  type WritableFormat,
  writeProfile,
} from './cpu/write-profile.ts';
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

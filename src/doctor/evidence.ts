import type { OperationTable } from '../async/build-operations.ts';
import type { WaitSummary } from '../async/wait-summary.ts';
import type { BlockStack, CallTree, ExternalAllocation, StuckEvidence } from '../cpu/call-tree.ts';
import type { PoolRecording } from '../metrics/pool-recording.ts';
import type { VitalSigns } from '../metrics/series.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { KeptGrowth } from './kept-growth.ts';

/** Looks up lines of the target's original sources, from the recording. Pure: no file access behind it. */
export interface SourceBook {
  /** All lines of a file as named in FrameTable.file, or undefined when it is not in the recording. */
  lines(file: string): readonly string[] | undefined;
}

/** All that a rule may look at: the models of one recording. */
export interface Evidence {
  manifest: RecordingManifest;
  vitals: VitalSigns;
  /** CPU profile of the main thread. */
  main: CallTree | undefined;
  workers: { thread: string; tree: CallTree }[];
  /** Sampled allocations that are still alive (unit bytes). */
  allocation: CallTree | undefined;
  /** Sampled allocations including what GC has since freed, when the V8 can tell; for gc-pressure. */
  allocationAll: CallTree | undefined;
  blockStacks: BlockStack[];
  stuck: StuckEvidence | undefined;
  external: ExternalAllocation[];
  sources: SourceBook;
  /** What piled up between two heap snapshots (`doctor --heap`); absent without them. */
  kept?: KeptGrowth;
  /** libuv's pool; absent where memory may not be read. */
  pool?: PoolRecording;
  /** Asynchronous operations of the main thread, and what its requests wait for; absent when none were recorded. */
  async?: { operations: OperationTable; waits: WaitSummary };
}

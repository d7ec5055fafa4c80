import type { OperationTable } from '../async/build-operations.ts';
import type { ErrorSites } from '../async/error-sites.ts';
import type { LeakLog } from '../async/leak-log.ts';
import type { RequestTimes } from '../async/request-probe.ts';
import type { SiteBook } from '../async/site-book.ts';
import type { WaitSummary } from '../async/wait-summary.ts';
import type { Milliseconds } from '../base/units.ts';
import type {
  BlockStack,
  CallTree,
  ExternalAllocation,
  StackFrame,
  StuckEvidence,
} from '../cpu/call-tree.ts';
import type { BoxDeath } from '../metrics/box-death.ts';
import type { PoolRecording } from '../metrics/pool-recording.ts';
import type { VitalSigns } from '../metrics/series.ts';
import type { WakersFile } from '../metrics/wakers-file.ts';
import type { NativeStacksFile } from '../perf/native-stacks.ts';
import type { CoreEvidence } from '../recording/core-evidence.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { KeptGrowth } from './kept-growth.ts';

/** Looks up lines of the target's original sources, from the recording. Pure: no file access behind it. */
export interface SourceBook {
  /** All lines of a file as named in FrameTable.file, or undefined when it is not in the recording. */
  lines(file: string): readonly string[] | undefined;
}

/** Optimised code of the main thread that was thrown away, counted in stretches of the window. */
export interface DeoptEvidence {
  /** From the first look to the last; 0 when the thread was not busy, so that none was taken. */
  observedMs: Milliseconds;
  /** `frames` innermost first, the last of the function whose code it was; `counts` by stretch; `reason` in V8's words. */
  sites: { reason: string; frames: StackFrame[]; counts: number[] }[];
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
  /** Descriptors that wake the loop although they are closed; absent where there are none. */
  wakers?: WakersFile['watches'];
  /** Where the busy main thread is, by perf; absent without root or perf. */
  native?: NativeStacksFile;
  /** libuv's pool; absent where memory may not be read. */
  pool?: PoolRecording;
  /** Asynchronous operations of the main thread, and what its requests wait for; absent when none were recorded. */
  async?: { operations: OperationTable; waits: WaitSummary };
  /** Failed answers by the error behind them; absent when answers were not counted. */
  errors?: ErrorSites;
  /** Counts of resources and listeners, and creations of what grew; lines by `book`. Absent when none were recorded. */
  leaks?: { log: LeakLog; book: SiteBook };
  /** Deoptimisations; absent where memory may not be read. */
  deopts?: DeoptEvidence;
  /** How long requests took, where that was no reason to record operations. */
  requestTimes?: RequestTimes;
  /** What a core tells; then nothing else is there. */
  core?: CoreEvidence;
  /** How a process with an agent ended. */
  box?: BoxDeath;
}

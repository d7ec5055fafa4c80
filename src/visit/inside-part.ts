import type { Session } from '../cdp/session.ts';
import type { VitalSigns } from '../metrics/series.ts';
import type { EvidenceKind } from '../recording/manifest.ts';
import type { WindowClock } from './clock.ts';
import type { RawFrame } from './raw-stack.ts';
import type { ActSink } from './watch-inside.ts';

/** What a part of a visit is given. */
export interface PartContext {
  session: Session;
  clock: WindowClock;
  /** Version of the target's Node without `v`; '' unknown. */
  node: string;
  /** The user has agreed to longer pauses (`--yes`). */
  consent: boolean;
  /** End of the window, ms after its start; `stop` comes about half a second before. */
  untilMs: number;
  /** Process id where the target is on this machine. */
  pid: number | undefined;
  act: ActSink;
  /** What was left undone or is worth knowing, in a sentence: goes to the report's gaps. */
  note: (sentence: string) => void;
  /** A full collection was asked for: it is no collection of the program's own. */
  forced: (gc: VitalSigns['forcedGc'][number]) => void;
}

/** How the target does when a third of the window is over: whether what costs something is worth beginning. */
export interface MiddleFacts {
  /** Of the main thread since the window began, % of one core. */
  mainCpuPercent: number;
  /** HTTP requests seen so far. */
  requests: number;
}

/** A file of the recording, and the frames in it whose sources are to be kept. */
export interface PartFile {
  name: string;
  kind: EvidenceKind;
  json: string;
  fromMs?: number;
  toMs?: number;
  frames: readonly RawFrame[];
  /** What the part's own tables took in the target from `fromMs` on, outside the heap. */
  ownBytes?: number;
}

/**
 * One thing that is recorded inside the target beside profiles and vital signs. Made at the window's begin. It throws
 * nothing: a target that dies or hangs is missing evidence. Whatever it puts into the target is taken out by `stop`,
 * and by the bridge's undo when holter is gone (see `installRecorder` of async/ for the pattern).
 */
export interface InsidePart {
  /** Once, at about a third of the window, if the loop turns. */
  middle?(facts: MiddleFacts): Promise<void>;
  /** Nothing of it is in the target when this resolves. Undefined: nothing worth keeping. */
  stop(): Promise<PartFile | undefined>;
}

export type StartPart = (context: PartContext) => Promise<InsidePart>;

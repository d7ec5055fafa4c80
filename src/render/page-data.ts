import type { DoctorReport } from '../doctor/report.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { PageWaits } from './page-waits.ts';

/**
 * All that the self-contained page is given. It travels packed (page-codec.ts: JSON with typed arrays beside it),
 * compressed and in base64 in `<script type="application/octet-stream" id="holter-data">`. Typed arrays keep what they
 * are; numbers are rounded to what can be seen.
 */
export type PageData = DoctorPage | ProfilePage | DifferencePage | HeapPage | HeapDifferencePage | AsyncPage;

interface AnyPage {
  schema: 'holter.page/2';
  /** Top bar: `doctor` `api-gateway` `pid 4711`. */
  subject: { verb: string; name: string; detail: string };
  /** Version, and name and size of the recording or file, for the foot line. */
  holter: string;
  recording: string;
  recordingBytes: number;
  /** One per thread or process, main first. */
  profiles: PageProfile[];
  /**
   * Texts for the source view by the path in `frames.file`: the user's files that matter, as they were when recorded,
   * or as they are on disk now (`sourcesNote` says so).
   */
  sources: Record<string, string>;
  sourcesNote?: string;
}

/** Page of `holter doctor`. */
export interface DoctorPage extends AnyPage {
  kind: 'doctor';
  report: DoctorReport;
  /** Length of the window that was asked for; the time axis keeps it when the target died or got stuck early. */
  requestedSeconds: number;
  /** `outside` = nothing from inside the process, `accessProblem` says why. */
  access: 'inspector' | 'outside';
  accessProblem?: string;
  /** Stack of a loop that does not turn: shown where there is no profile. Innermost frame first. */
  stuck?: PageStuck;
  /** Series by name (metrics/series.ts); `t` in ms after window start; null = gap. */
  series: {
    name: string;
    t: number[];
    v: (number | null)[];
    masked?: { fromMs: number; toMs: number; why: string }[];
  }[];
  blocked: { at: number; ms: number; open?: boolean }[];
  gc: { at: number; ms: number; kind: string }[];
  /** What requests waited for, where the visit recorded it. */
  waits?: PageWaits;
}

/** A fact beside the headline: `Node` `22.23.3`, `samples` `9 981 every 1 ms`. */
export interface PageFact {
  label: string;
  value: string;
}

/** Page of `holter cpu`, `holter flame`, `holter heap sample` and of a profile file. */
export interface ProfilePage extends AnyPage {
  kind: 'profile';
  /** `render takes 61 % of the busy time` and the sentences below it. */
  headline: string;
  details: string[];
  facts: PageFact[];
  /** Problems to be shown as a banner: cut file, few samples. */
  warnings: string[];
  load?: LoadResult;
  /** What was done to the target; absent for files. */
  target?: Pick<DoctorReport, 'actions' | 'left' | 'inspectorOpenMs'>;
  /** Commands to go on with. */
  next: { command: string; note: string }[];
}

/** Page of `holter cpu diff`. `profiles[0]` is the union of both; its `before` holds the other weights. */
export interface DifferencePage extends AnyPage {
  kind: 'difference';
  headline: string;
  details: string[];
  facts: PageFact[];
  warnings: string[];
  /** How weights were made comparable: `share of busy time`, `µs per request`, `as recorded`. */
  normalised: string;
  /** Text a weight of the profile is shown with; weights are multiplied by `scale` first: 100 and ` %`. */
  weight: { scale: number; unit: string };
  beforeName: string;
  afterName: string;
  rows: PageDifferenceRow[];
  next: { command: string; note: string }[];
}

/**
 * Page of `holter heap show`, `heap suspects` and `open x.heapsnapshot`. `profiles[0]` is the dominator tree as boxes:
 * what an object keeps alive is below it, weight = bytes; `map` says what each box is.
 */
export interface HeapPage extends AnyPage {
  kind: 'heap';
  headline: string;
  details: string[];
  facts: PageFact[];
  warnings: string[];
  totalBytes: number;
  objectCount: number;
  /** Σ bytes = totalBytes. */
  kinds: { kind: string; bytes: number; count: number }[];
  /** By node of `profiles[0]`. */
  map: {
    /** V8's id of the object, 0 for a group. */
    id: Float64Array;
    /** Objects that are directly in the box: 1, or as many as a group has. */
    count: Float64Array;
  };
  /** Undefined: they were not looked for. */
  suspects?: { list: PageSuspect[]; explained: number; quiet: string[] };
  /** Most retained first, `classCount` there are. */
  classes: {
    name: string[];
    /** `app/session.js:9`, '' unknown. */
    place: string[];
    count: Float64Array;
    shallow: Float64Array;
    retained: Float64Array;
    distance: Int32Array;
    /** Index into PAGE_ROOMS, as in the map. */
    room: Uint8Array;
    /** Key by which a served page asks for the instances. */
    key: string[];
  };
  classCount: number;
  dominators: PageObject[];
  largest: PageObject[];
  /** Duplicates: bytes of all but one of each. */
  duplicateStrings: { text: string; count: number; bytes: number }[];
  duplicateBytes: number;
  largestStrings: { id: number; text: string; bytes: number }[];
  packages: { package: string; bytes: number; count: number }[];
  /** The file, for commands. */
  file: string;
  /** Served by `holter open`: questions about single objects can be asked. */
  server?: PageServer;
  next: { command: string; note: string }[];
}

/** Where a served page asks: `POST path` with the token in a header. src/server/README.md. */
export interface PageServer {
  path: string;
  token: string;
}

/** heap/heap-summary.ts ObjectRow. */
export interface PageObject {
  id: number;
  className: string;
  /** Text of a string, name of a function; '' of most. */
  text: string;
  shallow: number;
  retained: number;
  path: string;
  /** What most of its bytes are: `60 000 Order`; '' unknown. */
  holds: string;
}

/** heap/suspect.ts Suspect, its places as text. */
export interface PageSuspect {
  title: string;
  detector: string;
  bytes: number;
  bytesAre: string;
  share: number;
  place: string;
  holders: PageHolder[];
  growth: string;
  evidence: string[];
  advice: string;
  /** V8 ids of objects to look at. */
  ids: number[];
}

/** heap/holder.ts Holder. */
export interface PageHolder {
  text: string;
  kind: string;
  held: number;
  place: string;
  /** `global > module app/session.js > sessions > Map`. */
  path: string;
}

/** Page of `holter heap diff`. heap/heap-difference.ts. */
export interface HeapDifferencePage extends AnyPage {
  kind: 'heap-difference';
  headline: string;
  details: string[];
  facts: PageFact[];
  warnings: string[];
  beforeName: string;
  afterName: string;
  lastName: string;
  /** Classes have retained sizes of new instances, and instances that are gone. */
  byIds: boolean;
  classes: {
    name: string;
    place: string;
    countBefore: number;
    countAfter: number;
    /** −1: two snapshots. */
    countLast: number;
    added: number;
    removed: number;
    addedBytes: number;
    removedBytes: number;
    retainedDelta: number;
    holders: PageHolder[];
  }[];
  /** Before the list was cut. */
  classCount: number;
  containers: {
    id: number;
    className: string;
    path: string;
    entriesBefore: number;
    entriesAfter: number;
    /** −1: two snapshots. */
    entriesLast: number;
    retainedBefore: number;
    retainedAfter: number;
    newBytes: number;
  }[];
  containerCount: number;
  next: { command: string; note: string }[];
}

/** Page of `holter async`. */
export interface AsyncPage extends AnyPage {
  kind: 'async';
  headline: string;
  details: string[];
  facts: PageFact[];
  warnings: string[];
  waits: PageWaits;
  /** What was done to the target; absent for files. */
  target?: Pick<DoctorReport, 'actions' | 'left' | 'inspectorOpenMs'>;
  next: { command: string; note: string }[];
}

/** cpu/difference.ts DifferenceRow; weights on the scale of the profile. */
export interface PageDifferenceRow {
  name: string;
  file: string;
  line: number;
  room: PageRoom;
  selfBefore: number;
  selfAfter: number;
  totalBefore: number;
  totalAfter: number;
  /** Of self, relative to before; null when it is new. */
  relative: number | null;
  significant: boolean;
}

/** What is known of a loop that did not turn. `since` and `ms` in ms after window start. */
export interface PageStuck {
  since: number;
  ms: number;
  frames: { function: string; file: string; line: number; room: PageRoom; values: string }[];
  /** Sentence about a thread stuck outside of JS, '' when it is in JS. */
  native: string;
}

/** cpu/call-tree.ts for the page; node 0 is the root (parent −1), parents before children. */
export interface PageProfile {
  thread: string;
  unit: 'microseconds' | 'bytes' | 'samples' | 'share';
  /** ms after window start. */
  from: number;
  to: number;
  frames: {
    name: string[];
    /** As the engineer would type it: below the target's cwd, or `package/path` of a dependency. */
    file: string[];
    /** 1-based, 0 unknown. */
    line: Int32Array;
    column: Int32Array;
    /** Index into PAGE_ROOMS. */
    room: Uint8Array;
    package: string[];
  };
  nodes: { parent: Int32Array; frame: Int32Array; self: Float64Array };
  /** Self weight per node before, in a comparison: same scale as `nodes.self`. */
  before?: Float64Array;
  /**
   * Time order; `time` in ms after window start. Empty when the profile has none. `weight` empty beside times: every
   * sample weighs the time up to the next, the last up to `to`.
   */
  samples: { time: Float64Array; node: Int32Array; weight: Float64Array };
  lines: { node: Int32Array; line: Int32Array; weight: Float64Array };
  /**
   * Lines of the user's functions from which something expensive outside of the user's code is called: function,
   * function called (rows of `frames`), line (1-based) and what it costs in the whole profile. Where sources are known.
   */
  calls?: { frame: Int32Array; callee: Int32Array; line: Int32Array; weight: Float64Array };
  /** Node ids (paths) each finding blames, by index in report.findings; empty outside of doctor. */
  blamedNodes: number[][];
  partial?: string;
}

/** The page's seven rooms in the order of the legend. */
export const PAGE_ROOMS = ['user', 'dependency', 'core', 'native', 'kernel', 'gc', 'idle'] as const;
export type PageRoom = (typeof PAGE_ROOMS)[number];

import type { CallTree } from '../cpu/call-tree.ts';
import type { CpuSummary } from '../cpu/summary.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { PageFact } from './page-data.ts';

/** One thread, process or sample type of the document. */
export interface CpuDocumentProfile {
  /** `main`, `worker 3 resize`, `all 4 processes`. */
  name: string;
  tree: CallTree;
  summary: CpuSummary;
}

/** How long a thread was on a CPU, as the kernel counted it. */
export interface ThreadTimeRow {
  /** `main thread 4711`, `pool thread 4722`. */
  name: string;
  tid: number;
  onCpuMs: number;
  /** Waiting for something. */
  offCpuMs: number;
  /** Ready to run, but another thread had the CPU. */
  preemptedMs: number;
  switches: number;
}

/** Everything a summary of a profile shows, whether as terminal text, Markdown or JSON. */
export interface CpuDocument {
  /** Command without `holter`: `cpu`, `flame`, `heap sample`. */
  verb: string;
  /** `api-gateway` · `pid 4711`, or `app.cpuprofile` · `V8 CPU profile (.cpuprofile)`. */
  name: string;
  detail: string;
  /** Folder paths are shown relative to. */
  cwd: string;
  /** At least one; the first is shown in full. */
  profiles: readonly CpuDocumentProfile[];
  facts: readonly PageFact[];
  /** What to know when reading it, in sentences. */
  notes: readonly string[];
  load?: LoadResult;
  /** Where context switches were recorded; by time on a CPU. */
  threads?: readonly ThreadTimeRow[];
  /** Of a recording: what was done to the target. */
  manifest?: RecordingManifest;
  /** Paths as the user would type them. */
  files: { page?: string; recording?: string; written: readonly string[] };
  next: readonly { command: string; note: string }[];
}

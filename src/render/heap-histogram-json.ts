import type { ClassHistogram, HistogramGrowth } from '../heap/class-histogram.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import { renderJsonDocument } from './json-document.ts';

/** What was counted in one thread, once or twice, or against an earlier count. */
export interface HistogramView {
  thread: string;
  /** The last count. */
  count: ClassHistogram;
  /** The one before it. */
  before?: ClassHistogram;
  growth?: HistogramGrowth;
}

export interface HeapHistogramDocument {
  threads: HistogramView[];
  manifest: RecordingManifest;
  /** Rows to show on a terminal. */
  top: number;
  /** What `--filter` says, as typed; '' none. Rows are filtered already. */
  filter: string;
  /** Folder of the recording as people read it. */
  recording: string;
  notes: string[];
  next: string[];
}

/** `holter.heap-histogram/1`, also what `--before` reads. Sizes in bytes, `threads[].count.rows` most bytes first. */
export interface HeapHistogramJson {
  schema: 'holter.heap-histogram/1';
  threads: HistogramView[];
  filter: string;
  notes: string[];
  target: RecordingManifest['target'];
  window: RecordingManifest['window'];
  actions: RecordingManifest['actions'];
  inspectorOpenMs: number;
  left: RecordingManifest['left'];
  recording: string;
  next: string[];
}

export function renderHeapHistogramJson(document: HeapHistogramDocument): string {
  const { threads, manifest, filter, notes, recording, next } = document;
  const json: HeapHistogramJson = {
    schema: 'holter.heap-histogram/1',
    threads,
    filter,
    notes,
    target: manifest.target,
    window: manifest.window,
    actions: manifest.actions,
    inspectorOpenMs: manifest.inspectorOpenMs,
    left: manifest.left,
    recording,
    next,
  };
  return renderJsonDocument(json);
}

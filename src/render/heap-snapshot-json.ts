import type { RecordingManifest } from '../recording/manifest.ts';
import { renderJsonDocument } from './json-document.ts';

/** A heap snapshot that was taken, and what it cost. Filled by the visit; sizes in bytes. */
export interface HeapSnapshotDocument {
  taken: {
    path: string;
    bytes: number;
    thread: string;
    /** Upper bound. */
    pauseMs: number;
    /** Of the whole process; NaN unknown. */
    rss: { before: number; peak: number; after: number };
    /** The loop did not turn: it was stopped by the debugger for the snapshot. */
    wasStuck: boolean;
    /** What was expected. */
    need: {
      usedHeapBytes: number;
      needBytes: number;
      availableBytes: number;
      limitedBy: string;
      pauseMs: number;
    };
  };
  manifest: RecordingManifest;
  /** The file as people read it. */
  path: string;
  next: string[];
  /** Folder of the recording; undefined when only the file was asked for. */
  recording: string | undefined;
}

/** The `holter.heap-snapshot/1` document: file, cost, what was expected, all that was done to the target. */
export function renderHeapSnapshotJson({ taken, manifest, next, recording }: HeapSnapshotDocument): string {
  const { need, path, ...rest } = taken;
  return renderJsonDocument({
    schema: 'holter.heap-snapshot/1',
    file: path,
    ...rest,
    expected: {
      usedHeapBytes: need.usedHeapBytes,
      needBytes: need.needBytes,
      availableBytes: need.availableBytes,
      limitedBy: need.limitedBy,
      pauseMs: need.pauseMs,
    },
    ...(recording === undefined ? {} : { recording }),
    target: manifest.target,
    window: manifest.window,
    actions: manifest.actions,
    inspectorOpenMs: manifest.inspectorOpenMs,
    left: manifest.left,
    next,
  });
}

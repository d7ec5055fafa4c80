import type { RecordingManifest } from '../recording/manifest.ts';
import { renderJsonDocument } from './json-document.ts';

/** Heap snapshots that were taken, and what they cost. Filled by the visit; sizes in bytes. */
export interface HeapSnapshotDocument {
  taken: {
    thread: string;
    snapshots: {
      path: string;
      bytes: number;
      /** ISO time. */
      takenAt: string;
      /** Upper bound. */
      pauseMs: number;
      /** Of the whole process; NaN unknown. */
      rss: { before: number; peak: number; after: number };
      /** The loop did not turn: it was stopped by the debugger for the snapshot. */
      wasStuck: boolean;
    }[];
    /** What was expected of each. */
    need: {
      usedHeapBytes: number;
      needBytes: number;
      availableBytes: number;
      limitedBy: string;
      pauseMs: number;
    };
    notes: string[];
  };
  manifest: RecordingManifest;
  /** The files as people read them. */
  paths: string[];
  next: string[];
  /** Folder of the recording; undefined when only files were asked for. */
  recording: string | undefined;
}

/** The `holter.heap-snapshot/1` document: files, cost, what was expected, all that was done to the target. */
export function renderHeapSnapshotJson({ taken, manifest, next, recording }: HeapSnapshotDocument): string {
  const { need, snapshots, thread, notes } = taken;
  return renderJsonDocument({
    schema: 'holter.heap-snapshot/1',
    thread,
    snapshots: snapshots.map(({ path, ...rest }) => ({ file: path, ...rest })),
    notes,
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

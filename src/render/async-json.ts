import type { RequestWaterfall } from '../async/request-waterfall.ts';
import type { ThrownError } from '../async/thrown-errors.ts';
import type { WaitSummary } from '../async/wait-summary.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import { type AsyncDocument, asyncHeadline } from './async-document.ts';
import { renderJsonDocument } from './json-document.ts';

/** `holter.async/1`; each field in words: docs/formats/async-json.md. */
export interface AsyncJson {
  schema: 'holter.async/1';
  headline: string;
  target: RecordingManifest['target'];
  window: RecordingManifest['window'];
  waits: Omit<WaitSummary, 'notes'>;
  slowest: RequestWaterfall | null;
  uncaught: readonly ThrownError[];
  resources: AsyncDocument['resources'];
  notes: readonly string[];
  actions: RecordingManifest['actions'];
  left: RecordingManifest['left'];
  inspectorOpenMs: number;
  recording: string;
  next: readonly string[];
}

/** The `holter.async/1` document, `schema` first. */
export function renderAsyncJson(document: AsyncDocument): string {
  const { manifest, summary, slowest, thrown, resources, recording, next } = document;
  const { notes, ...waits } = summary;
  const json: AsyncJson = {
    schema: 'holter.async/1',
    headline: asyncHeadline(document),
    target: manifest.target,
    window: manifest.window,
    waits,
    slowest: slowest ?? null,
    uncaught: thrown,
    resources,
    notes,
    actions: manifest.actions,
    left: manifest.left,
    inspectorOpenMs: manifest.inspectorOpenMs,
    recording,
    next,
  };
  return renderJsonDocument(json);
}

import type { ClassDescription } from '../heap/describe-class.ts';
import type { ObjectDescription } from '../heap/describe-object.ts';
import type { HeapSummary } from '../heap/heap-summary.ts';
import { heapHeadlines } from './heap-show-text.ts';
import { renderJsonDocument } from './json-document.ts';

const SCHEMA = 'holter.heap-show/1';

/** `holter.heap-show/1` of a whole heap; of one object or class it has `object` or `class` instead (below). */
export function renderHeapSummaryJson(summary: HeapSummary, next: readonly string[]): string {
  return renderJsonDocument({ schema: SCHEMA, headline: heapHeadlines(summary), ...summary, next });
}

export function renderHeapObjectJson(name: string, object: ObjectDescription, totalBytes: number): string {
  return renderJsonDocument({ schema: SCHEMA, name, totalBytes, object });
}

export function renderHeapClassJson(name: string, description: ClassDescription, totalBytes: number): string {
  return renderJsonDocument({ schema: SCHEMA, name, totalBytes, class: description });
}

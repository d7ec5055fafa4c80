import type { ClassDescription, ObjectDescription } from '../heap/describe-object.ts';
import type { HeapSummary } from '../heap/heap-summary.ts';
import { heapHeadline } from './heap-text.ts';
import { renderJsonDocument } from './json-document.ts';

/** `holter.heap-show/1`: the summary, or one object or class under `object` or `class`. */
export function renderHeapSummaryJson(summary: HeapSummary, next: readonly string[]): string {
  return renderJsonDocument({
    schema: 'holter.heap-show/1',
    headline: heapHeadline(summary),
    ...summary,
    next,
  });
}

export function renderHeapObjectJson(name: string, object: ObjectDescription): string {
  return renderJsonDocument({ schema: 'holter.heap-show/1', name, object });
}

export function renderHeapClassJson(name: string, description: ClassDescription): string {
  return renderJsonDocument({ schema: 'holter.heap-show/1', name, class: description });
}

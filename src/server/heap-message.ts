import type { ErrorCode } from '../base/errors.ts';
import type { HeapProgress } from '../heap/open-heap.ts';
import type { PageServer } from '../render/page-data.ts';

/** To the thread that has the heap. */
export type ToHeap =
  | { id: number; ask: 'page'; server: PageServer }
  | { id: number; ask: 'question'; body: unknown }
  /** Nobody waits for the answer any more. */
  | { id: number; ask: 'cancel' };

/** From it. `id` 0: the opening of the snapshot. */
export type FromHeap =
  | { id: 0; progress: HeapProgress }
  | { id: number; answer: unknown }
  | { id: number; error: { code: ErrorCode; message: string; hint: string | undefined } };

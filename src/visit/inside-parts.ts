import { startAsyncPart } from './async-part.ts';
import type { StartPart } from './inside-part.ts';

/** What is recorded inside beside profiles and vital signs; started together, in no order. */
export const PARTS: readonly StartPart[] = [startAsyncPart];

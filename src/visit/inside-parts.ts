import { startAsyncPart } from './async-part.ts';
import { startDeoptsPart } from './deopts-part.ts';
import { startErrorsPart } from './errors-part.ts';
import type { StartPart } from './inside-part.ts';
import { startLeaksPart } from './leaks-part.ts';
import { startWakersPart } from './wakers-part.ts';

/** What is recorded inside beside profiles and vital signs; started together, in no order. */
export const PARTS: readonly StartPart[] = [
  startAsyncPart,
  startDeoptsPart,
  startErrorsPart,
  startLeaksPart,
  startWakersPart,
];

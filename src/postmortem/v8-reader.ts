import type { PagedMemory } from '../linux/memory.ts';
import type { ImageSymbols } from '../linux/native-symbol.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import type { V8Layout } from './v8-layout.ts';

/**
 * What all readers of V8's objects share: memory, layout of the version, symbols. Made by `openV8` (open-v8.ts).
 * Object addresses are tagged throughout (odd); fields are read at `address − 1 + offset`.
 */
export interface V8Reader {
  readonly image: ProcessImage;
  readonly memory: PagedMemory;
  readonly layout: V8Layout;
  readonly symbols: ImageSymbols;
  /** What the self-tests on load found doubtful, a sentence each; also in `image.problems`. */
  readonly problems: string[];
}

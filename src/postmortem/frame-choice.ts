import type { ThreadStack } from './stack-frame.ts';
import type { ValuePath } from './value-path.ts';

/** A frame as a path names it: by number, or by its function. */
export type FrameRoot = Exclude<ValuePath['root'], { kind: 'address' }>;

/**
 * Number of the frame, innermost 0; −1: there is none. Of a function the innermost frame, by its whole name
 * (`Store.find`), without what it was called as, or by its own name alone (`find`).
 */
export function frameIndex({ frames }: Pick<ThreadStack, 'frames'>, root: FrameRoot): number {
  if (root.kind === 'frame') return root.frame < frames.length ? root.frame : -1;
  const wanted = root.function;
  return frames.findIndex(
    (frame) =>
      frame.name === wanted ||
      (frame.kind === 'js' &&
        (frame.functionName === wanted || frame.name.replace(/ \[as .*\]$/, '') === wanted)),
  );
}

/** Why there is none. */
export function noFrameText({ frames, tid }: Pick<ThreadStack, 'frames' | 'tid'>, root: FrameRoot): string {
  return root.kind === 'frame'
    ? `there is no frame ${root.frame}: thread ${tid} has ${frames.length}`
    : `thread ${tid} is in no function ${JSON.stringify(root.function)}`;
}

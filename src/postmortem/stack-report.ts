import type { StackReport, ThreadStack } from './stack-frame.ts';
import type { V8Reader } from './v8-reader.ts';

/** Stacks of an image with what is known of the whole: versions, crash, and what was found doubtful until now. */
export function buildStackReport(v8: V8Reader, threads: ThreadStack[]): StackReport {
  const { image, layout } = v8;
  return {
    name: image.name,
    pid: image.pid,
    nodeVersion: layout.nodeVersion,
    v8Version: layout.v8Version,
    threads,
    ...(image.crash === undefined ? {} : { crash: image.crash }),
    problems: [...new Set([...image.problems, ...v8.problems])],
  };
}

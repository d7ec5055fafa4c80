/**
 * Public subpath `holter/postmortem`: a process that died, from its core file, or a live one that is stopped for some
 * milliseconds for each question. Stacks of all threads with JavaScript frames, values, source, why it died; out of
 * memory alone, without debugger, addon or inspector. Linux on x86-64, Node 18 to 26.
 *
 *     const dead = await openPostmortem('core.4711.zst', { signal, onProgress: (progress) => … });
 *     const { reason, threads } = await dead.stacks();
 *     for (const frame of threads[0].frames) if (frame.kind === 'js') console.log(frame.name, frame.place);
 *     await dead.inspect('3:req.url');
 *     dead.close();
 *
 * Everything is async and ends with E_INTERRUPTED when its `signal` aborts. Damaged memory gives values of type
 * `unreadable` and sentences in `problems`; what is thrown is HolterError.
 */

export { type ErrorCode, HolterError } from './base/errors.ts';
export type { ActiveHandle, ActiveRequest, LoopContents } from './postmortem/active-handles.ts';
export type { CrashReason } from './postmortem/crash-reason.ts';
export type { FrameVariables } from './postmortem/frame-variables.ts';
export type { ImageBinary } from './postmortem/image-binaries.ts';
export type { JsTimer } from './postmortem/js-timers.ts';
export type { Looked } from './postmortem/live-v8.ts';
export type {
  FrameChoice,
  FrameDetails,
  Look,
  ProcessDescription,
  StacksWithReason,
} from './postmortem/look.ts';
export {
  openPostmortem,
  type Postmortem,
  type PostmortemOptions,
  type PostmortemProgress,
} from './postmortem/open-postmortem.ts';
export type { StackOptions } from './postmortem/read-stacks.ts';
export type { ScriptText } from './postmortem/script-text.ts';
export type {
  CodeFrame,
  JsFrame,
  StackFrame,
  StackPlace,
  StackReport,
  ThreadStack,
  Tier,
} from './postmortem/stack-frame.ts';
export type { UnpackProgress } from './postmortem/unpack-core.ts';
export type { ObjectValue, Property, Value } from './postmortem/value.ts';
export type { ValueLimits } from './postmortem/value-walk.ts';

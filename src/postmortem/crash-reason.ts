import { REGISTER } from '../linux/process-image.ts';
import { readValue } from './read-value.ts';
import type { StackFrame, StackReport } from './stack-frame.ts';
import { hasType, isHeapObject } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import type { Value } from './value.ts';

/** Why a process ended, as far as its last moments tell. */
export interface CrashReason {
  /** `out of memory: the JavaScript heap reached its limit`; no full stop. */
  text: string;
  /** What was thrown, of an uncaught exception. */
  exception?: Value;
}

/** Functions that stand on the stack of a process which ends itself, outermost meaning first. */
const REASONS: readonly [RegExp, string][] = [
  [
    /FatalProcessOutOfMemory|OOMErrorHandler|OnOOMError|ReportOOMFailure/,
    'out of memory: the JavaScript heap reached its limit',
  ],
  [/Isolate::Throw(Internal)?\b|Isolate::ReThrow/, 'uncaught exception (--abort-on-uncaught-exception)'],
  [/node::errors::TriggerUncaughtException/, 'uncaught exception'],
  [
    /node::(Assert\b|Abort\(const node::AssertionInfo|CheckedUvLoopClose)/,
    "a check of Node's C++ code failed",
  ],
  [/^V8_Fatal\b|V8_Dcheck/, 'a check of V8 failed'],
  [/node::OnFatalError|ReportApiFailure/, 'fatal error of V8'],
  [/^node::Abort\(v8::FunctionCallbackInfo|^node::Abort$|^node::Abort\(/, 'process.abort() was called'],
];

const SEGMENTATION_FAULT = 11;
/** Stack above the innermost JavaScript frame that is looked through for what was thrown. */
const SEARCHED_BYTES = 64 * 1024;

/**
 * Reads the reason from the stack of the thread that crashed; of an uncaught exception also the error object, which native
 * code holds between the throw and the end. Undefined for a process that did not crash (gcore, a live one).
 */
export function findCrashReason(v8: V8Reader, report: StackReport): CrashReason | undefined {
  const [thread] = report.threads;
  if (report.crash === undefined || thread === undefined) return undefined;
  const top = thread.frames.slice(0, firstJs(thread.frames));
  const names = top.map((frame) => (frame.kind === 'js' ? '' : frame.name));
  const found = REASONS.find(([pattern]) => names.some((name) => pattern.test(name)));
  if (found !== undefined) {
    const text = found[1];
    const exception = text.startsWith('uncaught') ? findError(v8, thread.tid, thread.frames) : undefined;
    return exception === undefined ? { text } : { text, exception };
  }
  // By whom it was sent is not known: Node's own handler looks at each and sends it again.
  if (report.crash.signal === SEGMENTATION_FAULT) {
    const name = names.find((one) => one !== '') ?? '';
    return { text: `segmentation fault${name === '' ? '' : ` in ${name.replace(/\(.*$/, '')}`}` };
  }
  return undefined;
}

function firstJs(frames: readonly StackFrame[]): number {
  const at = frames.findIndex((frame) => frame.kind === 'js');
  return at < 0 ? frames.length : at;
}

/** The error nearest to where it was thrown: the words of the native frames, and what handles among them point to. */
function findError(v8: V8Reader, tid: number, frames: readonly StackFrame[]): Value | undefined {
  const thread = v8.image.threads.find((one) => one.tid === tid);
  const from = thread?.registers[REGISTER.rsp] ?? Number.NaN;
  const to = frames[firstJs(frames)]?.fp ?? Number.NaN;
  if (!(to > from) || to - from > 2 ** 24) return undefined;
  const { memory } = v8;
  // Of several the oldest in the frames is what was thrown; newer ones are made while reporting it.
  for (let at = Math.floor(to / 8) * 8 - 8; at >= Math.max(from, to - SEARCHED_BYTES); at -= 8) {
    for (const word of [memory.word(at), memory.word(memory.word(at))])
      if (isHeapObject(word) && hasType(v8, word, 'JS_ERROR_TYPE')) return readValue(v8, word, { depth: 1 });
  }
  return undefined;
}

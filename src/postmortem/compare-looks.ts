import type { Milliseconds } from '../base/units.ts';
import type { JsFrame, StackFrame, StackReport, ThreadStack } from './stack-frame.ts';

/** One of several looks at the same process. */
export interface Look {
  /** Of performance.now(). */
  at: Milliseconds;
  report: StackReport;
}

/** What a thread did between the looks at it. */
export interface ThreadMovement {
  tid: number;
  /**
   * `same`: every frame at the same place each time. `line`: the same functions, but the innermost place moves.
   * `below`: the outer frames stay, what they call changes. `moved`: nothing of JavaScript is common. `idle`: idle each time.
   */
  kind: 'same' | 'line' | 'below' | 'moved' | 'idle';
  /** Looks that saw it. */
  looks: number;
  /** From the first to the last of them. */
  spanMs: Milliseconds;
  /** Frames of the last look's stack, counted from the outermost, that all looks have. */
  common: number;
  /** Innermost frame that all looks have (its place of the last look); undefined for none. */
  within?: StackFrame;
  /** Lines the innermost common function was seen at, ascending; of `line` and `same`. */
  lines: number[];
}

/**
 * Compares the stacks of each thread over several looks, outermost frames first: a stack that stays is a thread that is
 * stuck there, or comes back there. JavaScript frames count when there are any, else native ones.
 */
export function compareLooks(looks: readonly Look[]): ThreadMovement[] {
  const last = looks.at(-1);
  if (last === undefined || looks.length < 2) return [];
  const movements: ThreadMovement[] = [];
  for (const thread of last.report.threads) {
    const seen = looks.flatMap(({ at, report }) => {
      const stack = report.threads.find(({ tid }) => tid === thread.tid);
      return stack === undefined ? [] : [{ at, stack }];
    });
    if (seen.length >= 2) movements.push(compareThread(thread, seen));
  }
  return movements;
}

function compareThread(
  thread: ThreadStack,
  seen: readonly { at: Milliseconds; stack: ThreadStack }[],
): ThreadMovement {
  const spanMs = seen.at(-1)!.at - seen[0]!.at;
  const base = { tid: thread.tid, looks: seen.length, spanMs };
  if (seen.every(({ stack }) => stack.isIdle)) return { ...base, kind: 'idle', common: 0, lines: [] };
  const useJs = seen.every(({ stack }) => stack.frames.some(isOnStack));
  const stacks = seen.map(({ stack }) => outerFirst(stack, useJs));
  const own = stacks.at(-1)!;
  const shortest = Math.min(...stacks.map(({ length }) => length));
  let common = 0;
  while (common < shortest && stacks.every((stack) => sameFunction(stack[common]!, own[common]!))) common++;
  // The outer frame of a change stands at a call, which is the same each time when it is still the same call.
  const isWhole = stacks.every((stack) => stack.length === common);
  const places = stacks.map((stack) => stack.slice(0, common).map(placeKey).join('\n'));
  const within = own[common - 1];
  const lines = [
    ...new Set(
      stacks.flatMap((stack) => {
        const frame = stack[common - 1];
        return frame?.kind === 'js' && frame.place !== undefined ? [frame.place.line] : [];
      }),
    ),
  ].sort((a, b) => a - b);
  const isStill = places.every((text) => text === places[0]);
  const kind = common === 0 ? 'moved' : !isWhole ? 'below' : isStill ? 'same' : 'line';
  return {
    ...base,
    kind,
    common: within === undefined ? 0 : thread.frames.length - thread.frames.indexOf(within),
    ...(within === undefined ? {} : { within }),
    lines,
  };
}

function isOnStack(frame: StackFrame): frame is JsFrame {
  return frame.kind === 'js' && !frame.isAsync;
}

function outerFirst({ frames }: ThreadStack, useJs: boolean): StackFrame[] {
  return frames.filter((frame) => (useJs ? isOnStack(frame) : frame.kind !== 'v8')).reverse();
}

function sameFunction(a: StackFrame, b: StackFrame): boolean {
  if (a.kind === 'js' && b.kind === 'js')
    return a.functionName === b.functionName && a.place?.url === b.place?.url;
  return a.kind === b.kind && a.kind !== 'js' && b.kind !== 'js' && a.name === b.name && a.file === b.file;
}

function placeKey(frame: StackFrame): string {
  return frame.kind === 'js'
    ? `${frame.place?.line ?? 0}:${frame.place?.column ?? 0}`
    : `${frame.name}+${frame.offset ?? 0}`;
}

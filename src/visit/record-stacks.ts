import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import type { JsFrame } from '../postmortem/stack-frame.ts';
import type { Value } from '../postmortem/value.ts';
import type { BlockStacksFile, RawFrame } from './raw-stack.ts';

/** Time between two looks: five of them see whether a thread stays where it is. */
const EVERY_MS = 200;
const VALUE_LENGTH = 60;
/** Builtins of V8 that continue a function which had stopped at an `await` or `yield`. */
const RESUMES = /Await|Generator|AsyncFunction|AsyncIterator/;
/** Calls of V8 that nobody wrote: they say nothing of where the time goes. */
const HIDDEN = /^holter:/;

/** What looks at the main thread found, out of the memory of the process (postmortem/). */
export interface StackRecording {
  /** One for each look that found JavaScript; `at` by the clock given. */
  stacks: BlockStacksFile['stacks'];
  /** How long it stood still for each. */
  pausesMs: Milliseconds[];
  /**
   * Since when each look saw one and the same call: the same frames at the same addresses with the same arguments, and
   * nothing else from the outermost JavaScript on to the first function of a file. Undefined: it changed.
   */
  sameSince?: Milliseconds;
  /** That call is an async function or generator that went on: it looks the same each time it is continued. */
  wasResumed?: boolean;
}

export interface StackLooks {
  count: number;
  everyMs?: Milliseconds;
  /** Milliseconds of the window, now. */
  now: () => Milliseconds;
  signal: AbortSignal;
}

/**
 * Reads the main thread's JavaScript stack some times from outside: for processes whose inspector cannot be had, or that
 * do not answer it because they are in native code. They stand still for some milliseconds each time.
 * @returns undefined when their memory may not be read, is of no V8 we know, or is of another architecture
 */
export async function recordStacks(pid: number, looks: StackLooks): Promise<StackRecording | undefined> {
  if (process.arch !== 'x64') return undefined;
  const [{ LiveV8 }, { readStacks }] = await Promise.all([
    import('../postmortem/live-v8.ts'),
    import('../postmortem/read-stacks.ts'),
  ]);
  let live: Awaited<ReturnType<typeof LiveV8.open>> | undefined;
  const recording: StackRecording = { stacks: [], pausesMs: [] };
  let call = '';
  try {
    live = await LiveV8.open(pid);
    for (let look = 0; look < looks.count && !looks.signal.aborted; look++) {
      if (look > 0) await sleep(looks.everyMs ?? EVERY_MS);
      const at = looks.now();
      const { result, pausedMs, wasStopped } = await live.look(
        (v8) => readStacks(v8, { threads: 'main', values: true })[0],
      );
      // Whoever stopped it knows why it does not answer.
      if (wasStopped) return undefined;
      recording.pausesMs.push(pausedMs ?? 0);
      const frames = (result?.frames ?? []).filter((frame): frame is JsFrame => frame.kind === 'js');
      const now = callOf(frames);
      if (now === '' || now !== call) {
        call = now;
        recording.sameSince = at;
        if (now === '') delete recording.sameSince;
      }
      recording.wasResumed ||= (result?.frames ?? []).some(
        ({ kind, name }) => kind === 'v8' && RESUMES.test(name),
      );
      const raw = frames.flatMap(rawFrame);
      if (raw.length > 0) recording.stacks.push({ at, lateMs: 0, asyncId: 0, frames: raw });
    }
  } catch (error) {
    // It ended, or may not be read: what was seen before stays.
    if (!(error instanceof HolterError)) throw error;
  } finally {
    live?.close();
  }
  return recording.pausesMs.length === 0 ? undefined : recording;
}

/**
 * A word that is the same only while the same call goes on: frames from the outermost to the first that is not Node's own,
 * where they lie, and what they were given. A server that calls one handler again and again gives it other objects.
 */
function callOf(frames: readonly JsFrame[]): string {
  const outermost = [...frames].reverse();
  const first = outermost.findIndex(({ place }) => place !== undefined && !place.url.startsWith('node:'));
  if (first < 0) return '';
  const words = outermost
    .slice(0, first + 1)
    .map((frame) =>
      [
        frame.fp,
        frame.functionAddress,
        frame.receiver === undefined ? '' : identityOf(frame.receiver),
        ...(frame.arguments ?? []).map(({ value }) => identityOf(value)),
      ].join(' '),
    );
  return words.join('\n');
}

function identityOf(value: Value): string {
  return 'address' in value
    ? value.address.toString(16)
    : 'value' in value
      ? String(value.value)
      : value.type;
}

function rawFrame(frame: JsFrame): RawFrame[] {
  const { place, functionName } = frame;
  if (place === undefined || HIDDEN.test(place.url)) return [];
  const values = (frame.arguments ?? []).flatMap(({ name, value }) =>
    name === '' ? [] : [{ name, value: valueText(value) }],
  );
  return [
    {
      function: functionName,
      url: place.url,
      line: place.line,
      column: place.column,
      ...(frame.isAsync ? { async: true as const } : {}),
      ...(values.length === 0 ? {} : { values }),
    },
  ];
}

/** As a pause of the debugger tells them: `4711`, `"abc…"`, `Map(3)`, `Session`. */
function valueText(value: Value): string {
  const text =
    value.type === 'string'
      ? JSON.stringify(value.text)
      : value.type === 'object'
        ? `${value.className}${value.length === undefined ? '' : `(${value.length})`}`
        : 'value' in value
          ? String(value.value)
          : value.type;
  return text.length > VALUE_LENGTH ? `${text.slice(0, VALUE_LENGTH - 1)}…` : text;
}

import type { ThreadImage } from '../linux/process-image.ts';
import type { StackFrame, ThreadStack } from './stack-frame.ts';

/** What a thread is for and what it does, as far as its stack and its name tell. */
export type ThreadWork = Pick<ThreadStack, 'role' | 'state' | 'isIdle'>;

/** Functions at the bottom of a thread's stack, by role. Symbols of Node 18–26; `worker` is libuv's (src/threadpool.c). */
const ROLES: readonly (readonly [RegExp, ThreadWork['role']])[] = [
  [/^worker$/, 'pool'],
  [/PlatformWorkerThread|DelayedTaskScheduler|TracingController/, 'v8'],
  [/^_ZN4node6worker6Worker|node::worker::Worker/, 'worker'],
  [/StartIoThread|InspectorIo/, 'inspector'],
  [/SignalInspector|StartDispatchThread|StartIoInterrupt/, 'signal'],
];
const NAMES: readonly (readonly [RegExp, ThreadWork['role']])[] = [
  [/^libuv-worker$/, 'pool'],
  [/^(node-)?V8Worker$|^DelayedTaskSche$/, 'v8'],
  [/^WorkerThread$/, 'worker'],
  [/^InspectorIo$/, 'inspector'],
  [/^SignalInspector$/, 'signal'],
];

const WAITS =
  /^(__)?(pthread_cond_(timed)?wait|futex|sem_wait|uv_cond_(timed)?wait|uv_sem_wait|do_futex_wait)/;
const LOCKS = /FutexWaiter|FutexEmulation::Wait|ConditionVariable::Wait|^pthread_cond_|^uv_cond_/;
/** State of a thread whose event loop is answered at once each time it waits. */
export const RESTLESS = 'turning its event loop without rest';
const POLLS = /^(epoll_p?wait2?|uv__io_poll|ppoll|poll)$/;

/** @param isMain the thread whose id is that of the process */
export function tellThreadWork(
  thread: ThreadImage,
  frames: readonly StackFrame[],
  isMain: boolean,
): ThreadWork {
  const native = frames.filter((frame) => frame.kind !== 'js');
  const role = isMain
    ? 'main'
    : roleOf(
        thread.name,
        native.map(({ name }) => name),
      );
  if (thread.problem !== undefined) return { role, state: 'unknown', isIdle: false };
  const first = frames[0];
  const firstJs = frames.findIndex(({ kind }) => kind === 'js');
  const above = firstJs < 0 ? native : frames.slice(0, firstJs);
  const names = above.map(({ name }) => name);
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  // libuv runs tasks of V8 (a collection, say) from inside its poll: only the innermost frames tell that it waits.
  const isPolling =
    names.slice(0, 2).some((name) => POLLS.test(name)) || /^epoll_/.test(thread.systemCall ?? '');
  const isWaiting = has(WAITS) || thread.systemCall === 'futex';
  // Who waits for events sleeps now and then; who never does is answered at once each time.
  if (firstJs < 0 && has(/^uv_run$/) && has(/^uv__io_poll$/) && thread.neverSlept === true)
    return { role, state: RESTLESS, isIdle: false };
  if (firstJs < 0 && isPolling && has(/^uv_run$|^uv__io_poll$/))
    return { role, state: 'idle in its event loop', isIdle: true };
  if (firstJs < 0 && isWaiting && role !== 'main') return { role, state: 'idle', isIdle: true };
  if (firstJs < 0 && (thread.systemCall !== undefined || isPolling) && role !== 'main' && role !== 'pool')
    return { role, state: 'idle', isIdle: true };
  if (has(/CollectGarbage|PerformGarbageCollection|Scavenger|MarkCompact|Heap::.*Collect/))
    return { role, state: 'collecting garbage', isIdle: false };
  if (has(/regexp|RegExp|Irregexp/)) return { role, state: 'running a regular expression', isIdle: false };
  if (has(/JsonStringify|JsonParse|JSON/)) return { role, state: 'running JSON', isIdle: false };
  // Restarted after a stop, the call has another number.
  if (has(LOCKS)) return { role, state: 'waiting in futex', isIdle: false };
  if (first?.kind === 'js' || (first?.kind === 'v8' && firstJs >= 0 && firstJs < 3))
    return { role, state: 'running JavaScript', isIdle: false };
  // An endless chain of awaits has its function on the stack half of the time only.
  if (firstJs < 0 && has(/^(Builtins_)?RunMicrotasks$|MicrotaskQueue::RunMicrotasks/))
    return { role, state: 'running promise callbacks', isIdle: false };
  // Calls we have no name for are the quick ones: memory, clocks.
  if (thread.systemCall !== undefined && !thread.systemCall.startsWith('system call'))
    return { role, state: `waiting in ${thread.systemCall}`, isIdle: false };
  return { role, state: frames.length === 0 ? 'unknown' : 'running native code', isIdle: false };
}

function roleOf(comm: string, names: readonly string[]): ThreadWork['role'] {
  for (const [pattern, role] of ROLES) if (names.some((name) => pattern.test(name))) return role;
  for (const [pattern, role] of NAMES) if (pattern.test(comm)) return role;
  return names.length === 0 ? 'unknown' : 'other';
}

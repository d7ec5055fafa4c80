import type { FindingKind, Problem } from './report.ts';

/** What each kind of finding says, in one sentence; for lists of rules (SARIF, docs/findings.md). */
export const KIND_WORDS: Readonly<Record<FindingKind, string>> = {
  'event-loop-blocked': 'Single calls keep the event loop from turning, again and again.',
  'event-loop-stuck': 'One call has not come back: the event loop does not turn at all.',
  'microtask-starvation':
    'Promises or nextTick callbacks queue each other without end; the loop never gets on.',
  'event-loop-spin':
    'The loop turns without a pause because callbacks queue each other with setImmediate or timers.',
  'cpu-bound': 'The main thread is at the end of its one core, by work of the program’s own functions.',
  'gc-pressure': 'Garbage collection takes a large part of the main thread.',
  'memory-leak-heap': 'What survives garbage collection grows all the time.',
  'memory-leak-external': 'Memory outside of the JavaScript heap (Buffers, ArrayBuffers) grows all the time.',
  'leak-handles': 'Sockets, files or other handles are opened and not closed.',
  'leak-listeners': 'Listeners are added to the same emitter and not removed.',
  'leak-timers': 'Timers are made and never cleared.',
  'leak-promises': 'Promises are made that are never settled.',
  'out-of-memory-risk': 'The heap or the container is close to its limit.',
  'io-bound': 'Requests spend their time waiting for another service or a file.',
  'upstream-timeout': 'Requests to another service do not answer in time.',
  'application-errors': 'Requests are answered with errors that the program’s own code causes.',
  serialised: 'Requests wait for each other: a lock, a queue or a pool lets only a few through.',
  'threadpool-saturated': 'libuv’s pool is busy all the time and work waits in line for it.',
  'threadpool-blocked': 'Threads of libuv’s pool are held by calls that do not come back.',
  'native-busy-loop': 'The main thread uses CPU outside of JavaScript without doing anything.',
  deoptimised: 'V8 throws the optimised code of a function that matters away again and again.',
  'cpu-starved': 'The main thread wants to run and gets no CPU: the machine or a limit, not the code.',
};

/** The six complaints a finding explains, as people say them. */
export const PROBLEM_WORDS: Readonly<Record<Problem, string>> = {
  'gateway-timeout': 'The proxy in front answers 504: requests take too long, or get no answer.',
  'server-error': 'The service answers 500, or ends.',
  'memory-growth': 'Memory grows until the process is killed.',
  'cpu-high-serving': 'The CPU is high while requests are served.',
  'cpu-stuck': 'The CPU is at 100 % and nothing is answered.',
  'slow-throughput': 'Fewer requests a second than the machine should give, with the CPU not at its end.',
};

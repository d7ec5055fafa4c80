// Random stops of a busy program, read by the library: are the stacks complete, and how long does reading take?
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

async function openLibrary(dist) {
  const load = (path) => import(pathToFileURL(join(dist, path)).href);
  const [{ openProcess }, { openV8 }, { readStacks }] = await Promise.all([
    load('linux/stopped-process.js'),
    load('postmortem/open-v8.js'),
    load('postmortem/read-stacks.js'),
  ]);
  return { openProcess, openV8, readStacks };
}

const isUsers = ({ kind, functionName }) => kind === 'js' && /^(hotB|loop|nest)$/.test(functionName);

/**
 * What a stack of the main thread says. `complete`: it has `loop`. `outside`: nothing is lost, it goes down to uv_run, and
 * nothing on it calls JavaScript: libuv, Node's C++, or a task of V8 that the event loop runs (on Node 20 to 26 most of these
 * are scavenges by MinorGCJob). A collection that no such task began was begun by an allocation of JavaScript, so a stack of
 * it without JavaScript has lost some: `blank`. `node only`: JavaScript of Node alone, between two calls of loop or with
 * frames missing: which of the two cannot be told from outside, so it counts against us.
 */
function judge({ frames, problems }) {
  if (frames.some(({ kind, functionName }) => kind === 'js' && functionName === 'loop')) return 'complete';
  if (frames.some(isUsers)) return 'partial';
  if (frames.some(({ kind }) => kind === 'js')) return 'node only';
  const has = (pattern) => frames.some(({ name }) => pattern.test(name));
  const isWhole = has(/^uv_run$/) && problems.length === 0 && !frames.some(({ lost }) => lost === true);
  const mayHideJs =
    has(/JSEntry|Execution::|InvokeFunction|^CEntry|^Runtime_/) ||
    (has(/Heap::(CollectGarbage|Scavenge)/) && !has(/RunForegroundTask/));
  return isWhole && !mayHideJs ? 'outside' : 'blank';
}

/** @returns counts by judgement, and the stacks that are neither complete nor outside, as text */
export async function countComplete(dist, pid, samples) {
  const { openProcess, openV8, readStacks } = await openLibrary(dist);
  const image = await openProcess(pid);
  const counts = { complete: 0, partial: 0, 'node only': 0, outside: 0, blank: 0 };
  const odd = [];
  const pauses = [];
  try {
    const v8 = openV8(image);
    for (let sample = 0; sample < samples; sample++) {
      await sleep(5 + Math.random() * 20);
      const before = image.pausedMs;
      image.stop();
      let stack;
      try {
        // A new reader each time: objects move, and readers keep what they learned.
        [stack] = readStacks({ ...v8, problems: [] }, { threads: 'main' });
      } finally {
        image.resume();
      }
      pauses.push(image.pausedMs - before);
      const judgement = judge(stack);
      counts[judgement]++;
      if (judgement !== 'complete' && judgement !== 'outside')
        odd.push(
          [judgement, ...stack.frames.slice(0, 60).map(({ kind, name }) => `  ${kind} ${name}`)].join('\n'),
        );
    }
  } finally {
    image.close();
  }
  return { counts, odd, pauses };
}

/** µs to read the stack of the main thread again, all caches warm, and of a reader that is new. */
export async function timeDecoding(dist, pid, rounds = 300) {
  const { openProcess, openV8, readStacks } = await openLibrary(dist);
  const image = await openProcess(pid);
  try {
    const v8 = openV8(image);
    let best;
    // The event loop may be between two calls: take the deepest of some stops.
    for (let attempt = 0; attempt < 20; attempt++) {
      image.stop();
      const [stack] = readStacks({ ...v8, problems: [] }, { threads: 'main' });
      if (stack.frames.filter(isUsers).length > 1) {
        best = stack;
        break;
      }
      image.resume();
      await sleep(7);
    }
    if (best === undefined) return undefined;
    const time = (make) => {
      for (let round = 0; round < 50; round++) readStacks(make(), { threads: 'main' });
      const start = performance.now();
      for (let round = 0; round < rounds; round++) readStacks(make(), { threads: 'main' });
      return ((performance.now() - start) / rounds) * 1000;
    };
    const kept = { ...v8, problems: [] };
    const warm = time(() => kept);
    const fresh = time(() => ({ ...v8, problems: [] }));
    return { frames: best.frames.length, warm, fresh };
  } finally {
    image.close();
  }
}

import { describe, expect, test } from 'vitest';
import { classifyThreads, type ThreadRole, type ThreadSurvey } from './thread-role.ts';

const V8_MASK = 0x200n;
const ALL_MASK = 0xfffffffe7ffbfeffn;
const MB = 1024 * 1024;

/**
 * A process drawn as lines `name mask stack born flags`, main first. mask: `-` none, `v` SIGUSR1, `a` all; stack in MB,
 * 0 = unknown; flags: `e` in an event loop, `r` running. Captured from real processes of the version named.
 */
function drawThreads(text: string, workerStacks = 0): ThreadSurvey {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/));
  return {
    workerStacks,
    threads: lines.map(([comm, mask, stack, born, flags = ''], index) => ({
      tid: 100 + index,
      comm: comm!,
      blocked: mask === 'v' ? V8_MASK : mask === 'a' ? ALL_MASK : 0n,
      stackBytes: Number(stack) * MB,
      startTicks: Number(born),
      inEventLoop: flags.includes('e'),
      running: flags.includes('r'),
    })),
  };
}

function rolesOf(survey: ThreadSurvey, poolSize = 4): ThreadRole[] {
  return [...classifyThreads(100, survey, poolSize).values()];
}

describe('classifyThreads', () => {
  test('Node 18 and 20: no names, told by mask, stack and birth', () => {
    const survey = drawThreads(`
      node - 0 0 e
      node v 8 3 e
      node v 8 3
      node v 8 3
      node v 8 3
      node v 8 3
      node a 0 4
      node - 8 5
      node - 8 5
      node - 8 5
      node - 8 5
      node - 4 6 e`);
    expect(rolesOf(survey)).toEqual([
      'main',
      'v8',
      'v8',
      'v8',
      'v8',
      'v8',
      'other',
      'pool',
      'pool',
      'pool',
      'pool',
      'worker',
    ]);
  });
  test('Node 22: the pool is named, the worker is not, whatever the title', () => {
    const survey = drawThreads(`
      my-api - 0 0 e
      DelayedTaskSche v 8 3 e
      node v 8 3
      node a 0 4
      my-api - 4 5 e
      libuv-worker - 8 40
      libuv-worker - 8 40`);
    expect(rolesOf(survey)).toEqual(['main', 'v8', 'v8', 'other', 'worker', 'pool', 'pool']);
  });
  test('Node 24 and 26: workers carry the name the application gave', () => {
    const survey = drawThreads(`
      node-MainThread - 0 0 e
      node-V8Worker v 8 3
      SignalInspector a 0 4
      InspectorIo - 8 4 e
      resizer - 4 5 e
      WorkerThread - 0 6 r
      libuv-worker - 8 40`);
    expect(rolesOf(survey)).toEqual(['main', 'v8', 'other', 'other', 'worker', 'worker', 'pool']);
  });
  test('a spinning worker is told by the worker stack nobody else is on', () => {
    const drawn = `
      node - 0 0 e
      node v 8 3
      node - 4 5 e
      node - 0 9 r`;
    expect(rolesOf(drawThreads(drawn, 2))).toEqual(['main', 'v8', 'worker', 'worker']);
    expect(rolesOf(drawThreads(drawn, 1))).toEqual(['main', 'v8', 'worker', 'unknown']);
  });
  test('--disable-sigusr1: all threads block the signal, so it marks nobody', () => {
    const survey = drawThreads(`
      MainThread v 0 0 e
      V8Worker v 8 3
      sharp v 8 5
      libuv-worker v 8 9`);
    expect(rolesOf(survey)).toEqual(['main', 'v8', 'unknown', 'pool']);
  });
  test("holter's own bridge is not the application's worker", () => {
    expect(rolesOf(drawThreads('node-MainThread - 0 0 e\nholter-bridge - 4 9 e'))).toEqual(['main', 'other']);
  });
  test('no rights (no stacks, no wait channel): a pool is still told by its size and birth', () => {
    const drawn = 'node - 0 0\nnode v 0 3\nnode - 0 50\nnode - 0 50\nnode - 0 50\nnode - 0 51';
    expect(rolesOf(drawThreads(drawn))).toEqual(['main', 'v8', 'pool', 'pool', 'pool', 'pool']);
    expect(rolesOf(drawThreads(drawn), 8)).toEqual([
      'main',
      'v8',
      'unknown',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });
});

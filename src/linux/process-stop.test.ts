import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { readProcessStat } from './process-stat.ts';
import { ProcessStop } from './process-stop.ts';

let target: ChildProcess | undefined;
let stop: ProcessStop | undefined;
afterEach(() => {
  stop?.close();
  stop = undefined;
  target?.kill('SIGKILL');
  target = undefined;
});

function start(): number {
  target = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
  return target.pid as number;
}

const stateOf = (pid: number): string | undefined => readProcessStat(pid)?.state;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

// The death of the stopper, with a child that holds the stop: test/live/stack.test.ts.
describe('ProcessStop', () => {
  test('stands between begin and end, as often as wanted', async () => {
    const pid = start();
    stop = await ProcessStop.prepare(pid);
    expect(stateOf(pid)).not.toBe('T');
    for (let round = 0; round < 3; round++) {
      stop.begin();
      stop.begin();
      expect(stateOf(pid)).toBe('T');
      expect(stop.wasStopped).toBe(false);
      expect(stop.end()).toBeGreaterThan(0);
      expect(stop.end()).toBe(0);
      await until(() => stateOf(pid) === 'S');
    }
  });

  test('what stood before stands afterwards, whatever we do', async () => {
    const pid = start();
    process.kill(pid, 'SIGSTOP');
    await until(() => stateOf(pid) === 'T');
    stop = await ProcessStop.prepare(pid, 1);
    stop.begin();
    expect(stop.wasStopped).toBe(true);
    expect(stop.prolong()).toBe(true);
    stop.end();
    stop.close();
    // Another guard, which continues what it stopped at once, has come and gone: the first one's had its time.
    const other = start();
    const second = await ProcessStop.prepare(other, 1);
    second.begin();
    await until(() => stateOf(other) !== 'T');
    second.close();
    expect(stateOf(pid)).toBe('T');
    process.kill(pid, 'SIGKILL');
  });

  test('is over after the limit, though nobody ends it', async () => {
    const pid = start();
    stop = await ProcessStop.prepare(pid, 1);
    stop.begin();
    expect(stateOf(pid)).toBe('T');
    await until(() => stateOf(pid) === 'S');
    // Somebody continued it: that is said.
    expect(stop.prolong()).toBe(false);
    expect(stop.prolong()).toBe(false);
  });

  test('a prolonged one outlives the limit', async () => {
    const pid = start();
    stop = await ProcessStop.prepare(pid, 3);
    const other = start();
    const clock = await ProcessStop.prepare(other, 1);
    stop.begin();
    for (let round = 0; round < 4; round++) {
      // Each is a second: the limit would be over.
      clock.begin();
      await until(() => stateOf(other) !== 'T');
      clock.end();
      expect(stop.prolong()).toBe(true);
    }
    clock.close();
    expect(stateOf(pid)).toBe('T');
    stop.close();
    await until(() => stateOf(pid) === 'S');
    process.kill(pid, 'SIGKILL');
  });

  test('processes that are not there, and that end', async () => {
    await expect(ProcessStop.prepare(2 ** 22 + 1)).rejects.toMatchObject({ code: 'E_NO_SUCH_PROCESS' });
    const pid = start();
    stop = await ProcessStop.prepare(pid);
    process.kill(pid, 'SIGKILL');
    await until(() => stateOf(pid) === undefined || stateOf(pid) === 'Z');
    expect(() => stop?.begin()).toThrow(expect.objectContaining({ code: 'E_TARGET_EXITED' }));
  });

  test('one that is closed stops no more', async () => {
    const pid = start();
    stop = await ProcessStop.prepare(pid);
    stop.close();
    expect(() => stop?.begin()).toThrow(expect.objectContaining({ code: 'E_BUG' }));
    expect(stateOf(pid)).not.toBe('T');
  });
});

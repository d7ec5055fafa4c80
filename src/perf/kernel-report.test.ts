import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TraceLines } from './kernel-events.ts';
import { KernelTally } from './kernel-report.ts';

const names: Record<number, string> = { 1: 'write', 232: 'epoll_wait' };

/** A trace as the kernel writes it, in text: main thread 7, pool threads 8 and 9. */
const TRACE = `
            node-7       [000] .....    10.000000: poll_begin: (0x1d4d200)
            node-7       [000] .....    10.000100: sys_enter: NR 232 (e, 7ffd, 400, ffffffff, 0, 8)
            node-7       [000] d..2.    10.000200: sched_switch: prev_comm=node prev_pid=7 prev_prio=120 prev_state=S ==> next_comm=a b next_pid=50 next_prio=120
          <idle>-0       [000] d..2.    10.020200: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=node next_pid=7 next_prio=120
            node-7       [000] .....    10.020300: sys_exit: NR 232 = 1
            node-7       [000] .....    10.030000: queue_work: (0x1d32ec0) w=1000
            node-7       [000] .....    10.030001: submit: (0x1d32ce0) w=1088
 libuv-worker-8       (    7) [001] .....    10.035000: run_work_begin: (0x1d326d0) w=0x440
 my - thread-8       [001] .....    10.045000: run_work_end: (0x1 <- 0x2)
            node-7       [000] .....    10.050000: gc_begin: (0x148b6d0) c=1
            node-7       [000] .....    10.053000: gc_end: (0x1 <- 0x148b6d0)
            node-7       [000] .....    10.060000: poll_begin: (0x1d4d200)
CPU:1 [LOST 42 EVENTS]
`;

it('adds up pool, loop, collections, system calls and time off the CPU', () => {
  const lines = new TraceLines();
  const tally = new KernelTally(7, (number) => names[number] ?? `call ${number}`);
  lines.push(TRACE, (event) => tally.add(event));
  expect(lines.lost).toBe(42);
  const report = tally.report({ seconds: 1, lost: 0, missing: [] });
  expect(report.events).toBe(12);
  // Queued at 10.030 under two names, begun 5 ms later, ended 10 ms after that.
  expect(report.pool.wait.count).toBe(1);
  expect(report.pool.wait.maxMs).toBeCloseTo(5, 3);
  expect(report.pool.run.map(({ kind, run }) => [kind, run.count, Math.round(run.maxMs)])).toEqual([
    ['work', 1, 10],
  ]);
  // A turn of 60 ms of which 20.2 were spent in epoll.
  expect(report.loop.wait.totalMs).toBeCloseTo(20.2, 3);
  expect(report.loop.busy.maxMs).toBeCloseTo(39.8, 3);
  expect(report.gc.map(({ kind, pause }) => [kind, Math.round(pause.maxMs)])).toEqual([['mark-compact', 3]]);
  expect(report.systemCalls.map(({ name, main }) => [name, main.count])).toEqual([['epoll_wait', 1]]);
  expect(report.offCpu.map(({ thread, why, away }) => [thread, why, Math.round(away.totalMs)])).toEqual([
    ['main', 'epoll_wait', 20],
  ]);
});

it('reads the same whatever pieces the text comes in', () => {
  const whole: string[] = [];
  new TraceLines().push(TRACE, ({ name, tid, time }) => whole.push(`${name} ${tid} ${time}`));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 60 }), (sizes) => {
      const lines = new TraceLines();
      const seen: string[] = [];
      let at = 0;
      for (let i = 0; at < TRACE.length; i++) {
        const size = sizes[i % sizes.length]!;
        lines.push(TRACE.slice(at, at + size), ({ name, tid, time }) => seen.push(`${name} ${tid} ${time}`));
        at += size;
      }
      expect(seen).toEqual(whole);
    }),
  );
});

it('of any text ends', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 500 }), (text) => {
      const tally = new KernelTally(7, String);
      new TraceLines().push(`${text}\n`, (event) => tally.add(event));
      expect(tally.report({ seconds: 1, lost: 0, missing: [] }).events).toBeGreaterThanOrEqual(0);
    }),
  );
});

import { describe, expect, it } from 'vitest';
import { SwitchTimes } from './switch-times.ts';

const MS = 1e6;

function drawn(): SwitchTimes {
  const switches = new SwitchTimes();
  // Runs to 10, waits to 40, runs to 50, is ready to 60, runs on. Records of other CPUs come in disorder.
  switches.add(1, 7, 40 * MS, false, false);
  switches.add(1, 7, 10 * MS, true, false);
  switches.add(1, 7, 60 * MS, false, false);
  switches.add(1, 7, 50 * MS, true, true);
  return switches;
}

describe('context switches', () => {
  it('give a thread its time on a CPU, waiting and ready', () => {
    const [thread] = drawn().threads(0, 100 * MS, () => 'node');
    expect(thread).toMatchObject({ tid: 7, command: 'node', switches: 2 });
    expect([thread!.onCpuMs, thread!.offCpuMs, thread!.preemptedMs]).toEqual([60, 30, 10]);
  });

  it('tell how long a thread was away, and why', () => {
    const switches = drawn();
    expect(switches.awayAfter(7, 10 * MS + 1000, 100 * MS)).toEqual({ ns: 30 * MS, preempted: false });
    expect(switches.awayAfter(7, 50 * MS - 1000, 100 * MS)).toEqual({ ns: 10 * MS, preempted: true });
    expect(switches.awayAfter(7, 30 * MS, 100 * MS)).toBeUndefined();
    expect(switches.awayAfter(8, 10 * MS, 100 * MS)).toBeUndefined();
  });

  it('count a thread that did not come back as away to the end', () => {
    const switches = new SwitchTimes();
    switches.add(1, 7, 10 * MS, true, false);
    expect(switches.awayAfter(7, 10 * MS, 100 * MS)).toEqual({ ns: 90 * MS, preempted: false });
  });
});

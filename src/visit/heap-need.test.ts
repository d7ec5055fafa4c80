import { expect, test } from 'vitest';
import { estimateNeed } from './heap-need.ts';

const GB = 1e9;

test('a snapshot fits by the tighter of group and machine', () => {
  const heap = { usedHeapBytes: 100e6, nodeMajor: 22 };
  const roomy = estimateNeed('snapshot', { ...heap, machineAvailableBytes: 8 * GB });
  expect(roomy).toMatchObject({ fits: true, limitedBy: 'machine', availableBytes: 8 * GB });
  expect(roomy.needBytes).toBeGreaterThan(1 * GB);
  expect(roomy.pauseMs).toBeGreaterThan(5000);
  const cgroup = { limitBytes: 1 * GB, usageBytes: 0.3 * GB, reclaimableBytes: 0 };
  const tight = estimateNeed('snapshot', { ...heap, cgroup, machineAvailableBytes: 8 * GB });
  expect(tight).toMatchObject({ fits: false, limitedBy: 'cgroup', availableBytes: 0.7 * GB });
  // A count of the same heap has room there.
  expect(estimateNeed('histogram', { ...heap, cgroup, machineAvailableBytes: 8 * GB }).fits).toBe(true);
  expect(estimateNeed('snapshot', { ...heap, machineAvailableBytes: 1 * GB })).toMatchObject({
    fits: false,
    limitedBy: 'machine',
  });
});

test('file pages that the kernel gives up are room; more of them than use is not', () => {
  const need = (usageBytes: number, reclaimableBytes: number) =>
    estimateNeed('snapshot', {
      usedHeapBytes: 50e6,
      nodeMajor: 20,
      cgroup: { limitBytes: 1 * GB, usageBytes, reclaimableBytes },
      machineAvailableBytes: Number.NaN,
    });
  expect(need(0.9 * GB, 0).fits).toBe(false);
  expect(need(0.9 * GB, 0.7 * GB).fits).toBe(true);
  expect(need(0.1 * GB, 0.7 * GB).availableBytes).toBe(1 * GB);
  expect(need(2 * GB, 0).availableBytes).toBe(0);
});

test('nothing known: nothing claimed', () => {
  const need = estimateNeed('snapshot', {
    usedHeapBytes: 1e6,
    nodeMajor: 0,
    machineAvailableBytes: Number.NaN,
  });
  expect(need).toMatchObject({ fits: true, limitedBy: 'unknown' });
  expect(need.availableBytes).toBeNaN();
});

test('Node 18 takes several times as long', () => {
  const pause = (nodeMajor: number) =>
    estimateNeed('snapshot', { usedHeapBytes: 10e6, nodeMajor, machineAvailableBytes: GB }).pauseMs;
  expect(pause(18)).toBeGreaterThan(5 * pause(20));
  expect(pause(26)).toBe(pause(20));
});

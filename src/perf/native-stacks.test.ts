import { expect, it } from 'vitest';
import { summariseNativeStacks } from './native-stacks.ts';
import { RECORDED, readRecording } from './recorded.fixture.ts';

it.each(RECORDED)('sums up where the main thread of Node %s is', (version) => {
  const { profiles } = readRecording(version);
  const main = profiles[1]!.tree;
  const { share, top, samples } = summariseNativeStacks(main);
  expect(samples).toBe(main.samples.time.length);
  expect(share.js + share.native + share.kernel + share.gc).toBeCloseTo(1, 1);
  expect(share.native).toBeGreaterThan(0.1);
  expect(top.length).toBeGreaterThan(0);
  for (const { frames, share: each } of top) {
    expect(frames.length).toBeGreaterThan(0);
    expect(each).toBeGreaterThan(0);
    expect(each).toBeLessThanOrEqual(1);
  }
});

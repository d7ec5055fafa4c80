import { describe, expect, it } from 'vitest';
import { estimateDesignEffects } from './sample-noise.ts';
import { profileFromText } from './text-profile.fixture.ts';

/** Numbers that look random and are the same in every run. */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs of `a` and `b`, each of `length` samples, `a` with a probability of 0.3. */
function runs(length: number, samples: number, seed: number): string {
  const random = drawn(seed);
  return Array.from({ length: samples / length }, () => `${random() < 0.3 ? 'a' : 'b'} x${length}`).join(
    '  ',
  );
}
const effectOfA = (text: string): number => {
  const tree = profileFromText(text);
  const a = tree.frames.name.indexOf('a');
  return estimateDesignEffects(tree, tree.frame, tree.frames.length)[a]!;
};

describe('estimateDesignEffects', () => {
  it('is near 1 for samples that know nothing of each other', () => {
    for (const seed of [1, 2, 3]) expect(effectOfA(runs(1, 4000, seed))).toBeLessThan(1.5);
  });

  it('is near the length of a call when calls come at random', () => {
    for (const seed of [1, 2, 3]) {
      const effect = effectOfA(runs(20, 8000, seed));
      expect(effect).toBeGreaterThan(10);
      expect(effect).toBeLessThan(30);
    }
  });

  it('does not take the phases of a program for noise', () => {
    // 3 000 samples in a row are one event; as noise they would have an effect in the thousands.
    expect(effectOfA('a x3000  b x7000')).toBeLessThan(4);
  });

  it('leaves idle out, and says nothing of few samples', () => {
    expect(effectOfA('a x30  b x30')).toBe(1);
    const bursts = Array.from({ length: 40 }, () => `${'a  b  '.repeat(25)}(idle) x150`).join('  ');
    expect(effectOfA(bursts)).toBeLessThan(1.5);
    const woven = Array.from({ length: 1000 }, () => 'a  (idle) x3  b').join('  ');
    expect(effectOfA(woven)).toBe(1);
  });
});

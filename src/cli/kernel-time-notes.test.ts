import { expect, test } from 'vitest';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import { kernelTimeNotes, waitingCorrection } from './kernel-time-notes.ts';

const mostlyIdle = profileFromText(`
  work@/app/a.js:1 x20  (idle) x980
`);

test('a busy kernel count with idle samples is told, with an interval that sees the work', () => {
  const [note, ...more] = kernelTimeNotes(mostlyIdle, { seconds: 1, runMs: 150, waitMs: 0 });
  expect(more).toEqual([]);
  expect(note).toContain('the kernel counted 15 % CPU for the main thread, the samples show 2 %');
  expect(note).toContain('--interval 100us');
});

test('no advice for a profile that is fine already, none without a difference', () => {
  const fine = profileFromText(
    `
  work@/app/a.js:1 x20  (idle) x980
`,
    { msPerSample: 0.1 },
  );
  const [note] = kernelTimeNotes(fine, { seconds: 0.1, runMs: 15, waitMs: 0 });
  expect(note).toBeDefined();
  expect(note).not.toContain('--interval');
  expect(kernelTimeNotes(mostlyIdle, { seconds: 1, runMs: 30, waitMs: 0 })).toEqual([]);
  expect(kernelTimeNotes(mostlyIdle, undefined)).toEqual([]);
});

test('waiting for a CPU is told where it is much of the time', () => {
  const busy = profileFromText(`
  work@/app/a.js:1 x1000
`);
  const [note] = kernelTimeNotes(busy, { seconds: 1, runMs: 750, waitMs: 250 });
  expect(note).toContain('waited for a free CPU 25 % of the time');
  expect(kernelTimeNotes(busy, { seconds: 1, runMs: 960, waitMs: 40 })).toEqual([]);
  // Much of very little.
  expect(kernelTimeNotes(mostlyIdle, { seconds: 1, runMs: 20, waitMs: 20 })).toEqual([]);
});

test('allocations are not time', () => {
  const bytes = profileFromText(
    `
  work@/app/a.js:1 x3
`,
    { unit: 'bytes' },
  );
  expect(kernelTimeNotes(bytes, { seconds: 1, runMs: 900, waitMs: 900 })).toEqual([]);
});

test('two sides are corrected by what they waited, and told when it differs', () => {
  const unlike = waitingCorrection(
    { seconds: 1, runMs: 970, waitMs: 30 },
    { seconds: 1, runMs: 800, waitMs: 200 },
  );
  expect(unlike?.runShare).toEqual({ before: 0.97, after: 0.8 });
  expect(unlike?.note).toContain('3 % of the time they could have run before, 20 % after');
  const alike = waitingCorrection(
    { seconds: 1, runMs: 970, waitMs: 30 },
    { seconds: 1, runMs: 950, waitMs: 50 },
  );
  expect(alike?.note).toBeUndefined();
  expect(waitingCorrection(undefined, { seconds: 1, runMs: 1, waitMs: 9 })).toBeUndefined();
});

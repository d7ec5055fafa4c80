import { defineConfig } from 'vitest/config';

/**
 * Three projects. `unit` runs beside the source; `live` starts real Node processes, one file at a time because two
 * cores shared by several targets would turn run-queue wait into noise; `web` opens pages in Debian's Chromium.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/closing-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts', 'ui/**/*.test.ts'],
          // None asserts time; a busy machine must not either.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'live',
          include: ['test/live/**/*.test.ts'],
          testTimeout: 90_000,
          // Real processes on a machine that may be busy with others: a second look, and no more.
          retry: 2,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'web',
          include: ['test/web/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

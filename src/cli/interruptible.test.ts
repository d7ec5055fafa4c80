import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { interruptible } from './interruptible.ts';

const ignore = (): void => {};
afterEach(() => void process.off('SIGINT', ignore));

test('Ctrl-C ends synchronous work, and the next runs', () => {
  // As the prompt has one: without a listener the signal ends the process.
  process.on('SIGINT', ignore);
  // Again and again: the first may come before the work begins.
  const presser = spawn(
    '/bin/sh',
    ['-c', `for i in 1 2 3 4 5; do sleep 0.3; kill -INT ${process.pid}; done`],
    {
      stdio: 'ignore',
    },
  );
  try {
    expect(() =>
      interruptible(() => {
        for (;;);
      }),
    ).toThrow(expect.objectContaining({ code: 'E_INTERRUPTED' }));
  } finally {
    presser.kill('SIGKILL');
  }
  expect(interruptible(() => 7)).toBe(7);
});

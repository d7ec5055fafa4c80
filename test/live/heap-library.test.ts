import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const EXAMPLE = fileURLToPath(new URL('../../examples/ci-leak-test', import.meta.url));

/** The example as a CI job runs it; with node:test, from its own folder. */
function runExample(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--test', 'sessions.test.js'], {
    cwd: EXAMPLE,
    // A test inside of a test would report to that.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
}

it('examples/ci-leak-test fails for what leaks, and names class, holder and line', async () => {
  const { code, output } = await runExample({});
  expect(code).toBe(1);
  expect(output).toMatch(/Session × 50 in 50 rounds, held by .*byUser/);
  expect(output).toContain('sessions.js:3');
});

it('and passes once it is mended', async () => {
  const { code, output } = await runExample({ SESSIONS_FIXED: '1' });
  expect(output).toContain('# fail 0');
  expect(code).toBe(0);
});

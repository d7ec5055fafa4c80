import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DoctorReport } from '../../src/doctor/report.ts';

/** Live tests run what users run: dist/. `npm test` builds it first. */
const DIST = '/tmp/h-graph/dist';
export const HOLTER: string = join(DIST, 'cli/main.js');

/** A built module, typed by its source: `built<typeof import('../../src/x.ts')>('x.js')`. */
export function built<T>(path: string): Promise<T> {
  return import(/* @vite-ignore */ join(DIST, path)) as Promise<T>;
}

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs the command line as a user would. `act` may signal the process meanwhile. */
export function runHolter(
  args: readonly string[],
  options: { env?: Record<string, string>; act?: (pid: number) => void; node?: string } = {},
): Promise<CliResult> {
  const child = spawn(options.node ?? process.execPath, [HOLTER, ...args], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  options.act?.(child.pid as number);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** `holter doctor … --json`, parsed. */
export async function runDoctor(
  args: readonly string[],
  options: { env?: Record<string, string> } = {},
): Promise<DoctorReport> {
  const { stdout, stderr, code } = await runHolter(['doctor', ...args, '--json'], options);
  if (code !== 0 && code !== 4) throw new Error(`holter doctor ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as DoctorReport;
}

/** Polls until `condition` holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

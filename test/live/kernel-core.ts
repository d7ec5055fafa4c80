import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { until } from './built.ts';
import { type NodeMajor, nodeBinary } from './target-process.ts';

const PATTERN = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();

/** Why no core of a process that dies can be had here, for the names of tests that are skipped then; '' it can. */
export const NO_KERNEL_CORES: string = /^[\w.%-]+$/.test(PATTERN) ? '' : ` (skipped: cores go to ${PATTERN})`;

/**
 * Starts a server that prints `listening <port>`, asks it for `path`, of which it dies, and waits for that.
 * @param words Node's options, the file
 * @returns path of its core in `folder`, and what it wrote to stderr
 */
export async function dieWithCore(
  folder: string,
  node: NodeMajor,
  words: readonly string[],
  path: string,
): Promise<{ core: string; stderr: string }> {
  const own = mkdtempSync(join(folder, 'died-'));
  const child = spawn('/bin/sh', ['-c', 'ulimit -c unlimited; exec "$@"', 'sh', nodeBinary(node), ...words], {
    cwd: own,
    env: { PATH: process.env.PATH, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    let [stdout, stderr] = ['', ''];
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await until(() => /listening \d+/.test(stdout), 20_000, 'the server listens');
    // Nobody answers: its end is the answer.
    get(`http://127.0.0.1:${/listening (\d+)/.exec(stdout)?.[1]}${path}`).on('error', () => {});
    await exited;
    const core = join(folder, `died-${node}-${child.pid}.core`);
    renameSync(join(own, readdirSync(own)[0]!), core);
    return { core, stderr };
  } finally {
    child.kill('SIGKILL');
    rmSync(own, { recursive: true, force: true });
  }
}

import { fork, spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
export const REPO = resolve(HERE, '../..');

const started = new Set();

/** Every process of a run goes through here, so that all of them can be ended by pid. */
function track(child) {
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

/** Ends one process: SIGTERM, SIGKILL after two seconds; resolves when it is gone. */
export async function end(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 2_000);
  await gone;
  clearTimeout(hard);
}

export function endAllNow() {
  for (const child of started) child.kill('SIGKILL');
}

/** Starts a case and waits for `listening <port>` or `ready`. */
export async function startCase(file, { node, nodeArgs = [], env = {}, pinned = false }) {
  const binary = join(REPO, 'test/nodes/node_modules', `node${node}`, 'bin/node');
  const command = pinned ? ['taskset', '-c', '0', binary] : [binary];
  const args = [...command.slice(1), ...nodeArgs, file];
  const child = track(
    spawn(command[0], args, {
      cwd: dirname(file),
      env: { ...process.env, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err = (err + text).slice(-4_000);
  });
  const until = Date.now() + 20_000;
  for (;;) {
    const port = /^listening (\d+)/m.exec(out)?.[1];
    if (port !== undefined || /^ready\b/m.test(out))
      return { child, port: Number(port ?? 0), stderr: () => err };
    if (child.exitCode !== null || Date.now() > until) {
      await end(child);
      throw new Error(`${file} did not start: ${err}`);
    }
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** Starts autocannon, or the case's own loader, in a process of its own; `result` settles when the load is over. */
export function startLoad(port, load, seconds, rate) {
  const options = { ...load, url: `http://127.0.0.1:${port}${load.path ?? '/'}`, port, seconds };
  if (rate !== undefined) options.rate = rate;
  const script = load.loader ? join(HERE, 'loads', load.loader) : join(REPO, 'scripts/load-child.mjs');
  const child = track(
    fork(script, [JSON.stringify(options)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
  const result = new Promise((done) => {
    child.once('message', done);
    child.once('exit', () => done(undefined));
  });
  return { child, result };
}

/** Busy neighbours: `pinned` ones fight for CPU 0, others take what the scheduler gives them. */
export function startBurners(count, pinned) {
  const loop = 'for(;;);';
  return Array.from({ length: count }, () => {
    const args = pinned ? ['-c', '0', process.execPath, '-e', loop] : ['-e', loop];
    return track(spawn(pinned ? 'taskset' : process.execPath, args, { stdio: 'ignore' }));
  });
}

/** Runs the doctor; `report` is undefined when it failed. */
export async function runDoctor(pid, seconds) {
  const main = process.env.HOLTER_MAIN ?? join(REPO, 'dist/cli/main.js');
  const began = Date.now();
  const child = track(
    spawn(process.execPath, [main, 'doctor', String(pid), '-d', `${seconds}s`, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err = (err + text).slice(-2_000);
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), (seconds + 45) * 1_000);
  const code = await new Promise((done) => child.once('close', done));
  clearTimeout(limit);
  let report;
  try {
    report = JSON.parse(out);
  } catch {
    // Shown as a failed run with what it said on stderr.
  }
  return { report, code, error: err.trim(), seconds: (Date.now() - began) / 1_000 };
}

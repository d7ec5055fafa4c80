import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const REPO = resolve(HERE, '../..');
const READY_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 3_000;

/** Node majors the live tests run targets on. */
export const NODE_MAJORS = [18, 20, 22, 24, 26] as const;
export type NodeMajor = (typeof NODE_MAJORS)[number];

/** One real process under test; always end it with `stop`, in a `finally` or `afterEach`. */
export interface TargetProcess {
  pid: number;
  /** Port it listens on; 0 when it printed `ready` instead of `listening <port>`. */
  port: number;
  /** `http://127.0.0.1:<port>`. */
  url: string;
  node: NodeMajor;
  /** All it has written to stdout so far. */
  stdout(): string;
  /** All it has written to stderr so far. */
  stderr(): string;
  /** Settles when the process is gone; `how` as in `code 0` or `SIGKILL`. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; how: string }>;
  /** Ends it by pid: SIGTERM, then SIGKILL (a stuck process hears nothing else). Safe to call twice. */
  stop(): Promise<void>;
}

export interface TargetOptions {
  node: NodeMajor;
  /** Node's own options, before the file: `['--max-old-space-size=64']`. */
  nodeArgs?: string[];
  /** Arguments of the program. */
  args?: string[];
  env?: Record<string, string>;
  cwd?: string;
}

/** Path of the Node binary of that major; throws plainly when `scripts/prepare-tests.mjs` has not run. */
export function nodeBinary(major: NodeMajor): string {
  const path = join(REPO, 'test/nodes/node_modules', `node${major}`, 'bin/node');
  if (!existsSync(path)) throw new Error(`no Node ${major} for tests: run node scripts/prepare-tests.mjs`);
  return path;
}

/** Path of a program in test/targets. */
export function targetFile(name: string): string {
  return join(REPO, 'test/targets', name);
}

// A test file that throws between start and stop must not leave a spinning process on the machine.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `file` and waits until it prints `listening <port>` or `ready` on stdout; rejects with its stderr if it never does. */
export async function startTarget(file: string, options: TargetOptions): Promise<TargetProcess> {
  const child = spawn(
    nodeBinary(options.node),
    [...(options.nodeArgs ?? []), resolve(file), ...(options.args ?? [])],
    {
      cwd: options.cwd ?? dirname(resolve(file)),
      env: { ...withoutTestRunner(process.env), PORT: '0', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  running.add(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null; how: string }>((done) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      done({ code, signal, how: signal ?? `code ${code}` });
    });
    child.once('error', (error) => {
      running.delete(child);
      done({ code: null, signal: null, how: error.message });
    });
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await exited;
    clearTimeout(hard);
  };

  try {
    const port = await untilReady(child, exited, () => out);
    return {
      pid: child.pid ?? 0,
      port,
      url: `http://127.0.0.1:${port}`,
      node: options.node,
      stdout: () => out,
      stderr: () => err,
      exited,
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${file} on Node ${options.node}: ${(error as Error).message}\n${err}`);
  }
}

/** What a load did; times in milliseconds, `rps` in requests per second. */
export interface LoadResult {
  requests: number;
  errors: number;
  timeouts: number;
  non2xx: number;
  p50: number;
  p99: number;
  rps: number;
}

export interface LoadOptions {
  connections: number;
  /** Requests per second over all connections; absent = as fast as the server answers. */
  rate?: number;
  seconds: number;
  method?: string;
  body?: string;
  headers?: Record<string, string>;
  /** Paths asked for in turn, instead of the one in the URL. */
  paths?: string[];
  /** Seconds until a request counts as timed out. */
  timeout?: number;
  /** Ends it at once; the promise is rejected then. */
  signal?: AbortSignal;
}

/** Loads `url` with autocannon in a process of its own and gives its numbers once `seconds` are over. */
export function load(url: string, { signal, ...options }: LoadOptions): Promise<LoadResult> {
  const script = join(REPO, 'scripts/load-child.mjs');
  const child = fork(script, [JSON.stringify({ url, ...options })], {
    env: withoutTestRunner(process.env),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  running.add(child);
  signal?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  return new Promise((done, fail) => {
    let err = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    let result: LoadResult | undefined;
    child.once('message', (message) => {
      result = message as LoadResult;
    });
    child.once('error', fail);
    child.once('close', () => {
      running.delete(child);
      if (result) done(result);
      else fail(new Error(`the load on ${url} gave no result\n${err}`));
    });
  });
}

/** State of a process that attach and detach must leave as it was. */
export interface ProcSnapshot {
  threads: number;
  threadNames: string[];
  /** Open descriptors by kind: `socket`, `pipe`, `anon_inode:[eventpoll]`, `file` … */
  fds: Record<string, number>;
  fdCount: number;
  /** Local addresses it listens on, as `hexaddress:port`, sorted. */
  listeners: string[];
  /** Bytes it has written to stderr, when the target is given. */
  stderrBytes: number;
}

/** Reads threads, descriptors and listeners of a process from /proc, for comparisons before and after. */
export function snapshotProc(target: number | TargetProcess): ProcSnapshot {
  const pid = typeof target === 'number' ? target : target.pid;
  const base = `/proc/${pid}`;
  const tasks = readdirSync(`${base}/task`);
  const fds: Record<string, number> = {};
  const inodes = new Set<string>();
  let fdCount = 0;
  for (const fd of readdirSync(`${base}/fd`)) {
    const link = linkOf(`${base}/fd/${fd}`);
    if (link === undefined) continue;
    fdCount++;
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) inodes.add(inode);
    const kind = /^(socket|pipe):/.exec(link)?.[1] ?? (link.startsWith('/') ? 'file' : link);
    fds[kind] = (fds[kind] ?? 0) + 1;
  }
  return {
    threads: tasks.length,
    threadNames: tasks.map((task) => textOf(`${base}/task/${task}/comm`).trim()).sort(),
    fds,
    fdCount,
    listeners: listenersOf(base, inodes),
    stderrBytes: typeof target === 'number' ? 0 : Buffer.byteLength(target.stderr()),
  };
}

function listenersOf(base: string, inodes: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (const table of ['tcp', 'tcp6']) {
    for (const row of textOf(`${base}/net/${table}`).split('\n').slice(1)) {
      const columns = row.trim().split(/\s+/);
      const [, local, , state] = columns;
      // State 0A is LISTEN; column 9 the socket's inode (kernel Documentation/networking/proc_net_tcp.rst).
      if (local === undefined || state !== '0A' || !inodes.has(columns[9] ?? '')) continue;
      const [address, port] = local.split(':');
      found.push(`${address}:${Number.parseInt(port ?? '0', 16)}`);
    }
  }
  return found.sort();
}

async function untilReady(
  child: ChildProcess,
  exited: Promise<{ how: string }>,
  out: () => string,
): Promise<number> {
  let gone: string | undefined;
  void exited.then(({ how }) => {
    gone = how;
  });
  const until = Date.now() + READY_LIMIT_MS;
  while (Date.now() < until) {
    const port = /^listening (\d+)/m.exec(out())?.[1];
    if (port !== undefined) return Number(port);
    if (/^ready\b/m.test(out())) return 0;
    if (gone !== undefined) throw new Error(`ended before it was ready (${gone})`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
  throw new Error(`not ready within ${READY_LIMIT_MS / 1000} s (pid ${child.pid})`);
}

/** vitest sets NODE_OPTIONS and NODE_ENV for its own workers; a target must not inherit them. */
function withoutTestRunner(env: NodeJS.ProcessEnv): Record<string, string> {
  const clean: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) {
    if (value === undefined || key === 'NODE_OPTIONS' || key === 'NODE_ENV' || key.startsWith('VITEST'))
      continue;
    clean[key] = value;
  }
  return clean;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // A descriptor closed between readdir and readlink, among them readdir's own.
    return undefined;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

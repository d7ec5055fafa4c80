import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import type { LoadResult } from '../load/load-result.ts';
import { runLoad } from '../load/run-load.ts';
import { type LoadCommandResult, runLoadCommand } from '../load/run-load-command.ts';
import { listNodeDescendants } from '../target/descendants.ts';
import { listNodeProcesses } from '../target/list.ts';
import type { NodeProcess } from '../target/node-process.ts';
import { readTargetInfo } from '../target/target-info.ts';
import type { VisitTarget } from '../visit/visit.ts';
import { captureProfile } from './capture-profile.ts';
import { collect, OUT_HELP, shown, sortOutputs } from './cpu.ts';
import { parseCount, parseDuration } from './options.ts';
import type { ExitCode } from './outcome.ts';
import { presentProfile } from './present-profile.ts';
import { readProfileInput } from './profile-input.ts';

interface FlameOptions {
  load?: string;
  connections: string;
  rate?: string;
  method?: string;
  header: string[];
  body?: string;
  duration: string;
  warmup: string;
  interval: string;
  threads?: boolean;
  children?: boolean;
  out: string[];
  json?: boolean;
  open?: boolean;
  force?: boolean;
  yes?: boolean;
  color: boolean;
}

export function registerFlame(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  program
    .command('flame')
    .summary(
      'start an app, put load on it, profile just that: throughput, latency and flame graph on one page',
    )
    .description(
      'Starts a command (or takes a running process), puts load on it, profiles only the loaded time, ends what it ' +
        'started, and writes one page with throughput, latency percentiles and the flame graph.',
    )
    .argument('[target]', 'a running process: pid, name, :port; or -- node app.js …')
    .option(
      '--load <what>',
      "a path or URL to request (/checkout, http://…), or any command ('k6 run x.js'; gets $PORT and $URL)",
    )
    .option('-c, --connections <n>', 'connections of the load, 1 to 10000', '10')
    .option('--rate <n>', 'requests per second, constant; default: as many as the connections allow')
    .option('--method <verb>', 'method of the requests', 'GET')
    .option('--header <name: value>', 'header of the requests; may be repeated', collect, [])
    .option('--body <text>', 'body of the requests')
    .option('-d, --duration <time>', 'how long the load runs and is profiled, 500ms to 1h', '10s')
    .option('--warmup <time>', 'load before it that is not profiled, 0s to 10m', '1s')
    .option('--interval <time>', 'time between samples, 50us to 100ms', '1ms')
    .option('--threads', 'worker threads too')
    .option('--children', 'child processes too; cluster workers always are')
    .option('-o, --out <path>', OUT_HELP, collect, [])
    .option('--json', 'print one JSON document, schema holter.cpu/1 with the load in it')
    .option('--open', 'open the page in the browser')
    .option('--force', 'where a signal is unsafe, wake the inspector through process memory')
    .option('-y, --yes', 'agree to pauses over half a second (heaps over 512 MB)')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
The load comes from autocannon (npm i -g autocannon) unless --load is a command of yours.

Examples:
  holter flame --load /checkout -- node server.js
  holter flame --load /checkout -c 50 --rate 500 -d 30s -o before -- node server.js
  holter flame --load 'wrk -d10 $URL/checkout' -- npm start
  holter flame :3000 --load /checkout -o after
  holter cpu diff before after                 what changed, per request`,
    )
    .action(async (target: string | undefined, options: FlameOptions) =>
      setExit(await runFlame(target, rest, options)),
    );
}

async function runFlame(
  target: string | undefined,
  command: readonly string[],
  options: FlameOptions,
): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 0.5, max: 3600 });
  const warmup = parseDuration(options.warmup, '--warmup', { min: 0, max: 600 });
  const intervalUs = parseDuration(options.interval, '--interval', { min: 5e-5, max: 0.1 }) * 1e6;
  const connections = parseCount(options.connections, '--connections', { min: 1, max: 10_000 });
  const rate =
    options.rate === undefined ? undefined : parseCount(options.rate, '--rate', { min: 1, max: 1e6 });
  const { files, folder } = sortOutputs(options.out);
  const { load } = options;
  if (load?.trim() === '')
    throw new HolterError('E_USAGE', '--load is empty', { hint: "--load /path, or --load 'wrk -d10 $URL'" });
  let result: LoadResult | undefined;
  let foreign: LoadCommandResult | undefined;

  const path = await captureProfile({
    verb: 'holter flame',
    target,
    command,
    seconds,
    intervalUs,
    workers: options.threads === true,
    children: options.children === true,
    force: options.force === true,
    consent: options.yes === true,
    folder,
    async prepare({ target: found, signal, progress }) {
      progress.step('waiting for a listening port');
      const family = await findFamily(found, load !== undefined && needsPort(load), signal);
      const { url, port } = loadAddress(load, family);
      const request = {
        url,
        connections,
        ...(rate === undefined ? {} : { rate }),
        method: options.method ?? 'GET',
        headers: parseHeaders(options.header),
        ...(options.body === undefined ? {} : { body: options.body }),
      };
      const isCommand = load !== undefined && !isAddress(load);
      if (load !== undefined && !isCommand && warmup > 0) {
        progress.step('warming up');
        // Answers slower than the warm-up are no failure; a server that does not answer at all fails in the load itself.
        await runLoad({ ...request, seconds: warmup, signal }).catch((error: unknown) => {
          if (!(error instanceof HolterError) || error.code !== 'E_LOAD_FAILED') throw error;
        });
        checkAlive(family.target);
      }
      return {
        target: family.target,
        children: options.children || family.isCluster ? family.others : [],
        async during(end) {
          progress.step(load === undefined ? 'profiling' : 'under load');
          if (load === undefined) await sleep(seconds * 1000, undefined, { signal: end }).catch(() => {});
          else if (isCommand) {
            foreign = await runLoadCommand(load, {
              env: { URL: url, ...(port === undefined ? {} : { PORT: String(port) }) },
              signal: end,
              timeoutSeconds: 3600,
            });
            checkHasRun(load, foreign.exitCode);
          } else result = await runLoad({ ...request, seconds, signal: end });
        },
        extraFiles: () => {
          result ??= foreign?.result;
          return result === undefined
            ? []
            : [{ file: { name: 'load.json', kind: 'load' }, content: JSON.stringify(result) }];
        },
      };
    },
  });
  const input = await readProfileInput(path, 'cpu');
  if (load === undefined) input.notes.push('No load was put on it: --load /path does.');
  if (foreign !== undefined && foreign.exitCode !== 0)
    input.notes.push(`The load command ended with exit code ${foreign.exitCode}.`);
  await presentProfile(input, {
    verb: 'flame',
    page: join(path, 'flame.html'),
    files,
    ...shown(options),
  });
  return 0;
}

interface Family {
  /** The process to be profiled first: the one that listens. */
  target: VisitTarget;
  others: number[];
  /** The first one is a cluster's primary: its workers do the work. */
  isCluster: boolean;
  port: number | undefined;
}

/** An app may be started by a shell or `npm start`: the process that listens is the one meant. Waits for it to listen. */
async function findFamily(target: VisitTarget, needed: boolean, signal: AbortSignal): Promise<Family> {
  if (target.kind === 'inspector') return { target, others: [], isCluster: false, port: undefined };
  const deadline = performance.now() + (needed ? 30_000 : 3000);
  for (;;) {
    const pids = [target.pid, ...listNodeDescendants(target.pid)];
    const rows = (await listNodeProcesses({ cpuMs: 0 })).filter(({ pid }) => pids.includes(pid));
    const byPid = (a: NodeProcess, b: NodeProcess) => pids.indexOf(a.pid) - pids.indexOf(b.pid);
    const listener = rows.sort(byPid).find(({ ports }) => ports.length > 0);
    if (listener !== undefined) {
      const chosen: VisitTarget =
        listener.pid === target.pid
          ? target
          : { kind: 'process', pid: listener.pid, info: readTargetInfo(listener.pid) };
      return {
        target: chosen,
        others: listNodeDescendants(listener.pid),
        isCluster: rows.some(({ cluster, ppid }) => cluster === 'worker' && ppid === listener.pid),
        port: listener.ports[0],
      };
    }
    if (signal.aborted) throw new HolterError('E_INTERRUPTED', 'interrupted before the app listened');
    if (rows.length === 0)
      throw new HolterError('E_START_FAILED', 'the app ended before it listened on a port');
    if (performance.now() > deadline) {
      if (needed)
        throw new HolterError('E_START_FAILED', 'the app listens on no port after 30 s', {
          hint: 'name the whole address: --load http://127.0.0.1:3000/path',
        });
      return { target, others: pids.slice(1), isCluster: false, port: undefined };
    }
    await sleep(100);
  }
}

/** A crash under the first requests is the app's, and no wrong pid. @throws HolterError E_TARGET_EXITED */
function checkAlive(target: VisitTarget): void {
  if (target.kind !== 'process') return;
  const state = readProcessStat(target.pid)?.state;
  if (state !== undefined && state !== 'Z') return;
  throw new HolterError(
    'E_TARGET_EXITED',
    `process ${target.pid} (${target.info.name}) ended while it was warmed up`,
    { hint: 'what it printed says why; holter load sends the same requests' },
  );
}

/** What shells end with when there is no such command (127) or it may not be run (126). @throws HolterError E_LOAD_FAILED */
export function checkHasRun(load: string, exitCode: number): void {
  if (exitCode === 126 || exitCode === 127)
    throw new HolterError('E_LOAD_FAILED', `the load command could not be run: ${load}`, {
      hint: 'is it installed, and in the PATH?',
    });
}

function isAddress(load: string): boolean {
  return load.startsWith('/') ? !/\s/.test(load) : /^https?:\/\/\S+$/.test(load);
}

function needsPort(load: string): boolean {
  return isAddress(load) ? load.startsWith('/') : /\$\{?(?:PORT|URL)\b/.test(load);
}

function loadAddress(load: string | undefined, { port }: Family): { url: string; port: number | undefined } {
  if (load !== undefined && /^https?:/.test(load)) return { url: load, port };
  const base = `http://127.0.0.1:${port ?? 80}`;
  return { url: load !== undefined && isAddress(load) ? base + load : base, port };
}

/** @throws HolterError E_USAGE for a header without a colon */
export function parseHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const at = line.indexOf(':');
    if (at < 1)
      throw new HolterError('E_USAGE', `${JSON.stringify(line)} is no header`, {
        hint: "--header 'name: value'",
      });
    headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return headers;
}

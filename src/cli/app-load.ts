import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import type { Seconds } from '../base/units.ts';
import { readProcessStat } from '../linux/process-stat.ts';
import type { LoadResult } from '../load/load-result.ts';
import { runLoad } from '../load/run-load.ts';
import { type LoadCommandResult, runLoadCommand } from '../load/run-load-command.ts';
import { listNodeDescendants } from '../target/descendants.ts';
import { listNodeProcesses } from '../target/list.ts';
import type { NodeProcess } from '../target/node-process.ts';
import { readTargetInfo } from '../target/target-info.ts';
import type { VisitTarget } from '../visit/visit.ts';
import { collect } from './cpu.ts';
import { parseCount, parseDuration } from './options.ts';

/** Options of commands that put load on what they watch, as commander gives them. */
export interface LoadOptions {
  load?: string;
  connections: string;
  rate?: string;
  method?: string;
  header: string[];
  body?: string;
  warmup: string;
}

/** Adds the options of {@link LoadOptions} to a command. */
export function addLoadOptions(command: Command): Command {
  return command
    .option(
      '--load <what>',
      "a path or URL to request (/checkout, http://…), or any command ('k6 run x.js'; gets $PORT and $URL)",
    )
    .option('-c, --connections <n>', 'connections of the load, 1 to 10000', '10')
    .option('--rate <n>', 'requests per second, constant; default: as many as the connections allow')
    .option('--method <verb>', 'method of the requests', 'GET')
    .option('--header <name: value>', 'header of the requests; may be repeated', collect, [])
    .option('--body <text>', 'body of the requests');
}

/** What load is wanted. */
export interface LoadWish {
  /** Path, URL or command; undefined: none. */
  load: string | undefined;
  warmup: Seconds;
  request: {
    connections: number;
    rate?: number;
    method: string;
    headers: Record<string, string>;
    body?: string;
  };
}

/** @throws HolterError E_USAGE */
export function readLoadWish(options: LoadOptions): LoadWish {
  const { load } = options;
  const wish: LoadWish = {
    load,
    warmup: parseDuration(options.warmup, '--warmup', { min: 0, max: 600 }),
    request: {
      connections: parseCount(options.connections, '--connections', { min: 1, max: 10_000 }),
      method: options.method ?? 'GET',
      headers: parseHeaders(options.header),
      ...(options.rate === undefined
        ? {}
        : { rate: parseCount(options.rate, '--rate', { min: 1, max: 1e6 }) }),
      ...(options.body === undefined ? {} : { body: options.body }),
    },
  };
  if (load?.trim() === '')
    throw new HolterError('E_USAGE', '--load is empty', { hint: "--load /path, or --load 'wrk -d10 $URL'" });
  return wish;
}

/**
 * Requests before what counts; nothing for a command, which knows best.
 * @throws HolterError of runLoad, but for a server that does not answer in time: that shows in the load itself
 */
export async function warmUp(wish: LoadWish, family: Family, signal: AbortSignal): Promise<void> {
  const { load, warmup, request } = wish;
  if (load === undefined || !isAddress(load) || warmup === 0) return;
  await runLoad({ ...request, url: loadAddress(load, family).url, seconds: warmup, signal }).catch(
    (error: unknown) => {
      if (!(error instanceof HolterError) || error.code !== 'E_LOAD_FAILED') throw error;
    },
  );
  checkAlive(family.target);
}

/**
 * Puts the load on until `seconds` are over, its command ends, or `signal` aborts.
 * @throws HolterError of runLoad and runLoadCommand; E_LOAD_FAILED for a command that is not there
 */
export async function putLoad(
  wish: LoadWish,
  family: Family,
  { seconds, signal }: { seconds?: Seconds; signal: AbortSignal },
): Promise<{ result?: LoadResult; foreign?: LoadCommandResult }> {
  const { load, request } = wish;
  if (load === undefined) return {};
  const { url, port } = loadAddress(load, family);
  if (isAddress(load))
    return { result: await runLoad({ ...request, url, seconds: seconds ?? 3600, signal }) };
  const foreign = await runLoadCommand(load, {
    env: { URL: url, ...(port === undefined ? {} : { PORT: String(port) }) },
    signal,
    timeoutSeconds: 3600,
  });
  checkHasRun(load, foreign.exitCode);
  return { foreign, ...(foreign.result === undefined ? {} : { result: foreign.result }) };
}

/** The processes of an app that was started or found. */
export interface Family {
  /** The process to be profiled first: the one that listens. */
  target: VisitTarget;
  others: number[];
  /** The first one is a cluster's primary: its workers do the work. */
  isCluster: boolean;
  port: number | undefined;
}

/** Whether the load cannot be put on before the port is known. */
export function needsPort(load: string | undefined): boolean {
  if (load === undefined) return false;
  return isAddress(load) ? load.startsWith('/') : /\$\{?(?:PORT|URL)\b/.test(load);
}

/** An app may be started by a shell or `npm start`: the process that listens is the one meant. Waits for it to listen. */
export async function findFamily(target: VisitTarget, needed: boolean, signal: AbortSignal): Promise<Family> {
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

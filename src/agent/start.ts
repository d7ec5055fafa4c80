import { realpathSync, rmSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { isMainThread, Worker } from 'node:worker_threads';
import type { TargetInfo } from '../base/target-info.ts';
import type { BoxEvent } from '../metrics/black-box.ts';
import { armMainThread } from './arm-main.ts';
import { defaultFolder, makeBoxFolder, scriptName } from './box-folder.ts';
import { RESOLUTION_MS, watchMainThread } from './main-thread.ts';
import { buildMetrics, type Metric } from './metric-table.ts';
import { type AgentOptions, readSettings } from './settings.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';
import { HOLTER_AGENT_VERSION, workerSource } from './worker-source.ts';

/** The agent of this process. */
export interface Agent {
  /** Folder of this process's black box; '' when the agent does not run here. */
  readonly folder: string;
  /** All metrics under their OpenTelemetry names, now. */
  metrics(): Metric[];
  /** Asks for a capture; it is made within the limits and told as an event. */
  capture(why?: string): void;
  /** Takes everything back: threads, listeners, timers. The black box stays. */
  stop(): void;
}

const KEY = Symbol.for('holter.agent');
type Global = typeof globalThis & { [KEY]?: Agent };

/** What a worker thread, or a process with `HOLTER_AGENT=off`, gets. */
const IDLE: Agent = { folder: '', metrics: () => [], capture: () => {}, stop: () => {} };

/**
 * Starts the agent in this process, once: a second call returns the first agent. Only the main thread has one.
 * @throws HolterError E_USAGE for a wrong option. Whatever else goes wrong is written to stderr in one line, and the
 *   program runs without an agent.
 */
export function start(options: AgentOptions = {}): Agent {
  const running = (globalThis as Global)[KEY];
  if (running !== undefined) return running;
  const { settings, problems } = readSettings(options, process.env);
  if (!isMainThread || /^(0|off|false|no)$/i.test(process.env.HOLTER_AGENT ?? '')) return IDLE;
  try {
    const agent = run(settings, problems, options.onEvent);
    Object.defineProperty(globalThis, KEY, { value: agent, configurable: true, enumerable: false });
    return agent;
  } catch (error) {
    process.stderr.write(`holter/agent does not run: ${(error as Error).message}\n`);
    return IDLE;
  }
}

function run(
  settings: WorkerStart['settings'],
  problems: readonly string[],
  onEvent: AgentOptions['onEvent'],
): Agent {
  const isOurs = settings.folder === '';
  const base = isOurs ? defaultFolder() : settings.folder;
  const name = settings.name === '' ? scriptName() : settings.name;
  const folder = makeBoxFolder(base, name, isOurs);
  let worker: Worker | undefined;
  let events = 0;
  const send = (message: ToWorker): void => {
    try {
      worker?.postMessage(message);
    } catch {
      // It is gone: so is the agent.
    }
  };
  const onMain = (event: BoxEvent): void => {
    // These alone are no reason to keep the box of a process that ended well.
    if (event.kind !== 'problem' && event.kind !== 'memory-jump') events++;
    try {
      onEvent?.(event);
    } catch (error) {
      process.stderr.write(`holter/agent: onEvent failed: ${String(error)}\n`);
    }
  };

  const main = watchMainThread(settings, send);
  // A second histogram: that of the black box is emptied every second, a scrape wants all since the last.
  const scrape = monitorEventLoopDelay({ resolution: RESOLUTION_MS }) as IntervalHistogram;
  if (settings.metrics !== '') scrape.enable();
  const data: WorkerStart = {
    settings,
    folder,
    target: describeProcess(name),
    holter: HOLTER_AGENT_VERSION,
    shared: main.shared,
    delays: main.delays as IntervalHistogram,
    scrape,
    spaces: main.spaces,
    problems,
  };
  // Options and environment of the program are not the worker's: preloads would run in it again.
  try {
    worker = new Worker(workerSource, {
      eval: true,
      name: 'holter-agent',
      execArgv: [],
      env: {},
      argv: [],
      workerData: data,
      trackUnmanagedFds: false,
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 },
    } as ConstructorParameters<typeof Worker>[1]);
  } catch (error) {
    // Node's permission model without --allow-worker.
    main.stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  worker.on('message', ({ event }: FromWorker) => onMain(event));
  worker.on('error', () => {
    // The thread ended by an error: the program goes on without an agent.
    worker = undefined;
  });
  // After the listeners: one for messages holds the process.
  worker.unref();

  const disarm = armMainThread(settings, folder, () => events === 0, {
    tell: onMain,
    askCapture: (why) => send({ kind: 'capture', why }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  });
  return {
    folder,
    metrics() {
      main.refresh();
      scrape.enable();
      const { user, system } = process.cpuUsage();
      return buildMetrics({
        shared: new Float64Array(main.shared),
        spaces: main.spaces,
        delays: scrape,
        resolutionMs: RESOLUTION_MS,
        cpuUserSeconds: user / 1e6,
        cpuSystemSeconds: system / 1e6,
        rssBytes: process.memoryUsage.rss(),
        uptimeSeconds: process.uptime(),
        descriptors: Number.NaN,
      });
    },
    capture: (why = 'the program') => send({ kind: 'capture', why }),
    stop() {
      send({ kind: 'stop' });
      main.stop();
      scrape.disable();
      disarm();
      Reflect.deleteProperty(globalThis, KEY);
    },
  };
}

function describeProcess(name: string): TargetInfo {
  return {
    pid: process.pid,
    name,
    node: process.versions.node,
    v8: process.versions.v8,
    command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)].join(' '),
    cwd: process.cwd(),
    startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
    threads: 0,
    cores: typeof availableParallelism === 'function' ? availableParallelism() : cpus().length,
    heapLimitBytes: getHeapStatistics().heap_size_limit,
  };
}

/**
 * Whether Node was told to load this module before the program: by name or by path, with `--import`, `--require` or `-r`,
 * on the command line or in NODE_OPTIONS.
 * @param self path or `file:` URL of this module
 */
export function isPreloaded(execArgv: readonly string[], nodeOptions: string, self: string): boolean {
  const own = realPath(self.startsWith('file:') ? fileURLToPath(self) : self);
  const options = `${execArgv.join(' ')} ${nodeOptions}`;
  return [...options.matchAll(/(?:^|\s)(?:--import|--require|-r)[=\s]+["']?([^\s"']+)/g)].some(
    ([, name = '']) =>
      name === 'holter/agent' ||
      realPath(name.startsWith('file:') ? fileURLToPath(name) : resolve(name)) === own,
  );
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

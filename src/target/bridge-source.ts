/**
 * The code that runs INSIDE the target. Two functions, sent as text (`Function.prototype.toString`), so they may use
 * nothing from this module's scope, only what every Node since 18 has, and nothing an application may have replaced
 * on the global object after start where a built-in module offers the same.
 *
 *   main thread                          worker thread "holter"
 *   20 ms ticker, GC observer,           protocol session with the main thread,
 *   request counter  ── shared memory ─► Unix socket, 0700 folder ──► holter
 *
 * The worker reads the shared counters by itself, so samples go on while the main thread is stuck; and it asks for a
 * stack (served in an interrupt, no pause) as soon as the ticker is late.
 */

/** Built-in modules by name, however this Node gives them out. */
export interface BuiltinRequire {
  (name: 'v8'): typeof import('node:v8');
  (name: 'perf_hooks'): typeof import('node:perf_hooks');
  (name: 'worker_threads'): typeof import('node:worker_threads');
  (name: 'diagnostics_channel'): typeof import('node:diagnostics_channel');
  (name: 'async_hooks'): typeof import('node:async_hooks');
  (name: 'inspector'): typeof import('node:inspector');
  (name: 'timers'): typeof import('node:timers');
  (name: 'fs'): typeof import('node:fs');
  (name: 'os'): typeof import('node:os');
  (name: 'net'): typeof import('node:net');
}

/** What the main-thread part keeps on `globalThis[Symbol.for('holter')]`, not enumerable, gone after `undo()`. */
export interface TargetState {
  version: 1;
  /** Of the visit that put it here: another one's leaving must not take it out. */
  token: string;
  where: BridgeAddress;
  stack(): [number, string][] | unknown;
  probes: { microtask: boolean; nextTick: boolean; immediate: boolean };
  ask(): void;
  resources(): Record<string, number>;
  spaces(): { name: string; usedBytes: number; sizeBytes: number }[];
  memory(): { heapUsed: number; heapTotal: number; external: number; arrayBuffers: number; rss: number };
  countLoops(ms: number): Promise<number>;
  watchBuffers(): void;
  buffers(): { bytes: number; count: number; aliveBytes: number; frames: unknown }[];
  closeInspector(): void;
  /** Loopback port of the bridge where no folder could be written; 0 until it listens. */
  port(): number;
  undo(): void;
}

export type BridgeAddress = { path: string } | { port: number; token: string };

export interface BridgeConfig {
  token: string;
  /** Close the TCP inspector when holter goes away: true when holter had it opened. */
  closeInspector: boolean;
  /**
   * Ticker, GC observer, request counter, and stacks of a late loop. False where only the protocol is wanted (a profile):
   * then nothing of ours runs in the main thread between our requests.
   */
  watch: boolean;
}

/** Index of each number in the shared array. */
export const SLOTS = {
  beat: 0,
  beats: 1,
  refreshed: 2,
  heapUsed: 3,
  heapTotal: 4,
  external: 5,
  arrayBuffers: 6,
  eluActive: 7,
  eluIdle: 8,
  requests: 9,
  resources: 10,
  loops: 11,
  gcMs: 12,
  port: 13,
  delay: 14,
} as const;

export function installInMain(
  builtin: BuiltinRequire,
  config: BridgeConfig,
  slots: typeof SLOTS,
  workerSource: string,
): BridgeAddress | { port: 0; token: string } {
  const key = Symbol.for('holter');
  const globals = globalThis as unknown as Record<symbol, TargetState | undefined>;
  // Left by a holter that died in a way nobody foresaw: take it out first.
  globals[key]?.undo();

  const PERIOD = 20;
  const v8 = builtin('v8');
  const perf = builtin('perf_hooks');
  const channels = builtin('diagnostics_channel');
  const hooks = builtin('async_hooks');
  const timers = builtin('timers');
  const fs = builtin('fs');
  const { Worker } = builtin('worker_threads');
  const hrtime = process.hrtime;
  /** CLOCK_MONOTONIC in ms: the same clock in every thread and in holter itself. */
  const now = (): number => {
    const [seconds, nanos] = hrtime();
    return seconds * 1e3 + nanos / 1e6;
  };
  const shared = new Float64Array(new SharedArrayBuffer(16 * 8));
  const started = now();
  shared[slots.beat] = started;

  // --- the folder of the socket: private before anything listens in it
  let where: BridgeAddress | { port: 0; token: string } = { port: 0, token: config.token };
  let folder = '';
  for (const parent of ['/tmp', builtin('os').tmpdir(), '/dev/shm', '/var/tmp', process.cwd()]) {
    try {
      folder = fs.mkdtempSync(`${parent}/holter-`);
      where = { path: `${folder}/s` };
      break;
    } catch {
      folder = '';
    }
  }

  const worker = new Worker(workerSource, {
    eval: true,
    name: 'holter',
    // Both: else `-r` and NODE_OPTIONS preloads (APM agents) would run once more in this thread.
    execArgv: [],
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
    trackUnmanagedFds: false,
    workerData: { shared: shared.buffer, folder, config, slots, period: PERIOD },
  });
  worker.on('error', () => {});
  worker.unref();

  // --- vital signs
  let blocked: { at: number; ms: number }[] = [];
  let gc: { at: number; ms: number; kind: number; used: number; external: number }[] = [];
  let last = started;
  let ticks = 0;
  let posted = started;
  let counted = 0;
  let worst = 0;
  let elu = perf.performance.eventLoopUtilization();
  const loopInfo = perf.performance.nodeTiming as unknown as { uvMetricsInfo?: { loopCount: number } };
  const refresh = (): void => {
    const memory = process.memoryUsage();
    shared[slots.heapUsed] = memory.heapUsed;
    shared[slots.heapTotal] = memory.heapTotal;
    shared[slots.external] = memory.external;
    shared[slots.arrayBuffers] = memory.arrayBuffers;
    elu = perf.performance.eventLoopUtilization();
    shared[slots.eluActive] = elu.active;
    shared[slots.eluIdle] = elu.idle;
    shared[slots.loops] = loopInfo.uvMetricsInfo?.loopCount ?? 0;
    shared[slots.delay] = worst;
    worst = 0;
    shared[slots.refreshed] = now();
  };
  refresh();
  const tick = (): void => {
    const time = now();
    const late = time - last - PERIOD;
    if (late > 30) blocked.push({ at: last + PERIOD, ms: late });
    if (late > worst) worst = late;
    last = time;
    shared[slots.beat] = time;
    shared[slots.beats] = ++ticks;
    // By time, not by ticks: a loop that turns once a second has few of them.
    if (time - (shared[slots.refreshed] ?? 0) >= 90) refresh();
    if (time - counted >= 1000) {
      counted = time;
      shared[slots.resources] = process.getActiveResourcesInfo?.().length ?? 0;
    }
    if (blocked.length + gc.length > 0 && time - posted >= 200) {
      posted = time;
      worker.postMessage({ blocked, gc });
      blocked = [];
      gc = [];
    }
  };
  const timer = config.watch ? timers.setInterval(tick, PERIOD) : undefined;
  timer?.unref();

  /** performance.now() and hrtime differ by a constant. */
  const offset = now() - perf.performance.now();
  const observer = new perf.PerformanceObserver((list) => {
    const heap = v8.getHeapStatistics();
    for (const entry of list.getEntries()) {
      shared[slots.gcMs] = shared[slots.gcMs]! + entry.duration;
      const { detail } = entry as { detail?: { kind?: number } };
      gc.push({
        at: entry.startTime + offset,
        ms: entry.duration,
        kind: detail?.kind ?? 0,
        used: heap.used_heap_size,
        external: (heap as { external_memory?: number }).external_memory ?? 0,
      });
    }
  });
  if (config.watch) observer.observe({ entryTypes: ['gc'] });

  const onRequest = (): void => {
    shared[slots.requests] = shared[slots.requests]! + 1;
  };
  const REQUEST = 'http.server.request.start';
  if (config.watch) channels.subscribe?.(REQUEST, onRequest);

  // --- stacks without a pause: called by an evaluate that V8 serves in an interrupt, on top of what runs
  const callSites = (limit: number, drop: number): unknown => {
    const { stackTraceLimit, prepareStackTrace } = Error;
    try {
      Error.stackTraceLimit = limit;
      Error.prepareStackTrace = (_error, sites) =>
        sites
          .slice(drop)
          .map((site) => [
            site.getFunctionName() ?? '',
            site.getFileName() ??
              (site as { getScriptNameOrSourceURL?(): string }).getScriptNameOrSourceURL?.() ??
              '',
            site.getLineNumber() ?? 0,
            site.getColumnNumber() ?? 0,
            (site as { isAsync?(): boolean }).isAsync?.() ? 1 : 0,
          ]);
      return new Error('holter').stack;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      Error.prepareStackTrace = prepareStackTrace;
    }
  };

  // --- Buffers by stack, only while asked for
  type Holder = Record<string, (...args: unknown[]) => unknown>;
  const originals: [Holder, string, PropertyDescriptor][] = [];
  const allocations = new Map<
    string,
    { bytes: number; count: number; frames: unknown; refs: [WeakRef<object>, number][] }
  >();
  let untilSample = 0;
  let inWrapper = false;
  const watchBuffers = (): void => {
    if (originals.length > 0) return;
    const STEP = 64 * 1024;
    const holder = Buffer as unknown as Holder;
    for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow', 'from', 'concat']) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, name);
      if (descriptor?.configurable !== true || typeof descriptor.value !== 'function') continue;
      const original = descriptor.value as (...args: unknown[]) => Buffer;
      originals.push([holder, name, descriptor]);
      Object.defineProperty(holder, name, {
        ...descriptor,
        value: new Proxy(original, {
          apply(target, self, args) {
            if (inWrapper) return Reflect.apply(target, self, args);
            inWrapper = true;
            let made: Buffer;
            try {
              made = Reflect.apply(target, self, args) as Buffer;
            } finally {
              inWrapper = false;
            }
            untilSample -= made.byteLength;
            if (untilSample <= 0) {
              const bytes = STEP - untilSample;
              untilSample = STEP;
              const frames = callSites(24, 2);
              const id = JSON.stringify(frames);
              let row = allocations.get(id);
              if (row === undefined && allocations.size < 500) {
                row = { bytes: 0, count: 0, frames, refs: [] };
                allocations.set(id, row);
              }
              if (row !== undefined) {
                row.bytes += bytes;
                row.count++;
                // The backing store outlives a view: watch the store where it is the buffer's own.
                if (row.refs.length < 2000) row.refs.push([new WeakRef(made.buffer as object), bytes]);
              }
            }
            return made;
          },
        }),
      });
    }
  };
  const restoreBuffers = (): void => {
    for (const [holder, name, descriptor] of originals) Object.defineProperty(holder, name, descriptor);
    originals.length = 0;
  };

  const probes = { microtask: false, nextTick: false, immediate: false };
  const state: TargetState = {
    version: 1,
    token: config.token,
    where: where as BridgeAddress,
    // Dropped: callSites, this function, and the evaluate that called it.
    stack: () => [hooks.executionAsyncId(), shared[slots.beat], now(), callSites(200, 3)],
    probes,
    /** Queues one of each: which of them run tells what keeps the loop from turning. */
    ask() {
      probes.microtask = false;
      probes.nextTick = false;
      probes.immediate = false;
      queueMicrotask(() => {
        probes.microtask = true;
      });
      process.nextTick(() => {
        probes.nextTick = true;
      });
      timers.setImmediate(() => {
        probes.immediate = true;
      });
    },
    resources() {
      const count: Record<string, number> = {};
      for (const type of process.getActiveResourcesInfo?.() ?? []) count[type] = (count[type] ?? 0) + 1;
      return count;
    },
    spaces: () =>
      v8.getHeapSpaceStatistics().map((space) => ({
        name: space.space_name,
        usedBytes: space.space_used_size,
        sizeBytes: space.space_size,
      })),
    memory: () => process.memoryUsage(),
    countLoops: (ms) =>
      new Promise((resolve) => {
        const begin = now();
        let turns = 0;
        const turn = (): void => {
          turns++;
          const spent = now() - begin;
          if (spent < ms) timers.setImmediate(turn);
          else resolve((turns / spent) * 1000);
        };
        timers.setImmediate(turn);
      }),
    watchBuffers,
    buffers: () => {
      restoreBuffers();
      return [...allocations.values()].map(({ bytes, count, frames, refs }) => {
        let alive = 0;
        let seen = 0;
        for (const [ref, size] of refs) {
          seen += size;
          if (ref.deref() !== undefined) alive += size;
        }
        return { bytes, count, aliveBytes: seen === 0 ? 0 : (bytes * alive) / seen, frames };
      });
    },
    closeInspector: () => builtin('inspector').close(),
    port: () => shared[slots.port] ?? 0,
    undo() {
      if (timer !== undefined) timers.clearInterval(timer);
      observer.disconnect();
      channels.unsubscribe?.(REQUEST, onRequest);
      restoreBuffers();
      delete globals[key];
    },
  };
  state.ask();
  Object.defineProperty(globals, key, { value: state, enumerable: false, configurable: true });
  return where;
}

/** Body of the worker thread. */
export function runBridge(builtin: BuiltinRequire): void {
  const { workerData, parentPort } = builtin('worker_threads');
  const net = builtin('net');
  const fs = builtin('fs');
  const { Session } = builtin('inspector');
  const {
    shared: buffer,
    folder,
    config,
    slots,
    period,
  } = workerData as {
    shared: SharedArrayBuffer;
    folder: string;
    config: BridgeConfig;
    slots: typeof SLOTS;
    period: number;
  };
  const shared = new Float64Array(buffer);
  const session = new Session();
  session.connectToMainThread();
  const post = session.post.bind(session) as (
    method: string,
    params: object | undefined,
    done: (error: Error | null, result: unknown) => void,
  ) => void;
  const STATE = 'globalThis[Symbol.for("holter")]';
  const now = (): number => {
    const [seconds, nanos] = process.hrtime();
    return seconds * 1e3 + nanos / 1e6;
  };

  let client: import('node:net').Socket | undefined;
  const write = (message: object): void => void client?.write(`${JSON.stringify(message)}\n`);
  /** A pause of longer is ended from here, whatever holter does meanwhile (stopped by Ctrl-Z, swapped out); 0 = no limit. */
  let pauseLimitMs = 0;
  let pauseTimer: NodeJS.Timeout | undefined;
  session.on('inspectorNotification', (message) => {
    const { method } = message as { method: string };
    if (pauseLimitMs > 0 && method === 'Debugger.paused')
      pauseTimer = setTimeout(() => post('Debugger.resume', undefined, () => {}), pauseLimitMs);
    else if (method === 'Debugger.resumed') clearTimeout(pauseTimer);
    write(message);
  });

  let leaving = false;
  const leave = (): void => {
    if (leaving) return;
    leaving = true;
    // holter may have died in the middle of anything: first undo, then drop the session, which resumes a pause and
    // discards profiles; last this thread.
    const close = config.closeInspector ? 'try { s.closeInspector() } catch {}' : '';
    const own = JSON.stringify(config.token);
    const expression = `{ const s = ${STATE}; if (s && s.token === ${own}) { s.undo(); ${close} } }`;
    post('Runtime.evaluate', { expression, silent: true }, () => {
      session.disconnect();
      if (folder !== '') fs.rmSync(folder, { recursive: true, force: true });
      process.exit(0);
    });
  };

  const receive = (line: string): void => {
    const { id, method, params } = JSON.parse(line) as { id: number; method: string; params?: object };
    if (method === 'Holter.leave') {
      write({ id, result: {} });
      client?.end();
      leave();
      return;
    }
    if (method === 'Holter.limitPauses') {
      pauseLimitMs = Number((params as { ms?: unknown } | undefined)?.ms) || 0;
      write({ id, result: {} });
      return;
    }
    try {
      post(method, params, (error, result) => {
        if (error === null || error === undefined) write({ id, result: result ?? {} });
        else write({ id, error: { message: error.message } });
      });
    } catch (error) {
      write({ id, error: { message: String((error as Error).message) } });
    }
  };

  const server = net.createServer((socket) => {
    let trusted = folder !== '';
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: unknown) => {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (trusted) receive(line);
        else if (line === config.token && client === undefined) trusted = true;
        else socket.destroy();
        if (trusted && client === undefined) {
          client = socket;
          server.close();
        }
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (client === socket) leave();
    });
    if (trusted) {
      client = socket;
      // One visitor only; closing also removes the path.
      server.close();
    }
  });
  server.on('error', leave);
  if (folder !== '') server.listen(`${folder}/s`);
  else
    server.listen(0, '127.0.0.1', () => {
      shared[slots.port] = (server.address() as { port: number }).port;
    });
  // Nobody came: holter died between its two steps.
  setTimeout(() => {
    if (client === undefined) leave();
  }, 10_000).unref();

  parentPort?.on('message', (batch) => write({ method: 'Holter.events', params: batch }));
  if (!config.watch) return;

  setInterval(() => {
    const read = (slot: number): number => shared[slot] ?? 0;
    write({
      method: 'Holter.sample',
      params: {
        time: now(),
        beat: read(slots.beat),
        beats: read(slots.beats),
        refreshed: read(slots.refreshed),
        heapUsed: read(slots.heapUsed),
        heapTotal: read(slots.heapTotal),
        external: read(slots.external),
        arrayBuffers: read(slots.arrayBuffers),
        eluActive: read(slots.eluActive),
        eluIdle: read(slots.eluIdle),
        requests: read(slots.requests),
        resources: read(slots.resources),
        loops: read(slots.loops),
        gcMs: read(slots.gcMs),
        delay: read(slots.delay),
      },
    });
  }, 100);

  // Stacks of a late loop at 25, 50, 100, 200 … ms; one under way at a time, so the cost stays under one in 20 ms.
  const FIRST_LATE = 25;
  let nextLate = FIRST_LATE;
  let busy = false;
  setInterval(() => {
    const beat = shared[slots.beat] ?? 0;
    const late = now() - beat - period;
    if (late < FIRST_LATE) {
      nextLate = FIRST_LATE;
      return;
    }
    if (late < nextLate || busy || client === undefined || leaving) return;
    nextLate = Math.min(late * 2, late + 500);
    busy = true;
    post(
      'Runtime.evaluate',
      { expression: `${STATE}?.stack()`, returnByValue: true, silent: true },
      (error, answer) => {
        busy = false;
        const value = (answer as { result?: { value?: [number, number, number, unknown] } } | undefined)
          ?.result?.value;
        // Served only after the loop had turned: this is the stack of something else.
        if (error || !Array.isArray(value) || value[1] !== beat) return;
        const [asyncId, , time, frames] = value;
        write({
          method: 'Holter.stack',
          params: { time, lateMs: time - beat - period, beat, asyncId, frames },
        });
      },
    );
  }, 10);
}

/** The expression that installs everything; its value is where the bridge listens. */
export function bridgeExpression(config: BridgeConfig): string {
  const builtin = '(process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require)';
  const worker = `(${runBridge.toString()})(require)`;
  return `(${installInMain.toString()})(${builtin}, ${JSON.stringify(config)}, ${JSON.stringify(SLOTS)}, ${JSON.stringify(worker)})\n//# sourceURL=holter:main`;
}

/** The expression by which later evaluates reach what was installed. */
export const STATE_EXPRESSION = 'globalThis[Symbol.for("holter")]';

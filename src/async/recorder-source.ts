/**
 * The recorder: code that runs INSIDE the target, sent as text (`Function.prototype.toString`), so no function here may
 * use this module's scope. It is put together from `makeStackReader`, `watchPeers`, `watchRequests`, `watchThrown` and the core below.
 *
 *     async_hooks init  ──►  whose request is running?  ──►  nobody's, or one that is only counted: return
 *                                                       ──►  a followed one: a row, its time, some with a stack
 *     async_hooks before ─►  the row's end; for a socket's handle: the answer of a peer
 *
 * Everything hangs on one symbol of globalThis and on the undo of the bridge, which runs when holter goes away in
 * whatever way; a heartbeat is the second net.
 */

import type { BuiltinRequire } from './recorder-builtins.ts';
import { type PeerWatch, watchPeers } from './recorder-peers.ts';
import { type RequestWatch, watchRequests } from './recorder-requests.ts';
import { makeStackReader } from './recorder-stacks.ts';
import {
  type Flush,
  type RecorderConfig,
  type RecorderCore,
  type RecorderHandle,
  ROW,
} from './recorder-state.ts';
import { type ThrownWatch, watchThrown } from './recorder-thrown.ts';

/** The functions the core is given, because it cannot import them in the target. */
export interface RecorderParts {
  makeStackReader: typeof makeStackReader;
  watchPeers: typeof watchPeers;
  watchRequests: typeof watchRequests;
  watchThrown: typeof watchThrown;
}

/** Puts the recorder in; tells whether an earlier one had to be taken out first, and the time on its clock. */
export function installRecorder(
  builtin: BuiltinRequire,
  config: RecorderConfig,
  row: typeof ROW,
  parts: RecorderParts,
): { replaced: boolean; time: number } {
  const key = Symbol.for('holter.async');
  const globals = globalThis as unknown as Record<symbol, RecorderHandle | undefined>;
  const replaced = globals[key] !== undefined;
  globals[key]?.undo();

  const hooks = builtin('async_hooks');
  const timers = builtin('timers');
  const { performance } = builtin('perf_hooks');
  const { executionAsyncId } = hooks;
  const clock = performance.now.bind(performance);
  const hrtime = process.hrtime;
  /** CLOCK_MONOTONIC is what every other part of holter counts in. */
  const [seconds, nanos] = hrtime();
  const offset = seconds * 1e3 + nanos / 1e6 - clock();
  const now = (): number => clock() + offset;

  /** What reading the clock itself takes: as long as many a call of ours. */
  const probe = clock();
  for (let i = 0; i < 200; i++) clock();
  const clockMs = (clock() - probe) / 201;

  // --- which operation and request an async id stands for: a table overwritten in a circle, plus what waits for long
  const { slots: SLOTS } = config;
  const MASK = SLOTS - 1;
  const slotId = new Float64Array(SLOTS);
  const slotOp = new Float64Array(SLOTS);
  /** Row that ends with the next callback; 0 none. */
  const slotRow = new Int32Array(SLOTS);
  const slotRequest = new Int32Array(SLOTS);
  const kept = new Map<number, { op: number; row: number; request: number }>();

  // --- rows since the last flush
  const { length: STRIDE } = row;
  const capacity = config.rowsPerFlush;
  let rows = new Float64Array(capacity * STRIDE);
  let firstRow = 1;
  let filled = 0;
  let ends: number[] = [];
  /** Whose subject is known only after init: connects and look-ups. */
  let late: { index: number; resource: object }[] = [];
  const ticking = new Map<number, WeakRef<object>>();
  const typeNumbers = new Map<string, number>();
  let newTypes: string[] = [];
  const subjectNumbers = new Map<string, number>([['', 0]]);
  let newSubjects: string[] = [''];

  let on = true;
  /** Hooks are on. */
  let listening = false;
  let listeningSince = 0;
  let listenedMs = 0;
  let inSlices = false;
  let rests: Flush['rests'] = [];
  /** True while our own code runs: a flush is an interrupt and may come in the middle of it. */
  let inside = false;
  let errors = 0;
  let allRows = 0;
  let dropped = 0;
  let stackCount = 0;
  /** Of calls without the stacks they took, estimated; and of stacks, measured: a few long ones would be counted 64-fold. */
  let ownMs = 0;
  let stackMs = 0;
  let calls = 0;
  let promises = true;
  let backoff: string[] = [];
  let stackRoom = config.stacksPerSecond / 4;
  let looseStackRoom = config.stacksPerSecond / 8;
  let stacksPerSecond = config.stacksPerSecond;
  let requestsPerFlush = config.requestsPerFlush;
  /** Rows of operations that belong to no request. */
  let looseRoom = capacity / 8;
  let sawRequests = false;
  /** Operations that async_hooks has no id for: odd negative numbers; requests have the even ones. */
  let syntheticId = 1;
  const wantsStack = new Uint8Array(1 << 12);
  const underWay = new Uint8Array(1 << 12);
  const rowsOf = new Uint16Array(1 << 12);
  /** Operations that began after the answer in what the request left behind, and how many of them are followed. */
  const leftOf = new Uint8Array(1 << 12);
  const MOST_LEFT = 40;
  const reader = parts.makeStackReader();

  // --- JavaScript time of requests: who runs now, and what was interrupted by it
  const runIds: number[] = [];
  const runRequests: number[] = [];
  let runRequest = 0;
  let runSince = 0;

  const typeNumber = (type: string): number => {
    let number = typeNumbers.get(type);
    if (number === undefined) {
      number = typeNumbers.size;
      typeNumbers.set(type, number);
      newTypes.push(type);
    }
    return number;
  };
  const subject = (text: string): number => {
    const known = subjectNumbers.get(text);
    if (known !== undefined) return known;
    if (subjectNumbers.size >= 5000) return 0;
    const number = subjectNumbers.size;
    subjectNumbers.set(text, number);
    newSubjects.push(text);
    return number;
  };
  const put = (id: number, op: number, rowNumber: number, request: number): void => {
    const slot = id & MASK;
    // Somebody who waits longer than the table lasts.
    if (slotRow[slot] !== 0 && slotId[slot] !== id && kept.size < 20_000)
      kept.set(slotId[slot]!, { op: slotOp[slot]!, row: slotRow[slot]!, request: slotRequest[slot]! });
    slotId[slot] = id;
    slotOp[slot] = op;
    slotRow[slot] = rowNumber;
    slotRequest[slot] = request;
  };
  const end = (rowNumber: number, time: number): void => {
    if (rowNumber >= firstRow) rows[(rowNumber - firstRow) * STRIDE + row.endedAt] = time;
    else if (ends.length < capacity * 4) ends.push(rowNumber, time);
    if (ticking.size > 0) ticking.delete(rowNumber);
  };
  /** Links of the chain only: in a request their stacks matter together or not at all. */
  const LINKS = new Set(['PROMISE', 'TickObject', 'Immediate', 'Microtask']);
  const readStack = (): number => {
    const begun = clock();
    const stack = reader.read();
    stackMs += clock() - begun;
    stackCount++;
    return stack;
  };
  /** Number of the row, 0 when there was no room. `left`: the answered request that left it behind, 0 none. */
  const add = (
    id: number,
    type: string,
    op: number,
    request: number,
    about: number,
    parent: number,
    left: number,
  ): number => {
    if (filled >= capacity) {
      dropped++;
      return 0;
    }
    let stack = -1;
    if (request > 0 || left > 0) {
      const place = (request || left) & 4095;
      // One endless request must not take the room of all others.
      if (rowsOf[place]! >= 1000) {
        dropped++;
        return 0;
      }
      rowsOf[place]!++;
      if (wantsStack[place] === 1 && stackRoom > -200) {
        stackRoom--;
        stack = readStack();
      }
    }
    if (stack === -1 && looseStackRoom >= 1 && ((request === 0 && left === 0) || !LINKS.has(type))) {
      looseStackRoom--;
      stack = readStack();
    }
    const at = filled * STRIDE;
    rows[at + row.id] = id;
    rows[at + row.trigger] = op;
    rows[at + row.request] = request;
    rows[at + row.type] = typeNumber(type);
    rows[at + row.startedAt] = now();
    rows[at + row.endedAt] = Number.NaN;
    rows[at + row.stack] = stack;
    rows[at + row.subject] = about;
    rows[at + row.parent] = parent;
    allRows++;
    return firstRow + filled++;
  };

  /** `work`, but not while we are in our own code, errors swallowed, its time measured in one call of 64. */
  const guard = <A, B, C, D>(work: (a: A, b: B, c: C, d: D) => void) => {
    return (a: A, b?: B, c?: C, d?: D): void => {
      if (!on || inside) return;
      inside = true;
      try {
        if ((++calls & 63) === 0) {
          const begun = clock();
          const stacksBefore = stackMs;
          work(a, b as B, c as C, d as D);
          ownMs += Math.max(0, clock() - begun - clockMs - (stackMs - stacksBefore)) * 64;
        } else work(a, b as B, c as C, d as D);
      } catch {
        errors++;
      } finally {
        inside = false;
      }
    };
  };

  const core: RecorderCore = {
    now,
    runningOp: 0,
    runningRequest: 0,
    lastId: 0,
    get isListening() {
      return listening;
    },
    guard: (work) => guard(work),
    look() {
      const running = executionAsyncId();
      const slot = running & MASK;
      if (slotId[slot] === running) {
        core.runningOp = slotOp[slot]!;
        const request = slotRequest[slot]!;
        core.runningRequest = underWay[request & 4095] === 1 ? request : 0;
        return;
      }
      const long = kept.size === 0 ? undefined : kept.get(running);
      core.runningOp = long?.op ?? running;
      core.runningRequest = long?.request ?? 0;
    },
    add(type, about, op, request) {
      if (request === 0) {
        if (looseRoom <= 0) return 0;
        looseRoom--;
      }
      syntheticId -= 2;
      core.lastId = syntheticId;
      return add(core.lastId, type, op, request, about, 0, 0);
    },
    end,
    bind: (asyncId, op, request) => put(asyncId, op === 0 ? asyncId : op, 0, request),
    subject,
  };

  /** 0 = only hands its request on, 1 = a wait of its own, 2 = a link of the chain, 3 = a timer. */
  const ROLES: Record<string, number> = {
    Timeout: 3,
    TickObject: 2,
    Immediate: 2,
    Microtask: 2,
    FSREQCALLBACK: 1,
    FSREQPROMISE: 1,
    FILEHANDLECLOSEREQ: 1,
    GETADDRINFOREQWRAP: 1,
    GETNAMEINFOREQWRAP: 1,
    QUERYWRAP: 1,
    TCPCONNECTWRAP: 1,
    PIPECONNECTWRAP: 1,
    PROCESSWRAP: 1,
    ZLIB: 1,
    HTTPCLIENTREQUEST: 0,
    HTTPINCOMINGMESSAGE: 0,
  };
  const roles = new Map<string, number>();
  const roleOf = (type: string): number => {
    let role = roles.get(type);
    if (role === undefined) {
      // PBKDF2REQUEST, SCRYPTREQUEST, …; names in capitals are Node's own handles, others are the program's resources.
      role = ROLES[type] ?? (/REQUEST$/.test(type) ? 1 : /^[A-Z0-9_]+$/.test(type) ? 0 : 2);
      if (roles.size < 1000) roles.set(type, role);
    }
    return role;
  };

  const init = (id: number, type: string, trigger: number, resource: object): void => {
    const running = executionAsyncId();
    const isPromise = type === 'PROMISE';
    // A promise that is not made from another one never runs a callback: `before` is not called for it.
    if (isPromise && trigger === running) return;
    let op = running;
    let request = 0;
    const slot = running & MASK;
    if (slotId[slot] === running) {
      op = slotOp[slot]!;
      request = slotRequest[slot]!;
    } else if (kept.size !== 0) {
      const long = kept.get(running);
      if (long !== undefined) {
        op = long.op;
        request = long.request;
      }
    }
    // What a request left behind goes on without it; it is followed for some steps, so that it is known who began it.
    let left = 0;
    if (request !== 0 && underWay[request & 4095] === 0) {
      if (leftOf[request & 4095]! < MOST_LEFT) left = request;
      request = 0;
    }
    const isLoose = request === 0 && left === 0;
    if (isLoose && (isPromise ? sawRequests || !promises : type === 'TickObject')) return;
    const role = isPromise ? 2 : roleOf(type);
    if (isLoose && (role === 0 || (role === 2 && sawRequests))) return;
    if (role === 0 || (isPromise && !promises)) {
      put(id, op, 0, request || left);
      return;
    }
    if (isLoose) {
      // Promises and immediates of a busy process would take all the room.
      if (looseRoom <= (role === 2 ? capacity / 16 : 0)) {
        if (!sawRequests) dropped++;
        return;
      }
      looseRoom--;
    }
    let about = 0;
    let endless = false;
    if (role === 3) {
      const timer = resource as { _idleTimeout?: number; _repeat?: number | null; hasRef?(): boolean };
      // Time-outs of sockets and agents never hold the loop: no waits, but they tell who gave up, and when.
      if (timer.hasRef?.() === false) {
        if (request === 0) return;
        type = 'IdleTimeout';
      }
      endless = typeof timer._repeat === 'number';
      about = subject(`${endless ? 'every ' : ''}${timer._idleTimeout} ms`);
    }
    if (left !== 0) leftOf[left & 4095]!++;
    const number = add(id, type, op, request, about, isPromise ? trigger : 0, left);
    put(id, number === 0 ? op : id, endless ? 0 : number, request || left);
    if (number === 0) return;
    if (role === 3 && ticking.size < 5000) ticking.set(number, new WeakRef(resource));
    else if (type.endsWith('CONNECTWRAP') || type === 'GETADDRINFOREQWRAP' || type === 'QUERYWRAP')
      late.push({ index: number - firstRow, resource });
  };

  const before = (id: number): void => {
    const slot = id & MASK;
    let request = 0;
    if (slotId[slot] === id) {
      request = slotRequest[slot]!;
      const number = slotRow[slot]!;
      if (number !== 0) {
        slotRow[slot] = 0;
        end(number, now());
      } else if (peers.size !== 0) {
        peers.answered(id);
        request = slotRequest[slot]!;
      }
    } else {
      const long = kept.size === 0 ? undefined : kept.get(id);
      if (long !== undefined) {
        kept.delete(id);
        end(long.row, now());
        put(id, long.op, 0, long.request);
        request = long.request;
      } else if (peers.size !== 0) {
        peers.answered(id);
        if (slotId[slot] === id) request = slotRequest[slot]!;
      }
    }
    enter(id, request);
  };
  const enter = (id: number, request: number): void => {
    if (runIds.length < 200) {
      runIds.push(id);
      runRequests.push(runRequest);
    }
    change(request);
  };
  const change = (request: number): void => {
    if (runRequest === request) return;
    const time = clock();
    if (runRequest !== 0) requests.ran(runRequest, time - runSince);
    runRequest = request;
    runSince = time;
  };
  const after = (id: number): void => {
    // An exception leaves scopes without telling; look for ours from the top.
    let at = runIds.length - 1;
    while (at >= 0 && runIds[at] !== id) at--;
    if (at < 0) return;
    const request = runRequests[at]!;
    runIds.length = at;
    runRequests.length = at;
    change(request);
  };

  const peers: PeerWatch = parts.watchPeers(builtin, core);
  const requests: RequestWatch = parts.watchRequests(
    builtin,
    core,
    peers,
    (request) => {
      sawRequests = true;
      const running = executionAsyncId();
      if (request > 0) {
        const place = request & 4095;
        rowsOf[place] = 0;
        leftOf[place] = 0;
        wantsStack[place] = stackRoom > 20 ? 1 : 0;
        underWay[place] = 1;
        put(running, -2 * request, 0, request);
      } else if (slotId[running & MASK] === running) put(running, running, 0, 0);
      change(request);
    },
    (request) => {
      underWay[request & 4095] = 0;
      if (inSlices && listening && requests.isDone) rest();
    },
  );

  const thrown: ThrownWatch = parts.watchThrown(core);
  const hook = hooks.createHook({ init: guard(init), before: guard(before), after: guard(after) });

  const listen = (): void => {
    if (listening || !on) return;
    listening = true;
    listeningSince = clock();
    runIds.length = 0;
    runRequests.length = 0;
    runRequest = 0;
    peers.resume(now());
    hook.enable();
  };
  /** Takes effect for promises when the running microtask is over: Node sees to it. */
  const rest = (): void => {
    if (!listening) return;
    listening = false;
    listenedMs += clock() - listeningSince;
    hook.disable();
    const time = now();
    peers.rest(time);
    rests.push({ time, cut: requests.cut() });
  };

  let asked = clock();
  const heartbeat = timers.setInterval(() => {
    if (clock() - asked > config.deadAfterMs) handle.undo();
  }, 1000);
  heartbeat.unref();

  let flushed = clock();
  const begunAt = flushed;
  let ownBefore = 0;
  let callsBefore = 0;
  let listenedBefore = 0;
  let flushMs = 0;
  let flushes = 0;
  let calm = 1;
  const adapt = (elapsed: number, wasFull: boolean): void => {
    const own = ownMs + stackMs - ownBefore;
    const listened = listenedMs + (listening ? clock() - listeningSince : 0);
    const heardMs = Math.max(1, listened - listenedBefore);
    const heard = calls - callsBefore;
    ownBefore = ownMs + stackMs;
    callsBefore = calls;
    listenedBefore = listened;
    // One flush is enough to begin with slices: a busy process is not to be held up. Some calm ones end them.
    if (heard > config.callsPerMs * heardMs) calm = 0;
    else if (heardMs > 20) calm++;
    if (calm === 0 && !inSlices) {
      inSlices = true;
      backoff.push('there is too much to listen to all the time: recorded in slices, a few requests each');
    } else if (calm > 12) inSlices = false;
    const share = own / Math.max(1, elapsed);
    // At first everything is slow: functions are compiled, stacks read for the first time.
    if (flushes > 3 && share > config.costLimit) {
      const percent = `${Math.round(share * 100)} % of one core`;
      if (stacksPerSecond > 20) {
        stacksPerSecond = Math.floor(stacksPerSecond / 4);
        backoff.push(`recording took ${percent}: ${stacksPerSecond} stacks a second from then on`);
      } else if (requestsPerFlush > 5) {
        requestsPerFlush = Math.max(5, requestsPerFlush >> 1);
        backoff.push(`recording took ${percent}: fewer requests followed from then on`);
      } else if (promises) {
        promises = false;
        backoff.push(`recording took ${percent}: promises left out from then on`);
      }
    }
    const tooMuch = listened > config.slicePart * (clock() - begunAt);
    if (inSlices && listening && tooMuch) rest();
    if (!inSlices || !tooMuch) listen();
    if (wasFull) requestsPerFlush = Math.max(5, requestsPerFlush >> 1);
    const part = Math.min(1, elapsed / 1000);
    stackRoom = Math.min(stacksPerSecond, stackRoom + stacksPerSecond * part * 0.75);
    looseStackRoom = Math.min(stacksPerSecond / 2, looseStackRoom + stacksPerSecond * part * 0.25);
    looseRoom = capacity / 8;
    requests.pace(inSlices ? Math.ceil(requestsPerFlush / 2) : requestsPerFlush, inSlices);
  };
  const nameLate = (): void => {
    for (const { index, resource } of late) {
      const { hostname, address, port } = resource as Record<string, unknown>;
      const name =
        typeof hostname === 'string'
          ? hostname
          : typeof address === 'string'
            ? port === undefined
              ? address
              : `${address.includes(':') ? `[${address}]` : address}:${port}`
            : '';
      rows[index * STRIDE + row.subject] = subject(name);
    }
    late = [];
  };
  const encode = (numbers: Float64Array): string =>
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
  const flush = (): string => {
    if (inside) return '';
    inside = true;
    const begun = clock();
    asked = begun;
    try {
      const time = now();
      const { requests: started, finished } = requests.take(time);
      nameLate();
      for (const [number, reference] of ticking) {
        const timer = reference.deref() as { _destroyed?: boolean } | undefined;
        if (timer === undefined || timer._destroyed === true) end(number, -1);
      }
      const document: Flush = {
        time,
        rows: encode(rows.subarray(0, filled * STRIDE)),
        firstRow,
        ends: encode(Float64Array.from(ends)),
        types: newTypes,
        subjects: newSubjects,
        stacks: reader.takeNew(),
        requests: started,
        finished,
        rests,
        peers: peers.totals(time, flushes++ % 4 === 0),
        thrown: thrown.take(),
        counts: {
          requests: requests.seen,
          recorded: requests.recorded,
          rows: allRows,
          dropped,
          stacks: stackCount,
          errors,
          ownMs: ownMs + stackMs + flushMs,
          onMs: listenedMs + (listening ? begun - listeningSince : 0),
        },
        backoff,
      };
      const wasFull = filled >= capacity;
      firstRow += filled;
      filled = 0;
      ends = [];
      rests = [];
      newTypes = [];
      newSubjects = [];
      backoff = [];
      adapt(begun - flushed, wasFull);
      flushed = begun;
      const text = JSON.stringify(document);
      flushMs += clock() - begun;
      return text;
    } finally {
      inside = false;
    }
  };

  const bridge = globals[Symbol.for('holter')] as unknown as { undo(): void } | undefined;
  const bridgeUndo = bridge?.undo;
  let done = false;
  let clean = true;
  const handle: RecorderHandle = {
    token: config.token,
    flush,
    survey() {
      const resources: Record<string, number> = {};
      for (const type of process.getActiveResourcesInfo?.() ?? [])
        resources[type] = (resources[type] ?? 0) + 1;
      return { connections: peers.connections(), resources };
    },
    undo() {
      if (done) return clean;
      done = true;
      on = false;
      hook.disable();
      requests.undo();
      thrown.undo();
      clean = peers.undo();
      timers.clearInterval(heartbeat);
      // Another recorder may have put itself before us meanwhile: then its undo stays, and calls ours for nothing.
      if (bridge !== undefined && bridge.undo === undoAll && bridgeUndo !== undefined)
        bridge.undo = bridgeUndo;
      kept.clear();
      ticking.clear();
      rows = new Float64Array(0);
      if (globals[key] === handle) delete globals[key];
      return clean;
    },
  };
  const undoAll = (): void => {
    handle.undo();
    bridgeUndo?.call(bridge);
  };
  if (bridge !== undefined && bridgeUndo !== undefined) bridge.undo = undoAll;
  Object.defineProperty(globals, key, { value: handle, enumerable: false, configurable: true });
  listen();
  return { replaced, time: now() };
}

/** The expression that puts the recorder in. */
export function recorderExpression(config: RecorderConfig): string {
  const builtin = '(process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require)';
  const parts = `{ makeStackReader: ${makeStackReader}, watchPeers: ${watchPeers}, watchRequests: ${watchRequests}, watchThrown: ${watchThrown} }`;
  return `(${installRecorder})(${builtin}, ${JSON.stringify(config)}, ${JSON.stringify(ROW)}, ${parts})\n//# sourceURL=holter:async`;
}

/** The expression by which later evaluates call a method of this very recorder; its value is undefined when it is gone. */
export function recorderCall(token: string, call: string): string {
  const holder = 'globalThis[Symbol.for("holter.async")]';
  return `(${holder}?.token === ${JSON.stringify(token)} ? ${holder}.${call} : undefined)`;
}

import type { Milliseconds } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import type { BuiltinRequire } from './recorder-builtins.ts';
import { quantile } from './wait-group.ts';

/**
 * How long requests take, from `diagnostics_channel` alone. It is what decides whether operations are recorded at all: once
 * async_hooks was on, V8 keeps a slower path for promises until the process ends (its "promise hook protector" is
 * never restored), so a process that answers quickly is not to pay for it. docs/limits.md has the numbers.
 */
export interface RequestTimes {
  schema: 'holter.requests/1';
  /** Requests whose length is known, a part of all. */
  ended: number;
  median: Milliseconds;
  p95: Milliseconds;
  /** Ended after, or under way for, more than the given limit. */
  slow: number;
  /** Answers with a status of 500 and more, all of them. */
  failed: number;
  /** Errors that nobody caught, and the program goes on. */
  uncaught: number;
}

export interface RequestProbe {
  /** Since the probe was put in. Undefined: the target does not answer. */
  read(slowMs: Milliseconds): Promise<RequestTimes | undefined>;
  stop(): Promise<void>;
}

interface ProbeHandle {
  token: string;
  read(): { lengths: number[]; ages: number[]; failed: number; uncaught: number };
  undo(): void;
}

/** Code that runs in the target, sent as text. At most 50 requests are followed at a time; the others cost one look. */
function installProbe(builtin: BuiltinRequire, token: string): void {
  const key = Symbol.for('holter.requests');
  const globals = globalThis as unknown as Record<symbol, ProbeHandle | undefined>;
  globals[key]?.undo();
  const channels = builtin('diagnostics_channel');
  const { performance } = builtin('perf_hooks');
  const clock = performance.now.bind(performance);
  type Response = { statusCode?: unknown; destroyed?: boolean };
  const open = new Map<object, number>();
  let lengths: number[] = [];
  let failed = 0;
  let uncaught = 0;
  const onUncaught = (): void => {
    uncaught++;
  };
  const onStart = (event: unknown): void => {
    if (open.size < 50) open.set((event as { response: object }).response, clock());
  };
  const onFinish = (event: unknown): void => {
    const { response } = event as { response: object & Response };
    if (Number(response.statusCode) >= 500) failed++;
    const begun = open.get(response);
    if (begun === undefined) return;
    open.delete(response);
    if (lengths.length < 5000) lengths.push(clock() - begun);
  };
  channels.subscribe?.('http.server.request.start', onStart);
  channels.subscribe?.('http.server.response.finish', onFinish);
  process.on('uncaughtExceptionMonitor', onUncaught);
  const bridge = globals[Symbol.for('holter')] as unknown as { undo(): void } | undefined;
  const bridgeUndo = bridge?.undo;
  const handle: ProbeHandle = {
    token,
    read() {
      const time = clock();
      const ages: number[] = [];
      for (const [response, begun] of open)
        if ((response as Response).destroyed === true) open.delete(response);
        else ages.push(time - begun);
      const taken = lengths;
      lengths = [];
      return { lengths: taken, ages, failed, uncaught };
    },
    undo() {
      channels.unsubscribe?.('http.server.request.start', onStart);
      channels.unsubscribe?.('http.server.response.finish', onFinish);
      process.removeListener('uncaughtExceptionMonitor', onUncaught);
      open.clear();
      if (globals[key] === handle) delete globals[key];
    },
  };
  if (bridge !== undefined && bridgeUndo !== undefined)
    bridge.undo = () => {
      handle.undo();
      bridgeUndo.call(bridge);
    };
  Object.defineProperty(globals, key, { value: handle, enumerable: false, configurable: true });
}

/** Puts the probe in. @throws HolterError of the session */
export async function startRequestProbe(session: Session): Promise<RequestProbe> {
  const token = Math.random().toString(36).slice(2);
  const builtin = '(process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require)';
  await evaluate(session, `(${installProbe})(${builtin}, "${token}")\n//# sourceURL=holter:requests`, {
    timeoutMs: 3000,
  });
  const holder = 'globalThis[Symbol.for("holter.requests")]';
  const call = <T>(text: string): Promise<T | undefined> =>
    evaluate<T>(session, `(${holder}?.token === "${token}" ? ${holder}.${text} : undefined)`, {
      timeoutMs: 2000,
    }).catch(() => undefined);
  const lengths: number[] = [];
  return {
    async read(slowMs) {
      const found = await call<ReturnType<ProbeHandle['read']>>('read()');
      if (found === undefined) return undefined;
      lengths.push(...found.lengths);
      const sorted = [...lengths].sort((a, b) => a - b);
      return {
        schema: 'holter.requests/1',
        ended: lengths.length,
        median: quantile(sorted, 0.5),
        p95: quantile(sorted, 0.95),
        slow: [...lengths, ...found.ages].filter((ms) => ms >= slowMs).length,
        failed: found.failed,
        uncaught: found.uncaught,
      };
    },
    async stop() {
      await call('undo()');
    },
  };
}

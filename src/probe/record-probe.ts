import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';
import type { CompiledProgram } from './d-compile.ts';
import { engineSource } from './engine.ts';
import type { AggregationSnapshot } from './engine-output.ts';
import { insertByLine, type LineInsertion } from './insert-by-line.ts';
import { provideApplications } from './provider-application.ts';
import { KNOWN_CHANNELS } from './provider-catalogue.ts';
import { provideChannels } from './provider-channel.ts';
import { provideFunctions } from './provider-function.ts';
import type { ProbeName } from './provider-host.ts';
import { provideHttp } from './provider-http.ts';
import { provideIo } from './provider-io.ts';
import { provideJson } from './provider-json.ts';
import { provideLogs } from './provider-log.ts';
import { provideRuntime } from './provider-runtime.ts';
import { makeWrapping } from './provider-wrap.ts';
import { type InstallerConfig, installProbes, type ProbeDrain } from './record-installer.ts';

export interface RecordProbeOptions {
  /** Share of one core the clauses may cost before the probes are taken out: 0.05. */
  budget: number;
  pid: number;
  /** Node version of the target. */
  node: string;
  /** What came since the last call; every 200 ms. */
  onDrain: (drain: ProbeDrain) => void | Promise<void>;
}

/** Probes that are in a target. */
export interface ProbeRecording {
  /** Probes put in at once, as `provider:module:function:name` (at most 1000). */
  probes: string[];
  /** Patterns nothing was found for. */
  missing: string[];
  /** Functions whose first call puts their probe in. */
  waiting: number;
  /** Resolves when the script exits, the budget is exceeded, or the target is gone. */
  ended: Promise<void>;
  /** Takes the probes out, runs END, gives the last drain and all aggregations; undefined when the target is gone. */
  stop(): Promise<{ last: ProbeDrain; aggregations: AggregationSnapshot[] } | undefined>;
  /** True when after `stop` nothing is left in the target. */
  clean: boolean;
}

const DRAIN_EVERY_MS = 200;
const DEAD_AFTER_MS = 15_000;
const HOLDER = 'globalThis[Symbol.for("holter.probe.session")]';

/** Of `js` probes the provider may be left out where the module says it: a file, or `global`. */
export function functionPatterns(patterns: readonly ProbeName[]): ProbeName[] {
  return patterns.filter(
    ({ provider, module, function: fn, name }) =>
      (provider === 'js' || (provider === '' && /\.[cm]?[jt]s$|^global$/.test(module))) &&
      fn !== '' &&
      /^(?:entry|return|\*)$/.test(name),
  );
}

/**
 * Puts a compiled program into the session's thread, and hands on what it writes until `stop`.
 * @throws HolterError E_CDP when the target does not take it, E_CONNECTION_LOST, E_TIMEOUT
 */
export async function recordProbe(
  session: Session,
  program: CompiledProgram,
  options: RecordProbeOptions,
): Promise<ProbeRecording> {
  const token = randomBytes(8).toString('hex');
  const functions = functionPatterns(program.patterns).map((one) => ({ ...one, provider: 'js' }));
  const config: InstallerConfig = {
    token,
    patterns: program.patterns.map((one) =>
      one.provider === '' && functions.some(({ module }) => module === one.module)
        ? { ...one, provider: 'js' }
        : one,
    ),
    functions,
    knownChannels: [...KNOWN_CHANNELS],
    usesSelf: program.usesSelf && program.options.selfscope !== 'thread',
    deadAfterMs: DEAD_AFTER_MS,
  };
  const engineOptions = {
    aggregations: program.aggregations,
    usesThis: program.usesThis,
    budget: options.budget,
    mostKeys: 10_000,
    mostBytesPerSecond: 4 << 20,
    mostErrors: 1000,
    pid: options.pid,
  };
  const installed = await evaluate<{
    probes: string[];
    found: { module: string; fn: string; places: number }[];
    notes: string[];
  }>(
    session,
    `{ const builtin = (process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : require);
(${installProbes})(builtin, ${JSON.stringify(config)}, (now) => (${engineSource()})(${program.text}, ${JSON.stringify(engineOptions)}, builtin, now),
{ makeWrapping: ${makeWrapping}, provideApplications: ${provideApplications}, provideChannels: ${provideChannels}, provideFunctions: ${provideFunctions}, provideHttp: ${provideHttp},
provideIo: ${provideIo}, provideJson: ${provideJson}, provideLogs: ${provideLogs}, provideRuntime: ${provideRuntime} }) }
//# sourceURL=holter:probe`,
    { timeoutMs: 10_000 },
  );
  const ask = <T>(call: string): Promise<T | undefined> =>
    evaluate<T>(session, `(${HOLDER}?.token === ${JSON.stringify(token)} ? ${HOLDER}.${call} : undefined)`, {
      timeoutMs: 3000,
    }).catch(() => undefined);

  // --- functions that only their own scope reaches
  const unresolved = installed.found.filter(
    ({ module, fn, places }) => isFile(module) && (places === 0 || !/[*?.]/.test(fn)),
  );
  const missing: string[] = installed.found
    .filter(({ module, places }) => places === 0 && !isFile(module))
    .map(({ module, fn }) => `js:${module}:${fn}`);
  let lines: LineInsertion | undefined;
  // Node 18 has ended with SIGSEGV, one time in ten, with a debugger and followed contexts at once. Nobody knows why, so no
  // debugger is used there at all.
  if (/^v?18\./.test(options.node))
    missing.push(
      ...unresolved
        .filter(({ places }) => places === 0)
        .map(({ module, fn }) => `js:${module}:${fn} (on Node 18 only what its module exports)`),
    );
  else if (unresolved.length > 0) {
    lines = await insertByLine(session, unresolved, `${HOLDER}?.functions`);
    missing.push(...lines.missing);
  }
  if (installed.notes.length > 0)
    await options.onDrain({
      engine: { out: [], errors: [], drops: { texts: 0, keys: 0 }, fired: 0, costNs: 0 },
      notes: installed.notes,
      states: [],
      probes: installed.probes.length,
    });

  let stopping: ReturnType<ProbeRecording['stop']> | undefined;
  let over = false;
  let wake: () => void = () => {};
  const asleep = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const ended = (async () => {
    let silent = 0;
    while (!over && session.isOpen) {
      await Promise.race([sleep(DRAIN_EVERY_MS, undefined, { ref: false }), asleep, session.closed]);
      if (over || !session.isOpen) break;
      const drain = await ask<ProbeDrain>('drain()');
      // A target that hangs answers nothing for a while; one that lost the session never will.
      if (drain === undefined) {
        if (++silent > 20) break;
        continue;
      }
      silent = 0;
      await lines?.settle(drain.states);
      await options.onDrain(drain);
      if (drain.engine.exited !== undefined || drain.engine.stopped !== undefined) break;
    }
  })();
  const recording: ProbeRecording = {
    probes: installed.probes,
    missing,
    waiting: lines?.waiting ?? 0,
    ended,
    clean: false,
    stop() {
      stopping ??= (async () => {
        over = true;
        wake();
        await ended;
        await lines?.end();
        if (!session.isOpen) return undefined;
        const last = await ask<ProbeDrain>('finish("the end")');
        const aggregations = last === undefined ? undefined : await ask<AggregationSnapshot[]>('snapshot()');
        recording.clean =
          (await evaluate<boolean>(
            session,
            `(${HOLDER}?.token === ${JSON.stringify(token)} ? ${HOLDER}.undo() : true)`,
            {
              timeoutMs: 3000,
            },
          ).catch(() => false)) === true;
        return last === undefined ? undefined : { last, aggregations: aggregations ?? [] };
      })();
      return stopping;
    },
  };
  return recording;
}

function isFile(module: string): boolean {
  return /\.[cm]?[jt]s$/.test(module);
}

import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { compileProgram, patternMatches } from '../probe/d-compile.ts';
import { parseProgram } from '../probe/d-parser.ts';
import type { AggregationSnapshot } from '../probe/engine-output.ts';
import { formatAggregations } from '../probe/format-aggregation.ts';
import { CATALOGUE } from '../probe/provider-catalogue.ts';
import type { ProbeDrain } from '../probe/record-installer.ts';
import { READY_SCRIPTS } from '../probe/record-scripts.ts';
import { renderProbeList, renderScripts } from '../render/probe-terminal.ts';
import { resolveTarget } from '../target/resolve.ts';
import { type StartedTarget, startTarget } from '../target/start.ts';
import { readTargetInfo } from '../target/target-info.ts';
import { probeVisit } from '../visit/probe-visit.ts';
import type { VisitTarget } from '../visit/visit.ts';
import { parseDuration } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { startProgress } from './progress.ts';

interface ProbeOptions {
  program?: string;
  file?: string;
  script?: string;
  list?: boolean;
  scripts?: boolean;
  duration?: string;
  out?: string;
  json?: boolean;
  budget: string;
  force?: boolean;
  quiet?: boolean;
}

/** `holter probe`: D programs on a live process. */
export function registerProbe(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  program
    .command('probe')
    .summary('trace a live process with D programs: requests, functions, JSON, GC, files, logs')
    .description(
      'Puts probes into a running process, runs clauses of the D language where they fire, and takes them out again.\n' +
        'Functions by name or line, requests by route, JSON, GC, files, names, timers, log lines, diagnostics channels.',
    )
    .argument('[target]', 'pid, name, :port, inspector host:port or ws:// URL; or -- node app.js …')
    .argument('[args...]', '$1, $2 … of the program')
    .option('-n, --program <text>', 'the program')
    .option('-s, --file <path>', 'the program is in a file')
    .option('--script <name>', 'a ready script; --scripts lists them')
    .option('--scripts', 'list the ready scripts')
    .option('-l, --list', 'list the probes there are (with -n or -s: those it asks for)')
    .option('-d, --duration <time>', 'end after this time, 500ms to 24h (default: Ctrl-C ends it)')
    .option('-o, --out <path>', 'write what the program prints to a file')
    .option('--budget <percent>', 'take the probes out when they cost more of a core', '5%')
    .option('--json', 'one JSON object a line, the first with schema holter.probe/1')
    .option('-q, --quiet', 'say nothing about what was done to the target')
    .option(
      '--force',
      'where a signal is unsafe, wake the inspector through process memory (needs ptrace rights)',
    )
    .addHelpText(
      'after',
      `
What it does to the target: opens its inspector on 127.0.0.1 for about 100 ms, wraps or subscribes to what the program
asks for, and puts everything back: at the end, at Ctrl-C, when holter is killed, or when the probes cost too much.

Examples:
  holter probe 4711 -n 'http-server:::request-done { @[route] = quantize(duration); }'
  holter probe api -n 'js:cart.js:total:return /arg1 > 1000000/ { printf("%d us\\n", arg1 / 1000); }' -d 30s
  holter probe :3000 -s json-latency.d
  holter probe :3000 --script slow-routes -d 10s
  holter probe -l`,
    )
    .action(async (target: string | undefined, args: string[], options: ProbeOptions) =>
      setExit(await runProbe(target, args, rest, options)),
    );
}

async function runProbe(
  target: string | undefined,
  args: readonly string[],
  command: readonly string[],
  options: ProbeOptions,
): Promise<ExitCode> {
  if (options.scripts) {
    await print(
      options.json
        ? `${JSON.stringify({ schema: 'holter.probe-scripts/1', scripts: READY_SCRIPTS })}\n`
        : renderScripts(READY_SCRIPTS),
    );
    return 0;
  }
  // Without a target the first word is an argument only of a command.
  const words = command.length > 0 && target !== undefined ? [target, ...args] : args;
  const source = await programText(options, words);
  if (source === undefined) {
    if (!options.list)
      throw new HolterError('E_USAGE', 'no program given', {
        hint: "holter probe <target> -n 'http-server:::request-done { @[route] = quantize(duration); }', or --scripts for ready ones",
      });
    await print(
      options.json
        ? `${JSON.stringify({ schema: 'holter.probe-list/1', probes: CATALOGUE })}\n`
        : renderProbeList(),
    );
    return 0;
  }
  const parsed = parseProgram(source.text, source.name);
  const budget = parsePercent(options.budget);
  const seconds =
    options.duration === undefined
      ? undefined
      : parseDuration(options.duration, '--duration', { min: 0.5, max: 86_400 });
  if (options.list) {
    const { patterns } = compileProgram(parsed, CATALOGUE, words, 0);
    await print(
      renderProbeList(CATALOGUE.filter((one) => patterns.some((pattern) => patternMatches(pattern, one)))),
    );
    return 0;
  }
  if ((target === undefined) === (command.length === 0) && command.length === 0)
    throw new HolterError('E_USAGE', 'no target given', {
      hint: 'holter probe <pid | name | :port> -n …, or holter ps to see what runs',
    });
  // Errors of the program are told before anything is attached to.
  compileProgram(parsed, CATALOGUE, words, 0);

  const signal = abortOnSignals();
  let started: StartedTarget | undefined;
  const progress = startProgress(`holter probe ${target ?? command.join(' ')}`, seconds ?? 0);
  const file = options.out === undefined ? undefined : await openFile(options.out);
  const say = (text: string): void => void process.stderr.write(text);
  const write = (text: string): Promise<void> =>
    file === undefined ? print(text) : new Promise((resolve) => file.write(text, () => resolve()));
  try {
    let visited: VisitTarget;
    if (command.length > 0) {
      progress.step('starting');
      started = await startTarget(command, signal);
      visited = { kind: 'process', pid: started.pid, info: readTargetInfo(started.pid) };
    } else visited = await resolveTarget(target ?? '');
    const pid = visited.kind === 'process' ? visited.pid : 0;
    const compiled = compileProgram(parsed, CATALOGUE, words, pid);
    const state: DrainState = {
      texts: 0,
      keys: 0,
      told: new Set(),
      printed: new Set(),
      costNs: 0,
      fired: 0,
      exit: 0,
      stopped: undefined,
    };
    if (options.json)
      await write(
        `${JSON.stringify({ schema: 'holter.probe/1', target: pid, program: parsed.name, patterns: compiled.patterns })}\n`,
      );
    const result = await probeVisit(visited, compiled, {
      seconds,
      force: options.force === true,
      budget,
      signal,
      onStep: (what) => progress.step(what),
      onReady: ({ probes, missing, waiting }) => {
        // The program's own lines follow: no line of progress between them.
        progress.end();
        if (process.stderr.isTTY && !options.quiet)
          say(
            `holter: ${probes.length} probes are in${waiting === 0 ? '' : `, ${waiting} functions wait for their first call`}; Ctrl-C ends it\n`,
          );
        for (const one of missing)
          say(`holter: ${one} is nowhere in the process: not a loaded module, or no such function\n`);
        if (probes.length === 0 && missing.length === 0 && waiting === 0 && !parsed.clauses.every(isSpecial))
          say('holter: no probe matches yet: holter probe -l lists those there are\n');
      },
      onDrain: (drain) => showDrain(drain, state, options.json === true, write, say),
    });
    await showEnd(result.aggregations, state, options.json === true, write);
    if (result.targetEnded)
      say('holter: the target ended; what its last 200 ms and END clauses would have told is missing\n');
    if (state.stopped !== undefined && state.stopped !== 'the end')
      say(`holter: stopped: ${state.stopped}\n`);
    if (!options.quiet) {
      for (const { what, effect } of result.actions)
        say(`  done to the target: ${what}${effect === undefined ? '' : ` (${effect})`}\n`);
      say(`  ${state.fired} firings, ${(state.costNs / 1e6).toFixed(1)} ms in clauses\n`);
      if (result.left.leftBehind.length > 0)
        say(`  left behind: ${result.left.leftBehind.map(({ what }) => what).join(', ')}\n`);
    }
    return state.exit === 0 ? 0 : 1;
  } finally {
    progress.end();
    await started?.stop();
    if (file !== undefined) await new Promise<void>((resolve) => file.end(resolve));
  }
}

interface DrainState {
  texts: number;
  keys: number;
  told: Set<string>;
  printed: Set<string>;
  costNs: number;
  fired: number;
  exit: number;
  stopped: string | undefined;
}

async function showDrain(
  { engine, notes, states }: ProbeDrain,
  state: DrainState,
  json: boolean,
  write: (text: string) => Promise<void>,
  say: (text: string) => void,
): Promise<void> {
  for (const item of engine.out) {
    if (typeof item !== 'string') for (const { name } of item.aggregations) state.printed.add(name);
    if (json)
      await write(`${JSON.stringify(typeof item === 'string' ? { text: item } : { printa: item })}\n`);
    else await write(typeof item === 'string' ? item : formatAggregations(item.aggregations, item.format));
  }
  const tell = (text: string): void => {
    if (state.told.has(text)) return;
    state.told.add(text);
    say(`holter: ${text}\n`);
  };
  for (const error of engine.errors) tell(error);
  for (const note of notes) tell(note);
  for (const { probe, state: how } of states)
    if (how !== 'waiting' && !how.startsWith('in'))
      tell(`${probe} is not probed: ${how === 'a constant' ? 'it is a constant that nobody exports' : how}`);
  if (engine.drops.texts > state.texts)
    say(`holter: ${engine.drops.texts - state.texts} texts dropped: too many at once\n`);
  if (engine.drops.keys > state.keys)
    say(`holter: ${engine.drops.keys - state.keys} aggregation drops: more than 10000 keys\n`);
  state.texts = Math.max(state.texts, engine.drops.texts);
  state.keys = Math.max(state.keys, engine.drops.keys);
  state.costNs = Math.max(state.costNs, engine.costNs);
  state.fired = Math.max(state.fired, engine.fired);
  if (engine.exited !== undefined) state.exit = engine.exited;
  state.stopped ??= engine.stopped;
}

/** Aggregations the program has not printed itself come at the end, as in DTrace. */
async function showEnd(
  aggregations: readonly AggregationSnapshot[],
  state: DrainState,
  json: boolean,
  write: (text: string) => Promise<void>,
): Promise<void> {
  if (json) {
    await write(
      `${JSON.stringify({ aggregations, fired: state.fired, costNs: Math.round(state.costNs), drops: { texts: state.texts, keys: state.keys } })}\n`,
    );
    return;
  }
  const rest = aggregations.filter(({ name, rows }) => !state.printed.has(name) && rows.length > 0);
  if (rest.length > 0) await write(formatAggregations(rest));
}

function isSpecial({ probes }: { probes: readonly { name: string }[] }): boolean {
  return probes.every(({ name }) => /^(?:BEGIN|END|ERROR|tick-.*|profile-.*)$/.test(name));
}

/** @throws HolterError E_USAGE, E_FILE_NOT_FOUND */
async function programText(
  { program, file, script }: ProbeOptions,
  args: readonly string[],
): Promise<{ text: string; name: string } | undefined> {
  if ([program, file, script].filter((one) => one !== undefined).length > 1)
    throw new HolterError('E_USAGE', 'one program: -n, -s or --script');
  if (program !== undefined) return { text: program, name: '-n' };
  if (file !== undefined)
    try {
      return { text: await readFile(file, 'utf8'), name: file };
    } catch (error) {
      throw new HolterError('E_FILE_NOT_FOUND', `cannot read ${file}`, { cause: error });
    }
  if (script === undefined) return undefined;
  const ready = READY_SCRIPTS.find(({ name }) => name === script);
  if (ready === undefined)
    throw new HolterError('E_USAGE', `there is no script ${script}`, { hint: 'holter probe --scripts' });
  // Macros in a probe description: only there they are text of the program.
  const text = ready.text.replace(/^js:\$1:\$2:/m, () => {
    const [module, fn] = args;
    if (module === undefined || fn === undefined || /[\s:,{};/]/.test(fn) || /[\s:,{};]/.test(module))
      throw new HolterError('E_USAGE', `${script} needs a module and a function`, {
        hint: `holter probe 4711 global JSON.parse --script ${script}`,
      });
    return `js:${module}:${fn}:`;
  });
  return { text, name: script };
}

/** Share from `5%` or `5`. @throws HolterError E_USAGE */
function parsePercent(text: string): number {
  const percent = /^\d+(?:\.\d+)?%?$/.test(text.trim()) ? Number.parseFloat(text) : Number.NaN;
  if (!(percent >= 0.1 && percent <= 100))
    throw new HolterError(
      'E_USAGE',
      `--budget ${JSON.stringify(text)} is not a percentage from 0.1% to 100%`,
    );
  return percent / 100;
}

/** @throws HolterError E_WRITE */
function openFile(path: string): Promise<Writable> {
  return new Promise((resolve, reject) => {
    const stream = createWriteStream(path, { mode: 0o600 });
    stream.once('open', () => resolve(stream));
    stream.once('error', (error) =>
      reject(new HolterError('E_WRITE', `cannot write ${path}: ${error.message}`, { cause: error })),
    );
  });
}

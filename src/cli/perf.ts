import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import {
  addLoadOptions,
  findFamily,
  type LoadOptions,
  needsPort,
  putLoad,
  readLoadWish,
  warmUp,
} from './app-load.ts';
import { collect, isEvidence, OUT_HELP, refuseFolder, shown, sortOutputs } from './cpu.ts';
import { parseCount, parseDuration } from './options.ts';
import { abortOnSignals, type ExitCode } from './outcome.ts';
import { temporaryPath } from './paths.ts';
import { registerKernel } from './perf-kernel.ts';
import { presentProfile } from './present-profile.ts';
import { readProfileInput } from './profile-input.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

interface PerfOptions extends LoadOptions {
  duration: string;
  frequency: string;
  offCpu?: boolean;
  memory: boolean;
  out: string[];
  json?: boolean;
  open?: boolean;
  color: boolean;
}

export function registerPerf(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  const perf = program
    .command('perf')
    .enablePositionalOptions()
    .summary('one flame graph for JavaScript, C++, libc and the kernel')
    .description(
      'Records a process with perf, or reads perf.data, and shows JavaScript, native code and the kernel in one graph. ' +
        'Names of JavaScript come from the perf map of the process, or out of its memory when it writes none.',
    )
    .argument(
      '[target]',
      'pid, name, :port; a perf.data file, text of perf script, a recording folder; or -- node app.js …',
    );
  addLoadOptions(perf)
    .option('-d, --duration <time>', 'how long to record, 100ms to 1h; Ctrl-C ends it early', '10s')
    .option('--warmup <time>', 'with --load: load before it that is not recorded, 0s to 10m', '1s')
    .option('-F, --frequency <hz>', 'samples per second and thread, 1 to 20000', '997')
    .option('--off-cpu', 'also where threads wait, with their stacks (root)')
    .option('--no-memory', "do not read V8's code out of the memory of the process")
    .option('-o, --out <path>', OUT_HELP, collect, [])
    .option('--json', 'print one JSON document, schema holter.cpu/1')
    .option('--open', 'open the page in the browser')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Needs perf (apt-get install linux-perf). As root the kernel's frames are in it; else only those of the process.
A process started with NODE_OPTIONS=--perf-basic-prof has names for all of its JavaScript; -- node app.js does that.

Examples:
  holter perf 4711                             record for 10 s
  holter perf :3000 -d 30s --off-cpu --open
  holter perf -- node app.js
  holter perf kernel 4711                      pool, loop, GC and system calls, timed by the kernel
  holter perf perf.data -o app.svg -o app.pb.gz
  holter cpu diff before after                 compare two recordings`,
    )
    .action(async (target: string | undefined, options: PerfOptions) =>
      setExit(await runPerf(target, rest, options)),
    );
  registerKernel(perf, setExit);
}

async function runPerf(
  target: string | undefined,
  command: readonly string[],
  options: PerfOptions,
): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 0.1, max: 3600 });
  const hz = parseCount(options.frequency, '--frequency', { min: 1, max: 20_000 });
  const { files, folder } = sortOutputs(options.out);
  const isFile = target !== undefined && (await isPerfEvidence(target));
  refuseFolder(isFile, options.out, files);
  const path = isFile ? target : await capturePerf(target, command, options, { seconds, hz, folder });
  const input = await readProfileInput(path, 'cpu');
  await presentProfile(input, {
    verb: 'perf',
    page: isFile ? undefined : join(path, 'perf.html'),
    files,
    ...shown(options),
  });
  return 0;
}

async function isPerfEvidence(target: string): Promise<boolean> {
  return (await isEvidence(target)) || /(?:^|\/)perf\.(?:data|script)$/.test(target);
}

async function capturePerf(
  target: string | undefined,
  command: readonly string[],
  options: PerfOptions,
  { seconds, hz, folder }: { seconds: number; hz: number; folder: string | undefined },
): Promise<string> {
  if ((target === undefined) === (command.length === 0))
    throw new HolterError(
      'E_USAGE',
      target === undefined ? 'no target given' : 'give a target or a command, not both',
      { hint: 'holter perf <pid | name | :port | perf.data>, or holter ps to see what runs' },
    );
  const [{ findPerf }, { perfVisit }, { resolveTarget }, { readTargetInfo }, { createRecording }] =
    await Promise.all([
      import('../linux/perf-tool.ts'),
      import('../visit/perf-visit.ts'),
      import('../target/resolve.ts'),
      import('../target/target-info.ts'),
      import('../recording/write-recording.ts'),
    ]);
  const tool = await findPerf();
  if (hz > tool.mostPerSecond)
    throw new HolterError('E_USAGE', `the kernel allows ${tool.mostPerSecond} samples a second`, {
      hint: 'sysctl kernel.perf_event_max_sample_rate',
    });
  if (options.offCpu === true && !tool.hasTracepoints)
    throw new HolterError('E_PERMISSION', '--off-cpu needs root (tracepoints)', { hint: 'run it with sudo' });
  const wish = readLoadWish(options);
  const signal = abortOnSignals();
  const progress = startProgress(`holter perf ${target ?? command.join(' ')}`, seconds);
  const seen: number[] = [];
  const started =
    target === undefined ? await (await import('../visit/perf-start.ts')).holdCommand(command) : undefined;
  try {
    const found =
      started === undefined
        ? await resolveTarget(target!)
        : ({ kind: 'process', pid: started.pid, info: readTargetInfo(started.pid) } as const);
    if (found.kind === 'inspector')
      throw new HolterError('E_USAGE', `perf records processes of this machine, not ${found.url}`, {
        hint: 'give a pid, a name or a :port; holter cpu takes an inspector address',
      });
    let family: Awaited<ReturnType<typeof findFamily>> | undefined;
    if (wish.load !== undefined) {
      progress.step('waiting for a listening port');
      started?.go();
      family = await findFamily(found, needsPort(wish.load), signal);
      progress.step('warming up');
      await warmUp(wish, family, signal);
    }
    const visited = family?.target.kind === 'process' ? family.target : found;
    const writer = await createRecording(
      folder ?? temporaryPath(`${command.at(-1) ?? visited.info.name}-${visited.pid}-perf`, ''),
    );
    let extra: string | undefined;
    await perfVisit({
      tool,
      pid: visited.pid,
      info: visited.info,
      refreshInfo: started === undefined ? undefined : () => readTargetInfo(visited.pid),
      requestedSeconds: seconds,
      hz,
      offCpu: options.offCpu === true,
      readsMemory: options.memory,
      writer,
      holter: HOLTER_VERSION,
      signal,
      onStep: (what) => progress.step(what),
      onProcesses: (pids) => seen.push(...pids),
      async during(end) {
        if (family !== undefined && wish.load !== undefined) {
          progress.step('under load');
          const { result } = await putLoad(wish, family, { seconds, signal: end });
          if (result !== undefined) extra = JSON.stringify(result);
          return;
        }
        started?.go();
        const over = started === undefined ? new AbortController().signal : abortWhen(started.ended);
        await sleep(seconds * 1000, undefined, { signal: AbortSignal.any([end, over]) }).catch(() => {});
      },
      extraFiles: () =>
        extra === undefined ? [] : [{ file: { name: 'load.json', kind: 'load' }, content: extra }],
    });
    return writer.folder;
  } finally {
    progress.end();
    await started?.stop(seen);
  }
}

function abortWhen(ended: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  void ended.then(() => controller.abort());
  return controller.signal;
}

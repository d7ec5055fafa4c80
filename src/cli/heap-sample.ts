import { join } from 'node:path';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { captureProfile } from './capture-profile.ts';
import { collect, isEvidence, OUT_HELP, refuseFolder, shown, sortOutputs } from './cpu.ts';
import { parseDuration, parseSize } from './options.ts';
import type { ExitCode } from './outcome.ts';
import { presentProfile } from './present-profile.ts';
import { readProfileInput } from './profile-input.ts';

interface SampleOptions {
  duration: string;
  interval: string;
  all?: boolean;
  threads?: boolean;
  out: string[];
  json?: boolean;
  open?: boolean;
  force?: boolean;
  yes?: boolean;
  color: boolean;
}

export function registerHeapSample(
  heap: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  heap
    .command('sample')
    .summary('allocation flame graph by bytes, from V8 sampling')
    .description(
      'Samples allocations of a running process and says which functions and packages made what is still alive, ' +
        'or all that was allocated (--all); with a flame graph by bytes. Also reads .heapprofile files.',
    )
    .argument(
      '[target]',
      'pid, name, :port, inspector URL; a .heapprofile or recording folder; or -- node app.js …',
    )
    .option('-d, --duration <time>', 'how long to sample, 100ms to 1h; Ctrl-C ends it early', '10s')
    .option('--interval <size>', 'one sample per so many bytes on average, 1kB to 100MB', '32kB')
    .option(
      '--all',
      'what was allocated, freed or not (who makes garbage); default: what is still alive (who leaks)',
    )
    .option('--threads', 'worker threads too')
    .option('-o, --out <path>', OUT_HELP, collect, [])
    .option('--json', 'print one JSON document, schema holter.cpu/1 with unit bytes')
    .option('--open', 'open the page in the browser')
    .option(
      '--force',
      'where a signal is unsafe, wake the inspector through process memory (needs ptrace rights)',
    )
    .option(
      '-y, --yes',
      'agree to a pause over half a second: V8 collects garbage before it hands the samples over',
    )
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Sizes are V8's estimates of all bytes behind the samples. Reading them costs one full garbage collection.

Examples:
  holter heap sample 4711 -d 30s
  holter heap sample :3000 --all --open
  holter heap sample app.heapprofile -o app.svg`,
    )
    .action(async (target: string | undefined, options: SampleOptions) =>
      setExit(await runSample(target, rest, options)),
    );
}

async function runSample(
  target: string | undefined,
  command: readonly string[],
  options: SampleOptions,
): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 0.1, max: 3600 });
  const intervalBytes = parseSize(options.interval, '--interval', { min: 1000, max: 100e6 });
  const { files, folder } = sortOutputs(options.out);
  if (files.some((file) => file.endsWith('.cpuprofile')))
    throw new HolterError('E_USAGE', 'an allocation profile cannot be written as .cpuprofile', {
      hint: 'the original .heapprofile lies in the recording; or .pb.gz, .folded, .speedscope.json',
    });
  const isFile = target !== undefined && (await isEvidence(target));
  refuseFolder(isFile, options.out, files);
  const path = isFile
    ? target
    : await captureProfile({
        verb: 'holter heap sample',
        target,
        command,
        seconds,
        intervalUs: 1000,
        workers: options.threads === true,
        children: false,
        force: options.force === true,
        consent: options.yes === true,
        folder,
        allocations: { intervalBytes, keepFreed: options.all === true },
      });
  const input = await readProfileInput(path, 'allocations');
  if (options.all && !isFile && input.manifest?.target.node.startsWith('18.'))
    input.notes.push('Node 18 cannot count what was freed: this is what had not been collected yet.');
  await presentProfile(input, {
    verb: 'heap sample',
    page: isFile ? undefined : join(path, 'heap-sample.html'),
    files,
    ...shown(options),
  });
  return 0;
}

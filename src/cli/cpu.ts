import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { registerDifference } from './cpu-diff.ts';
import { parseDuration } from './options.ts';
import type { ExitCode } from './outcome.ts';
import { outputFormat } from './output-files.ts';
import { presentProfile } from './present-profile.ts';
import { readProfileInput } from './profile-input.ts';

interface CpuOptions {
  duration: string;
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

/** For options that may be given several times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export const OUT_HELP =
  'write here; the name says what: .html .svg .md .json .cpuprofile .folded .pb.gz .speedscope.json, or a folder for the recording; may be repeated';

export function registerCpu(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  const cpu = program
    .command('cpu')
    .enablePositionalOptions()
    .summary('profile the CPU: where the time goes, by function, line and package')
    .description(
      'Profiles a running process, or reads a profile file of any tool, and says where the time goes: ' +
        'functions of your code, their lines, packages; with a page that holds flame graph, time chart, sandwich and source.',
    )
    .argument(
      '[target]',
      'pid, name, :port, inspector host:port or ws:// URL; a profile file or recording folder; or -- node app.js …',
    )
    .option('-d, --duration <time>', 'how long to record, 100ms to 1h; Ctrl-C ends it early', '10s')
    .option('--interval <time>', 'time between samples, 50us to 100ms', '1ms')
    .option('--threads', 'worker threads too')
    .option(
      '--children',
      'child processes and cluster workers too, each with its own profile, and all merged',
    )
    .option('-o, --out <path>', OUT_HELP, collect, [])
    .option('--json', 'print one JSON document, schema holter.cpu/1')
    .option('--open', 'open the page in the browser')
    .option(
      '--force',
      'where a signal is unsafe, wake the inspector through process memory (needs ptrace rights)',
    )
    .option('-y, --yes', 'agree to pauses over half a second (heaps over 512 MB)')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Reads: .cpuprofile (Node, Chrome), Chrome traces, .heapprofile, node --prof-process --preprocess, folded stacks,
perf script, pprof, speedscope JSON; each may be gzipped.

Examples:
  holter cpu 4711                              profile for 10 s
  holter cpu :3000 -d 30s --threads --open
  holter cpu api -d 5s -o cpu.svg -o cpu.md
  holter cpu app.cpuprofile -o app.pb.gz       convert
  holter cpu diff before.cpuprofile after.cpuprofile`,
    )
    .action(async (target: string | undefined, options: CpuOptions) =>
      setExit(await runCpu(target, rest, options)),
    );
  registerDifference(cpu, setExit);
}

async function runCpu(
  target: string | undefined,
  command: readonly string[],
  options: CpuOptions,
): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 0.1, max: 3600 });
  const intervalUs = parseDuration(options.interval, '--interval', { min: 5e-5, max: 0.1 }) * 1e6;
  const { files, folder } = sortOutputs(options.out);
  const isFile = target !== undefined && (await isEvidence(target));
  refuseFolder(isFile, options.out, files);
  const path = isFile
    ? target
    : await (await import('./capture-profile.ts')).captureProfile({
        verb: 'holter cpu',
        target,
        command,
        seconds,
        intervalUs,
        workers: options.threads === true,
        children: options.children === true,
        force: options.force === true,
        consent: options.yes === true,
        folder,
      });
  const input = await readProfileInput(path, isFile ? 'any' : 'cpu');
  await presentProfile(input, {
    verb: 'cpu',
    page: isFile ? undefined : join(path, 'cpu.html'),
    files,
    ...shown(options),
  });
  return 0;
}

/** The options of every command that shows a profile. */
export function shown(options: { json?: boolean; open?: boolean; color: boolean }): {
  json: boolean;
  open: boolean;
  noColor: boolean;
} {
  return { json: options.json === true, open: options.open === true, noColor: !options.color };
}

/** Of a file there is no recording to be kept in a folder, and two folders are one too many. @throws HolterError E_USAGE */
export function refuseFolder(isFile: boolean, paths: readonly string[], files: readonly string[]): void {
  const folders = paths.filter((path) => !files.includes(path));
  if (folders.length > (isFile ? 0 : 1))
    throw new HolterError(
      'E_USAGE',
      `no format is known for the file name ${JSON.stringify(folders.at(-1))}`,
      {
        hint: '.html .svg .md .json .cpuprofile .folded .pb.gz .speedscope.json; one folder for a recording',
      },
    );
}

/** `-o` paths: files of a known format, and at most one folder for the recording. */
export function sortOutputs(paths: readonly string[]): { files: string[]; folder: string | undefined } {
  const files = paths.filter((path) => outputFormat(path) !== undefined);
  return { files, folder: paths.find((path) => outputFormat(path) === undefined) };
}

/**
 * A profile file or a recording, not the name of a process. A bare word is a name before it is a folder, unless the
 * folder is a recording; a script (`server.js`) is what processes are called, never a profile.
 */
export async function isEvidence(target: string): Promise<boolean> {
  if (/^\d+$|^:|^(?:ws|http)s?:/.test(target) || /\.[cm]?[jt]sx?$/.test(target)) return false;
  const entry = await stat(target).catch(() => undefined);
  if (entry === undefined) return /\.(?:(?:cpu|heap)profile|folded|pb\.gz|pprof|json|txt|gz)$/.test(target);
  if (!entry.isDirectory()) return true;
  if (target.includes('/')) return true;
  return (await stat(join(target, 'recording.json')).catch(() => undefined)) !== undefined;
}

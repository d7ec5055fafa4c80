import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { LoadResult } from '../load/load-result.ts';
import type { LoadCommandResult } from '../load/run-load-command.ts';
import {
  addLoadOptions,
  findFamily,
  type LoadOptions,
  needsPort,
  putLoad,
  readLoadWish,
  warmUp,
} from './app-load.ts';
import { captureProfile } from './capture-profile.ts';
import { collect, OUT_HELP, shown, sortOutputs } from './cpu.ts';
import { parseDuration } from './options.ts';
import type { ExitCode } from './outcome.ts';
import { presentProfile } from './present-profile.ts';
import { readProfileInput } from './profile-input.ts';

interface FlameOptions extends LoadOptions {
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

export function registerFlame(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  const flame = program
    .command('flame')
    .summary(
      'start an app, put load on it, profile just that: throughput, latency and flame graph on one page',
    )
    .description(
      'Starts a command (or takes a running process), puts load on it, profiles only the loaded time, ends what it ' +
        'started, and writes one page with throughput, latency percentiles and the flame graph.',
    )
    .argument('[target]', 'a running process: pid, name, :port; or -- node app.js …');
  addLoadOptions(flame)
    .option('-d, --duration <time>', 'how long the load runs and is profiled, 500ms to 1h', '10s')
    .option('--warmup <time>', 'load before it that is not profiled, 0s to 10m', '1s')
    .option('--interval <time>', 'time between samples, 50us to 100ms', '1ms')
    .option('--threads', 'worker threads too')
    .option('--children', 'child processes too; cluster workers always are')
    .option('-o, --out <path>', OUT_HELP, collect, [])
    .option('--json', 'print one JSON document, schema holter.cpu/1 with the load in it')
    .option('--open', 'open the page in the browser')
    .option('--force', 'where a signal is unsafe, wake the inspector through process memory')
    .option('-y, --yes', 'agree to pauses over half a second (heaps over 512 MB)')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
The load comes from autocannon (npm i -g autocannon) unless --load is a command of yours.

Examples:
  holter flame --load /checkout -- node server.js
  holter flame --load /checkout -c 50 --rate 500 -d 30s -o before -- node server.js
  holter flame --load 'wrk -d10 $URL/checkout' -- npm start
  holter flame :3000 --load /checkout -o after
  holter cpu diff before after                 what changed, per request`,
    )
    .action(async (target: string | undefined, options: FlameOptions) =>
      setExit(await runFlame(target, rest, options)),
    );
}

async function runFlame(
  target: string | undefined,
  command: readonly string[],
  options: FlameOptions,
): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 0.5, max: 3600 });
  const intervalUs = parseDuration(options.interval, '--interval', { min: 5e-5, max: 0.1 }) * 1e6;
  const { files, folder } = sortOutputs(options.out);
  const wish = readLoadWish(options);
  const { load } = wish;
  let result: LoadResult | undefined;
  let foreign: LoadCommandResult | undefined;

  const path = await captureProfile({
    verb: 'holter flame',
    target,
    command,
    seconds,
    intervalUs,
    workers: options.threads === true,
    children: options.children === true,
    force: options.force === true,
    consent: options.yes === true,
    folder,
    async prepare({ target: found, signal, progress }) {
      progress.step('waiting for a listening port');
      const family = await findFamily(found, needsPort(load), signal);
      progress.step('warming up');
      await warmUp(wish, family, signal);
      return {
        target: family.target,
        children: options.children || family.isCluster ? family.others : [],
        async during(end) {
          progress.step(load === undefined ? 'profiling' : 'under load');
          if (load === undefined) await sleep(seconds * 1000, undefined, { signal: end }).catch(() => {});
          else ({ result, foreign } = await putLoad(wish, family, { seconds, signal: end }));
        },
        extraFiles: () => {
          return result === undefined
            ? []
            : [{ file: { name: 'load.json', kind: 'load' }, content: JSON.stringify(result) }];
        },
      };
    },
  });
  const input = await readProfileInput(path, 'cpu');
  if (load === undefined) input.notes.push('No load was put on it: --load /path does.');
  if (foreign !== undefined && foreign.exitCode !== 0)
    input.notes.push(`The load command ended with exit code ${foreign.exitCode}.`);
  await presentProfile(input, {
    verb: 'flame',
    page: join(path, 'flame.html'),
    files,
    ...shown(options),
  });
  return 0;
}

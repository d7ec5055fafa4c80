import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { KIND_WORDS } from '../doctor/kind-words.ts';
import { renderWatchJson, renderWatchLine } from '../render/watch-line.ts';
import { parseTarget } from '../target/resolve.ts';
import { checkConfig } from '../watch/check-config.ts';
import type { Named } from '../watch/conditions.ts';
import type { WatchEvent } from '../watch/event.ts';
import { findConfig, loadConfig } from '../watch/load-config.ts';
import type { Rule, WatchConfig } from '../watch/rules.ts';
import { watchRun } from '../watch/watch-run.ts';
import { terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { shorten } from './paths.ts';
import { HOLTER_VERSION } from './version.ts';

interface WatchCliOptions {
  config?: string;
  out?: string;
  check?: boolean;
  json?: boolean;
  once?: boolean;
  color: boolean;
}

/** `holter watch`: waits for trouble, captures it, within limits. */
export function registerWatch(program: Command, setExit: (code: ExitCode) => void): void {
  program
    .command('watch')
    .summary('wait for trouble and capture it: rules, actions, limits')
    .description(
      'Follows Node processes as they come and go, looks at them from outside once a second, and captures what its rules\n' +
        'ask for when one of them holds: a stack, a profile, a heap histogram, a doctor’s visit, a core. Each event becomes a\n' +
        'recording with the minutes of vital signs that led there. Without rules of your own it has five (docs/watch.md).',
    )
    .argument('[targets...]', 'pids, names (* stands for anything) or :ports; default: every Node process')
    .option('-c, --config <file>', 'rules: .ts .mjs .js .json (default: holter.config.* of this folder)')
    .option(
      '-o, --out <folder>',
      'where recordings go (default: holter-watch-UID in the temporary directory)',
    )
    .option('--check', 'check the configuration, say what it does, and watch nothing')
    .option('--once', 'end after the captures of the first event')
    .option('--json', 'print one JSON document a line, schema holter.watch/1')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
It reads /proc and opens no inspector until a rule holds. A loop that seems stuck is confirmed by three looks at its stack,
and a heap by a look at its size: a few milliseconds of standstill each. Nothing leaves this machine, unless a rule has a
webhook.

Examples:
  holter watch
  holter watch api worker-* -o /var/lib/holter
  holter watch :3000 -c holter.config.json --check
  holter watch api --once --json`,
    )
    .action(async (targets: string[], options: WatchCliOptions) => setExit(await runWatch(targets, options)));
}

async function runWatch(targets: readonly string[], options: WatchCliOptions): Promise<ExitCode> {
  const wanted = parseWanted(targets);
  const path = options.config ?? findConfig(process.cwd());
  const config = checkConfig(
    path === undefined ? {} : await loadConfig(path),
    path === undefined ? 'holter watch' : shorten(resolve(path)),
    Object.keys(KIND_WORDS),
  );
  const out = resolve(
    expandHome(options.out ?? config.out ?? join(tmpdir(), `holter-watch-${process.getuid?.() ?? 0}`)),
  );
  if (options.check) {
    await print(
      options.json
        ? `${JSON.stringify({ schema: 'holter.watch-config/1', file: path ?? null, ...config, out })}\n`
        : sayConfig(config, path, out),
    );
    return 0;
  }
  if (process.platform !== 'linux')
    throw new HolterError('E_PLATFORM', 'holter watch needs Linux: it looks at processes through /proc');
  const style = terminalStyle(!options.color);
  const own = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const main = process.argv[1] ?? join(own, 'cli/main.js');
  await watchRun({
    config,
    out,
    holter: [process.execPath, main],
    own: `${own}/`,
    version: HOLTER_VERSION,
    wanted,
    once: options.once === true,
    signal: abortOnSignals(),
    emit: (event) => {
      const whole: WatchEvent = { schema: 'holter.watch/1', at: new Date().toISOString(), ...event };
      // A full disk or a closed pipe behind stdout ends no watch.
      print(options.json ? renderWatchJson(whole) : renderWatchLine(whole, style, shorten)).catch(() => {});
    },
  });
  return 0;
}

/** @throws HolterError E_USAGE */
function parseWanted(targets: readonly string[]): (process: Named) => boolean {
  const tests = targets.map((text): ((process: Named) => boolean) => {
    const spec = parseTarget(text);
    if (spec.kind === 'inspector')
      throw new HolterError('E_USAGE', `${text}: processes of other machines cannot be watched`, {
        hint: 'give a pid, a name or :port of this machine',
      });
    if (spec.kind === 'pid') return ({ pid }) => pid === spec.pid;
    if (spec.kind === 'port') return ({ ports }) => ports.includes(spec.port);
    const source = spec.name.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${source.join('.*')}$`);
    return ({ names }) => names.some((name) => pattern.test(name));
  });
  return (process) => tests.length === 0 || tests.some((test) => test(process));
}

function expandHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

function sayConfig(config: WatchConfig, path: string | undefined, out: string): string {
  const { limits, rules, everyMs, keepMs } = config;
  const lines = [
    `${path === undefined ? 'no configuration: the rules of holter' : shorten(resolve(path))}: ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}, no mistakes`,
    ...rules.map(
      (rule) =>
        `  ${rule.name.padEnd(16)} ${sayTrigger(rule)} → ${rule.actions.map(({ do: what }) => what).join(', ')}`,
    ),
    `a look every ${everyMs / 1000} s, ${keepMs / 1000} s of vital signs kept, at most ${limits.perHour} captures an hour and ${Math.round(limits.diskBytes / 1e6)} MB in ${shorten(out)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function sayTrigger({ trigger }: Rule): string {
  const seconds = (ms: number): string => `${ms / 1000} s`;
  switch (trigger.kind) {
    case 'vital':
      return `${trigger.vital} over ${trigger.vital === 'rss' ? `${Math.round(trigger.over / 1e6)} MB` : trigger.over} for ${seconds(trigger.forMs)}`;
    case 'growth':
      return `RSS rises by ${Math.round(trigger.over / 1e6)} MB in ${seconds(trigger.forMs)}`;
    case 'blocked':
      return `the event loop does not turn for ${seconds(trigger.forMs)}`;
    case 'heap':
      return `the heap is over ${trigger.over} % of its limit`;
    case 'exit':
      return `it ends${trigger.codes.length + trigger.signals.length === 0 ? '' : ` with ${[...trigger.codes, ...trigger.signals].join(', ')}`}`;
    case 'core':
      return `a new core${trigger.folders.length === 0 ? '' : ` in ${trigger.folders.join(', ')}`}`;
    case 'finding':
      return `a doctor’s visit every ${seconds(trigger.everyMs)} finds ${trigger.kinds.length === 0 ? 'anything' : trigger.kinds.join(', ')}`;
    case 'agent':
      return `holter/agent tells ${trigger.events.length === 0 ? 'anything' : trigger.events.join(', ')}`;
  }
}

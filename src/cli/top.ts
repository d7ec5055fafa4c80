import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { TOP_ORDERS, type TopOrder } from '../render/top-model.ts';
import { resolveTarget } from '../target/resolve.ts';
import type { VisitTarget } from '../visit/visit.ts';
import { parseChoice, parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { type StreamOptions, streamPage, streamTable } from './top-stream.ts';
import { PageSubject, TableSubject } from './top-subject.ts';

interface TopOptions {
  interval: string;
  sort: string;
  once?: boolean;
  json?: boolean;
  outside?: boolean;
  color: boolean;
}

/** `holter top`: the vital signs live. */
export function registerTop(program: Command, setExit: (code: ExitCode) => void): void {
  program
    .command('top')
    .summary('the vital signs live: all Node processes, or one')
    .description(
      'Shows all Node processes of the machine, a row each, or the vital signs of one process with its findings as they are\n' +
        'judged; drawn anew every second. Keys: ? tells them, q leaves.',
    )
    .argument(
      '[target...]',
      'one: its page; several: a table of them; none: a table of all. pid, name, :port, inspector host:port or ws:// URL',
    )
    .option('--interval <time>', 'time between two pictures, 500ms to 1m', '1s')
    .option('--sort <order>', TOP_ORDERS.join(', '), 'cpu')
    .option('--once', 'print one picture and leave')
    .option('--outside', 'only what /proc tells: never attach to a process')
    .option('--json', 'one JSON document per picture and line, schema holter.top/1')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
The table reads /proc only. The page of one process looks from inside too: it opens the inspector on 127.0.0.1 for about
100 ms, as doctor does, and leaves nothing behind. Where output is no terminal, one picture is printed.

Examples:
  holter top
  holter top :3000
  holter top api worker --sort rss
  holter top 4711 --outside
  holter top --json --interval 10s >> node.jsonl`,
    )
    .action(async (targets: string[], options: TopOptions) => setExit(await runTop(targets, options)));
}

async function runTop(targets: readonly string[], options: TopOptions): Promise<ExitCode> {
  const intervalMs = 1000 * parseDuration(options.interval, '--interval', { min: 0.5, max: 60 });
  const order: TopOrder = parseChoice(options.sort, '--sort', TOP_ORDERS);
  const found: VisitTarget[] = [];
  for (const target of targets) found.push(await resolveTarget(target));
  const pids = found.map((target) => {
    if (target.kind === 'process') return target.pid;
    if (found.length === 1) return 0;
    throw new HolterError('E_USAGE', `${target.url} cannot be in a table of processes`, {
      hint: `holter top ${target.url}`,
    });
  });
  if (process.platform !== 'linux' && found[0]?.kind !== 'inspector')
    throw new HolterError(
      'E_PLATFORM',
      `cannot look for processes on ${process.platform}: needs Linux' /proc`,
      {
        hint: 'name an inspector instead: holter top 127.0.0.1:9229 (start the app with node --inspect)',
      },
    );
  if (options.outside === true && found[0]?.kind === 'inspector')
    throw new HolterError('E_USAGE', 'an inspector has no outside: leave --outside out, or name the pid');

  const isTerminal = process.stdout.isTTY === true;
  const isDrawn = isTerminal && process.env.TERM !== 'dumb' && options.json !== true && options.once !== true;
  const noColor = !options.color;
  const [single] = found.length === 1 ? found : [];
  if (isDrawn) {
    const { TopSession } = await import('./top-session.ts');
    const session = new TopSession({
      intervalMs,
      order,
      noColor,
      isOutside: options.outside === true,
      ...(found.length > 1 ? { only: pids } : {}),
    });
    return session.run(single);
  }
  const stream: StreamOptions = {
    intervalMs,
    order,
    json: options.json === true,
    once: options.once === true || (!isTerminal && options.json !== true),
    style: terminalStyle(noColor),
    signal: abortOnSignals(),
  };
  if (single === undefined) {
    const subject = new TableSubject(found.length > 1 ? pids : undefined);
    await streamTable(subject, stream);
    subject.close();
    return 0;
  }
  const subject = new PageSubject(single);
  try {
    if (options.outside !== true) await subject.visit.enter();
    else await subject.visit.leave('--outside');
    await streamPage(subject, stream);
  } finally {
    await subject.visit.close();
  }
  if (!stream.json) await print(`${leaveLine(subject)}\n`);
  return 0;
}

/** What was done to the target, in one line: design.md §5. */
export function leaveLine({ visit, name, word }: PageSubject): string {
  const { attached, inspectorOpenMs, leftBehind, unverified } = visit.acts;
  const who = `${name} (${word})`;
  if (attached === 0) return `${who}: looked at from outside only`;
  const open = inspectorOpenMs > 0 ? `, inspector open ${Math.round(inspectorOpenMs)} ms on 127.0.0.1` : '';
  const times = attached === 1 ? 'attached once' : `attached ${attached} times`;
  if (leftBehind.length > 0)
    return `${who}: ${times}${open}; left behind: ${leftBehind.map(({ what, command }) => `${what} (${command})`).join(', ')}`;
  return `${who}: ${times}${open}, ${unverified && visit.endedAtMs === undefined ? 'could not be checked after leaving' : 'nothing left behind'}`;
}

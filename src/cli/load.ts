import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { formatDuration, formatNumber } from '../base/quantity.ts';
import { judgeLoad, readFailCondition } from '../load/fail-condition.ts';
import { readLoadUrl } from '../load/load-url.ts';
import { runLoad } from '../load/run-load.ts';
import { renderLoadJson } from '../render/load-json.ts';
import { renderLoad } from '../render/load-terminal.ts';
import { parseCount, parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { startProgress } from './progress.ts';

interface LoadCommandOptions {
  connections: string;
  duration?: string;
  requests?: string;
  rate?: string;
  method?: string;
  header?: string[];
  body?: string;
  timeout: string;
  failOn?: string[];
  out?: string;
  json?: boolean;
  color: boolean;
}

const collect = (value: string, earlier: string[] = []): string[] => [...earlier, value];

/** `holter load <url>`: throughput and latency of a server under load. */
export function registerLoad(program: Command, setExit: (code: ExitCode) => void): void {
  program
    .command('load')
    .summary('put load on a server: throughput, latency percentiles, histogram')
    .description(
      'Sends HTTP requests through autocannon (npm i -g autocannon) and shows throughput and latency. With --rate ' +
        'the requests are due at even intervals and latencies count from there, so a stall also counts for the requests ' +
        'it kept from being sent.',
    )
    .argument('<url>', 'http://host:port/path; short: :3000/path, localhost:3000')
    .option('-c, --connections <number>', 'requests in flight at most, 1 to 10000', '10')
    .option('-d, --duration <time>', 'how long, 1s to 24h (default: 10s, without --requests)')
    .option('-n, --requests <number>', 'end after this many requests')
    .option(
      '-r, --rate <number>',
      'requests per second over all connections; without it as many as get answered',
    )
    .option('-m, --method <name>', 'HTTP method (default: GET, with a body POST)')
    .option('-H, --header <line>', "header 'name: value'; may be repeated", collect)
    .option('-b, --body <text>', 'body of every request; @file reads it from a file')
    .option('--timeout <time>', 'give up on an answer after this time, 1s to 1h', '10s')
    .option(
      '--fail-on <condition>',
      "exit 4 when it holds, for example 'p99>200ms', 'rps<500', 'errors>1%'; may be repeated",
      collect,
    )
    .option('-o, --out <file>', 'also write the result to this file, as JSON')
    .option('--json', 'print one JSON document, schema holter.load/1')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Ctrl-C stops early and shows what was measured until then.

Examples:
  holter load :3000/checkout
  holter load http://localhost:3000/ -c 50 -d 30s --rate 500
  holter load :3000/orders -m POST -H 'content-type: application/json' -b @order.json
  holter load :3000/ -r 200 --json --fail-on 'p99>200ms' --fail-on 'errors>1%'`,
    )
    .action(async (url: string, options: LoadCommandOptions) => setExit(await load(url, options)));
}

async function load(target: string, options: LoadCommandOptions): Promise<ExitCode> {
  const url = readLoadUrl(target);
  const duration = options.duration ?? (options.requests === undefined ? '10s' : undefined);
  const seconds =
    duration === undefined ? undefined : parseDuration(duration, '--duration', { min: 1, max: 24 * 3600 });
  const timeoutSeconds = parseDuration(options.timeout, '--timeout', { min: 1, max: 3600 });
  const connections = parseCount(options.connections, '--connections', { min: 1, max: 10_000 });
  const requests =
    options.requests === undefined
      ? undefined
      : parseCount(options.requests, '--requests', { min: 1, max: 1e9 });
  const rate =
    options.rate === undefined ? undefined : parseCount(options.rate, '--rate', { min: 1, max: 1e6 });
  const conditions = (options.failOn ?? []).map(readFailCondition);
  const headers = readHeaders(options.header ?? []);
  const method = options.method?.toUpperCase();
  if (method !== undefined && !/^[A-Z-]+$/.test(method))
    throw new HolterError('E_USAGE', `--method ${JSON.stringify(options.method)} is no HTTP method`);
  const body = options.body === undefined ? undefined : await readBody(options.body);

  const progress = startProgress('holter load', seconds);
  const result = await runLoad({
    url,
    connections,
    seconds,
    requests,
    rate,
    method,
    headers,
    body,
    timeoutSeconds,
    signal: abortOnSignals(),
    onSecond: ({ requests: answers, p99, errors }) => {
      const failed = errors === 0 ? '' : `  ${formatNumber(errors)} failed`;
      progress.step(`${formatNumber(answers)}/s  p99 ${formatDuration(p99)}${failed}`);
    },
  }).finally(() => progress.end());

  const json = renderLoadJson(result);
  if (options.out !== undefined) await writeResult(options.out, json);
  await print(options.json ? json : renderLoad(result, terminalStyle(!options.color)));
  const broken = conditions.flatMap((condition) => {
    const what = judgeLoad(result, condition);
    return what === undefined ? [] : [`holter load: ${what}  (--fail-on ${condition.text})\n`];
  });
  process.stderr.write(broken.join(''));
  return broken.length > 0 ? 4 : 0;
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n]*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined)
        throw new HolterError('E_USAGE', `--header ${JSON.stringify(line)} is not 'name: value'`, {
          hint: "for example -H 'content-type: application/json'",
        });
      return [name, value];
    }),
  );
}

async function readBody(text: string): Promise<string | Buffer> {
  if (!text.startsWith('@')) return text;
  try {
    return await readFile(text.slice(1));
  } catch (cause) {
    throw new HolterError(
      'E_FILE_NOT_FOUND',
      `cannot read the body from ${text.slice(1)}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

async function writeResult(path: string, json: string): Promise<void> {
  try {
    await writeFile(path, json, { mode: 0o600 });
  } catch (cause) {
    throw new HolterError('E_WRITE', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

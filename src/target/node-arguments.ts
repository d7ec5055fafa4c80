import { basename, dirname } from 'node:path';

/** A Node command line taken apart. */
export interface NodeArguments {
  /** Options before the script, with those of NODE_OPTIONS in front. */
  options: string[];
  /** The script as typed, `[eval]`, `-` for standard input, or '' for the prompt. */
  script: string;
  /** What follows the script. */
  scriptArguments: string[];
}

/** Options whose value is the next argument; node --help, 18–26. Those not listed take `=` or no value. */
const TAKES_VALUE = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--title',
  '--env-file',
  '--inspect-port',
  '--debug-port',
  '--icu-data-dir',
  '--openssl-config',
  '--tls-cipher-list',
  '--test-name-pattern',
  '--test-reporter',
  '--test-reporter-destination',
  '--watch-path',
  '--stack-trace-limit',
  '--unhandled-rejections',
  '--dns-result-order',
  '--diagnostic-dir',
  '--report-directory',
  '--report-dir',
  '--report-filename',
  '--report-signal',
  '--redirect-warnings',
  '--disable-warning',
  '--trace-event-categories',
  '--trace-event-file-pattern',
  '--cpu-prof-dir',
  '--cpu-prof-name',
  '--cpu-prof-interval',
  '--heap-prof-dir',
  '--heap-prof-name',
  '--heap-prof-interval',
  '--heapsnapshot-signal',
  '--heapsnapshot-near-heap-limit',
  '--max-http-header-size',
  '--input-type',
  '--snapshot-blob',
  '--build-snapshot-config',
  '--experimental-default-type',
  '--localstorage-file',
  '--secure-heap',
  '--secure-heap-min',
]);
const EVALUATES = /^(-e|--eval|-p|--print|-pe)$/;

/** Takes argv apart; `args[0]` is the program. Tolerates unknown options: whatever starts with `-` is one. */
export function parseNodeArguments(args: readonly string[], nodeOptions = ''): NodeArguments {
  const options = nodeOptions.split(/\s+/).filter(Boolean);
  for (let index = 1; index < args.length; index++) {
    const argument = args[index]!;
    if (EVALUATES.test(argument)) {
      return { options, script: '[eval]', scriptArguments: args.slice(index + 2) };
    }
    if (argument === '--')
      return { options, script: args[index + 1] ?? '', scriptArguments: args.slice(index + 2) };
    if (!argument.startsWith('-') || argument === '-') {
      // `node --test` and `node inspect` run files too; the first name is what people know it by.
      return { options, script: argument, scriptArguments: args.slice(index + 1) };
    }
    options.push(argument);
    if (TAKES_VALUE.has(argument) && index + 1 < args.length) options.push(args[++index]!);
  }
  return { options, script: '', scriptArguments: [] };
}

/** Value of an option given as `--name=value` or `--name value`; the last wins, '' when given without a value. */
export function optionValue(options: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const [index, option] of options.entries()) {
    if (option.startsWith(`${name}=`)) value = option.slice(name.length + 1);
    else if (option === name) value = TAKES_VALUE.has(name) ? (options[index + 1] ?? '') : '';
  }
  return value;
}

/** Was `--inspect`, `--inspect-brk` or `--inspect-wait` given? */
export function asksForInspector(options: readonly string[]): boolean {
  return options.some((option) => /^--inspect(-brk|-wait)?(=|$)/.test(option));
}

/** The port an inspector of this process opens on: 9229 unless told otherwise; 0 = any free one. */
export function inspectorPort(options: readonly string[]): number {
  let port = 9229;
  for (const name of ['--inspect-port', '--debug-port', '--inspect', '--inspect-brk', '--inspect-wait']) {
    const value = optionValue(options, name);
    const match = /(?:^|:)(\d{1,5})$/.exec(value ?? '');
    if (match !== null) port = Number(match[1]);
  }
  return port;
}

/** A script as people call it: its file name; `orders/index.js` where the file name alone says nothing; `npm run start`. */
export function scriptName(script: string, scriptArguments: readonly string[]): string {
  const file = basename(script);
  const manager = /^(npm|npx|yarn|pnpm|corepack)(?:-cli)?\.[cm]?js$/.exec(file);
  if (manager !== null)
    return [manager[1]!, ...scriptArguments.filter((word) => !word.startsWith('-')).slice(0, 2)].join(' ');
  const folder = basename(dirname(script));
  return /^index\.[cm]?[jt]sx?$/.test(file) && folder !== '.' && folder !== '' ? `${folder}/${file}` : file;
}

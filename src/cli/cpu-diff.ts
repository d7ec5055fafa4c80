import type { Command } from 'commander';
import type { ExitCode } from './outcome.ts';

export interface DiffOptions {
  by?: string;
  requests?: string;
  failOn?: string;
  out: string[];
  json?: boolean;
  open?: boolean;
  color: boolean;
}

export function registerDifference(cpu: Command, setExit: (code: ExitCode) => void): void {
  cpu
    .command('diff')
    .summary('compare two profiles: what got slower, what faster')
    .description(
      'Compares two profiles or recordings, the base first: functions that got slower and faster, with a red and blue ' +
        'flame graph. Recordings of holter flame are compared per request, others by share of the busy time.',
    )
    .argument('<before>', 'the base: profile file or recording folder')
    .argument('<after>', 'what is compared with it')
    .option(
      '--by <what>',
      'total (share of busy time), requests (weight per request) or nothing (as recorded); default: requests where both recordings hold a load, else total',
    )
    .option('--requests <before:after>', 'requests served in each, for --by requests: 9120:11840')
    .option(
      '--fail-on <change>',
      "exit 4 on a rise over this, e.g. '+5%': by requests, weight per request; by total, the share of any function in points",
    )
    .option(
      '-o, --out <file>',
      'write here: .html .md .json; may be repeated',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--json', 'print one JSON document, schema holter.cpu-diff/1')
    .option('--open', 'open the page in the browser')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
Examples:
  holter cpu diff before.cpuprofile after.cpuprofile --open
  holter cpu diff main/ branch/ --by requests --fail-on '+5%'
  holter cpu diff v1.pb.gz v2.pb.gz --requests 1000:1200 -o change.md`,
    )
    .action(async (before: string, after: string, options: DiffOptions) =>
      setExit(await (await import('./compare-profiles.ts')).runDiff(before, after, options)),
    );
}

import type { Command } from 'commander';
import { renderPs } from '../render/ps.ts';
import { listNodeProcesses } from '../target/list.ts';
import type { NodeProcess } from '../target/node-process.ts';
import { terminalStyle } from './options.ts';
import { print } from './outcome.ts';

interface PsOptions {
  json?: boolean;
  color: boolean;
}

/** `holter ps`: which Node processes run here. Reads /proc only. */
export function registerPs(program: Command): void {
  program
    .command('ps')
    .summary('list the Node.js processes of this machine')
    .description(
      'Lists every Node.js process: pid, version, CPU (of one core, over 0.2 s), memory, uptime, threads, port, name,\n' +
        'container. Reads /proc only: nothing is asked of the processes.',
    )
    .option('--json', 'print one JSON document, schema holter.ps/1')
    .option('--no-color', 'no colours')
    .addHelpText('after', '\nExamples:\n  holter ps\n  sudo holter ps\n  holter ps --json')
    .action(async (options: PsOptions) => {
      // holter is a Node process too, but nobody asks for it.
      const rows = (await listNodeProcesses()).filter(({ pid }) => pid !== process.pid);
      await print(options.json ? psJson(rows) : renderPs(rows, terminalStyle(!options.color)));
    });
}

/** Fields as in NodeProcess; numbers rounded to what was measured. */
function psJson(rows: readonly NodeProcess[]): string {
  const processes = rows.map(({ names: _names, ...row }) => ({
    ...row,
    cpuPercent: row.cpuPercent === null ? null : Math.round(row.cpuPercent * 10) / 10,
    uptimeSeconds: Math.round(row.uptimeSeconds * 100) / 100,
  }));
  return `${JSON.stringify({ schema: 'holter.ps/1', processes }, null, 2)}\n`;
}

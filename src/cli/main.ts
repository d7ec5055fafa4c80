#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { type ExitCode, exitCodeOf, renderError } from './outcome.ts';
import { HOLTER_VERSION } from './version.ts';

// A reader that goes away (`holter ps | head`) must not become an uncaught error.
// Any other (a full disk behind stdout) is told by whoever printed.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const words = process.argv.slice(2);
const dashes = words.indexOf('--');
const rest = dashes === -1 ? [] : words.slice(dashes + 1);
const own = dashes === -1 ? words : words.slice(0, dashes);

let exit: ExitCode = 0;
const program = new Command('holter')
  .description('Production diagnostics for Node.js: what is wrong with a process, and in which line.')
  .version(HOLTER_VERSION)
  .option('--debug', 'on errors show the whole chain of causes')
  .showSuggestionAfterError()
  .exitOverride()
  // An option belongs to the command before it: `cpu diff -o x` is diff's, not cpu's.
  .enablePositionalOptions()
  .addHelpText(
    'after',
    '\nExamples:\n  holter ps\n  holter doctor 4711\n  holter doctor :3000 -d 30s --open\n  holter cpu 4711\n  holter flame --load / -- node server.js',
  );
const setExit = (code: ExitCode): void => {
  exit = code;
};
/** Only what the command line asks for is loaded: starting up is a good part of what a short command costs. */
const COMMANDS: Record<string, () => Promise<void>> = {
  doctor: async () => (await import('./doctor.ts')).registerDoctor(program, rest, setExit),
  stack: async () => (await import('./stack.ts')).registerStack(program, setExit),
  core: async () => (await import('./core.ts')).registerCore(program, setExit),
  async: async () => (await import('./async.ts')).registerAsync(program, rest, setExit),
  cpu: async () => (await import('./cpu.ts')).registerCpu(program, rest, setExit),
  flame: async () => (await import('./flame.ts')).registerFlame(program, rest, setExit),
  perf: async () => (await import('./perf.ts')).registerPerf(program, rest, setExit),
  heap: async () => (await import('./heap.ts')).registerHeap(program, rest, setExit),
  load: async () => (await import('./load.ts')).registerLoad(program, setExit),
  watch: async () => (await import('./watch.ts')).registerWatch(program, setExit),
  top: async () => (await import('./top.ts')).registerTop(program, setExit),
  probe: async () => (await import('./probe.ts')).registerProbe(program, rest, setExit),
  ps: async () => (await import('./ps.ts')).registerPs(program),
  open: async () => (await import('./open.ts')).registerOpen(program),
};
const asked = own.find((word) => !word.startsWith('-')) ?? '';
const single = Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
if (single !== undefined) await single();
else for (const register of Object.values(COMMANDS)) await register();
const prepare = (command: Command): void => {
  command.exitOverride().option('--debug', 'on errors show the whole chain of causes');
  for (const child of command.commands) prepare(child);
};
for (const command of program.commands) prepare(command);

try {
  if (own.length === 0 && rest.length === 0) program.outputHelp();
  else await program.parseAsync(own, { from: 'user' });
} catch (error) {
  // commander has already printed what it had to say; its own errors are the user's words.
  if (error instanceof CommanderError) exit = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(renderError(error, own.includes('--debug')));
    exit = exitCodeOf(error);
  }
}
// Not process.exit: what is still on its way to a pipe must arrive.
process.exitCode = exit;

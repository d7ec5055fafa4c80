import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { startProgress } from './progress.ts';

interface KernelOptions {
  duration: string;
  json?: boolean;
  printBpftrace?: boolean;
  color: boolean;
}

/** `holter perf kernel`: what the kernel's tracer sees of a process. */
export function registerKernel(perf: Command, setExit: (code: ExitCode) => void): void {
  perf
    .command('kernel')
    .summary("libuv's pool, loop, collections and system calls, timed by the kernel (root)")
    .description(
      "Times libuv's pool (queue and run), the event loop (waiting and busy), V8's collections, system calls and time off the CPU " +
        "with the kernel's own tracer: nothing is installed, nothing is put into the process. For root.",
    )
    .argument('<target>', 'pid, name, :port')
    .option('-d, --duration <time>', 'how long to watch, 100ms to 10m; Ctrl-C ends it early', '10s')
    .option('--json', 'print one JSON document, schema holter.kernel/1')
    .option('--print-bpftrace', 'print the same as a script for bpftrace, and touch nothing')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
The probes are in a private instance of tracefs and removed on every way out. While they are there, every process that
runs the same binary stops for about a microsecond at each of them.

Examples:
  holter perf kernel 4711
  holter perf kernel :3000 -d 30s --json
  holter perf kernel 4711 --print-bpftrace > holter.bt`,
    )
    .action(async (target: string, options: KernelOptions) => setExit(await runKernel(target, options)));
}

async function runKernel(target: string, options: KernelOptions): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 0.1, max: 600 });
  const { resolveTarget } = await import('../target/resolve.ts');
  const found = await resolveTarget(target);
  if (found.kind === 'inspector')
    throw new HolterError('E_USAGE', `the kernel knows processes of this machine, not ${found.url}`, {
      hint: 'give a pid, a name or a :port',
    });
  const { pid, info } = found;
  if (options.printBpftrace === true) return printScript(pid);
  const { kernelVisit } = await import('../visit/kernel-visit.ts');
  const signal = abortOnSignals();
  const progress = startProgress(`holter perf kernel ${pid}`, seconds);
  const report = await kernelVisit({ pid, seconds, signal, onStep: (what) => progress.step(what) }).finally(
    () => progress.end(),
  );
  const { mounted, ...rest } = report;
  const acts = [
    'probes of the kernel set and removed',
    ...(mounted ? ['tracefs mounted and unmounted'] : []),
    'the process was not stopped',
  ];
  const next = [`holter perf ${pid} --off-cpu`, `holter async ${pid}`];
  if (options.json === true) {
    const { renderJsonDocument } = await import('../render/json-document.ts');
    await print(renderJsonDocument({ schema: 'holter.kernel/1', target: info, ...rest, acts, next }));
  } else {
    const { renderKernel } = await import('../render/kernel-text.ts');
    const document = { name: info.name, pid, node: info.node, report: rest, acts, next };
    await print(renderKernel(document, terminalStyle(!options.color)));
  }
  return 0;
}

async function printScript(pid: number): Promise<ExitCode> {
  const [{ findKernelProbes }, { bpftraceScript }] = await Promise.all([
    import('../visit/kernel-probes.ts'),
    import('../perf/bpftrace-script.ts'),
  ]);
  const { file, probes } = findKernelProbes(pid);
  const address = (name: string): number | undefined =>
    probes.find(({ probe }) => probe.name === name && probe.kind === 'entry')?.address;
  await print(bpftraceScript(pid, { file, address }));
  return 0;
}

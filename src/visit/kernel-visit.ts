import { setTimeout as sleep } from 'node:timers/promises';
import type { Seconds } from '../base/units.ts';
import { systemCallName } from '../linux/system-calls.ts';
import { listThreads } from '../linux/threads.ts';
import { openTraceInstance } from '../linux/tracefs.ts';
import { TraceLines } from '../perf/kernel-events.ts';
import { type KernelReport, KernelTally } from '../perf/kernel-report.ts';
import { findKernelProbes } from './kernel-probes.ts';

export interface KernelVisitOptions {
  pid: number;
  seconds: Seconds;
  signal: AbortSignal;
  onStep?: (what: string) => void;
}

const READ_MS = 20;

/**
 * Watches a process through the kernel's tracer: nothing is put into it but breakpoints of the kernel's own in the code
 * of its binary (uprobes), for as long as this takes.
 * @throws HolterError of openTraceInstance and findKernelProbes
 */
export async function kernelVisit(options: KernelVisitOptions): Promise<KernelReport & { mounted: boolean }> {
  const { pid, seconds, signal, onStep } = options;
  const { probes, missing } = findKernelProbes(pid);
  onStep?.('setting up probes');
  const instance = openTraceInstance(
    listThreads(pid),
    probes.map(({ probe }) => probe),
  );
  const lines = new TraceLines();
  const tally = new KernelTally(pid, systemCallName);
  const begun = performance.now();
  try {
    for (const { name, why } of instance.refused) {
      const part = probes.find(({ probe }) => probe.name === name)?.part ?? name;
      if (!missing.some((each) => each.part === part)) missing.push({ part, why });
    }
    onStep?.('watching');
    while (performance.now() - begun < seconds * 1000 && !signal.aborted && listThreads(pid).length > 0) {
      lines.push(instance.read(), (event) => tally.add(event));
      await sleep(READ_MS, undefined, { signal }).catch(() => {});
    }
    const ended = performance.now();
    instance.pause();
    for (let text = instance.read(); text !== ''; text = instance.read())
      lines.push(text, (event) => tally.add(event));
    const lost = Math.max(instance.lost(), lines.lost);
    return {
      ...tally.report({ seconds: (ended - begun) / 1000, lost, missing }),
      mounted: instance.mounted,
    };
  } finally {
    onStep?.('removing probes');
    await instance.close();
  }
}

import { formatDuration, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import {
  STARVED_STEAL_PERCENT,
  STARVED_THROTTLED_PERCENT,
  STARVED_WAIT_PERCENT,
  starvation,
} from '../machine-facts.ts';
import { nextCommands } from '../next-commands.ts';
import type { Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/**
 * The main thread wants to run and does not get a CPU: the machine, not the code.
 *
 *     CPU    ▃▃▃▃▃▃▃▃▃▃
 *     wait   ▅▅▅▅▅▅▅▅▅▅     run-queue wait: more than half of the time it stands in line
 *
 * Statistic: run-queue wait of the main thread (schedstat) in 1 s means, cgroup throttling, steal. Threshold: median of
 * the wait ≥ 50 % with the first quartile ≥ 35 %, or throttled ≥ 20 % of the time, or steal ≥ 20 %, while the thread
 * uses or waits for at least half a core; or, for a process with little to do, two thirds of the time it is ready to run
 * pass in the queue, with ≥ 4 % wait in three of four seconds. Where the loop was seen, it must be ≥ 8 ms late (p95), and the process's own other threads must not be
 * what it competes with (< 30 % of a core). Reason: on a fair scheduler with two cores, one busy neighbour per core costs
 * a third of the time, which a load generator beside the server does every day; half of it means three or more
 * competitors for every core, all the time.
 */
export const cpuStarved: Rule = {
  kind: 'cpu-starved',
  needs: ['outside'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const { machine } = facts;
    const cause = starvation(machine);
    if (cause === undefined) return [];
    const crawls = cause === 'wait' && machine.waitMedian < STARVED_WAIT_PERCENT;
    const lines = [
      evidenceLine('run-queue wait', machine.waitMedian, '%', crawls ? null : STARVED_WAIT_PERCENT),
      ...(crawls ? [evidenceLine('wait of its runnable time', (1 - machine.runShare) * 100, '%', 67)] : []),
    ];
    if (Number.isFinite(machine.throttledMedian)) {
      lines.push(
        evidenceLine('throttled by the cgroup', machine.throttledMedian, '%', STARVED_THROTTLED_PERCENT),
      );
    }
    if (Number.isFinite(machine.stealMedian)) {
      lines.push(evidenceLine('steal', machine.stealMedian, '%', STARVED_STEAL_PERCENT));
    }
    lines.push(evidenceLine('main thread CPU median', machine.cpuMedian, '%', null));
    if (Number.isFinite(machine.machineMedian)) {
      lines.push(evidenceLine('CPU of the whole machine', machine.machineMedian, '%', null));
    }
    const { cores } = evidence.manifest.target;
    const titles = {
      wait: crawls
        ? `The machine is short of CPU: for each ms of work the main thread waits ${formatDuration(1 / machine.runShare - 1)}`
        : `The machine is short of CPU: ${formatPercent(machine.waitMedian)} run-queue wait`,
      throttled: `The container is throttled ${formatPercent(machine.throttledMedian)} of the time: its CPU limit is ${cores} cores`,
      steal: `The virtual machine is short of CPU: ${formatPercent(machine.stealMedian)} steal`,
    };
    const excess = {
      wait: crawls ? 0 : machine.waitMedian - STARVED_WAIT_PERCENT,
      throttled: machine.throttledMedian - STARVED_THROTTLED_PERCENT,
      steal: machine.stealMedian - STARVED_STEAL_PERCENT,
    }[cause];
    return [
      {
        kind: 'cpu-starved',
        problem: 'slow-throughput',
        severity: excess > 15 ? 'critical' : 'warning',
        confidence: confidenceOf(crawls ? 0.75 : 0.82 + Math.min(0.15, excess / 150)),
        title: titles[cause],
        evidence: lines.filter((line) => Number.isFinite(line.value)),
        where: [],
        advice: adviceFor('cpu-starved', cause),
        next: nextCommands(evidence, 'outside'),
        alsoExplains: ['gateway-timeout'],
      },
    ];
  },
};

import { CATEGORIES, type CallTree } from '../../cpu/call-tree.ts';
import type { WakersFile } from '../../metrics/wakers-file.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { confidenceOf, evidenceLine } from '../finding.ts';
import { nativeStackLines } from '../native-lines.ts';
import type { EvidenceLine, Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

const LIMIT_CPU_PERCENT = 60;
/** What it has to get of that on a machine that is short of CPU. */
const LEAST_CPU_PERCENT = 25;
const LIMIT_BUSY_PERCENT = 15;
/** Below this a profile is too short to say that nothing ran. */
const LEAST_PROFILE_US = 1e6;

/**
 * The main thread uses a core, and V8 says that it waits for events all the time: libuv polls, is answered at once, and
 * finds nothing to do.
 *
 *     CPU by the kernel   ▇▇▇▇▇▇▇▇▇▇      CPU profile   (idle) ▇▇▇▇▇▇▇▇▇▇   all else ▁▁▁▁▁▁▁▁▁▁
 *
 * Statistic: CPU of the main thread by the kernel's count with what it waits for a CPU, and the share of the profile that is
 * not `(idle)`. Threshold: ≥ 60 %, 25 % of it on a CPU, with ≤ 15 % of busy samples. Reason: V8 counts the poll as idle (node calls SetIdle around it); what the kernel
 * does in it for a server at its limit is some percent of a core, not half of one.
 */
export const nativeBusyLoop: Rule = {
  kind: 'native-busy-loop',
  needs: ['outside', 'profile'],
  judge({ main, manifest, native, wakers = [] }: Evidence, { machine, stuck }: Facts): Finding[] {
    if (main === undefined || stuck || !(machine.demandMedian >= LIMIT_CPU_PERCENT)) return [];
    if (!(machine.cpuMedian >= LEAST_CPU_PERCENT)) return [];
    const busy = busyPercent(main);
    if (!(busy <= LIMIT_BUSY_PERCENT)) return [];
    const { pid } = manifest.target;
    const [first] = wakers;
    return [
      {
        kind: 'native-busy-loop',
        problem: 'cpu-high-serving',
        severity: 'critical',
        confidence: confidenceOf(
          wakers.length > 0 ? 0.97 : machine.demandMedian >= 80 && busy <= 5 ? 0.9 : 0.8,
        ),
        title:
          first === undefined
            ? 'The event loop spins in native code: it is woken without rest, and no JavaScript runs'
            : `The event loop spins in native code: descriptor ${first.fd}, which is closed, wakes it without rest`,
        evidence: [
          evidenceLine('main thread CPU and queue', machine.demandMedian, '%', LIMIT_CPU_PERCENT),
          evidenceLine('busy by the CPU profile', busy, '%', null),
          ...wakers.slice(0, 5).map(describeWaker),
          ...nativeStackLines(native),
        ],
        where: [],
        advice: adviceFor('native-busy-loop', first === undefined ? '' : 'closed', {}),
        next: [`holter stack ${pid} --repeat 3`, `holter perf ${pid}`],
      },
    ];
  },
};

function describeWaker({ fd, holder }: WakersFile['watches'][number]): EvidenceLine {
  const where =
    holder === undefined ? '' : `: process ${holder.pid} has it open (its descriptor ${holder.fd})`;
  return {
    signal: 'descriptor that wakes it',
    value: fd,
    unit: 'text',
    limit: null,
    sense: 'above',
    text: `Descriptor ${fd} is closed, but epoll watches it${where}.`,
  };
}

/** Percent of the profile that is not idle; NaN when it is too short. */
function busyPercent(tree: CallTree): number {
  let all = 0;
  let idle = 0;
  for (let node = 0; node < tree.length; node++) {
    all += tree.self[node]!;
    if (CATEGORIES[tree.frames.category[tree.frame[node]!]!] === 'idle') idle += tree.self[node]!;
  }
  return all < LEAST_PROFILE_US ? Number.NaN : (100 * (all - idle)) / all;
}

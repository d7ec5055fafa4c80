import { HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { Session } from '../cdp/session.ts';

/** What the process says of itself in the first answer. */
export interface InsideFacts {
  pid: number;
  node: string;
  v8: string;
  arch: string;
  platform: string;
  title: string;
  cwd: string;
  argv: string[];
  heapLimitBytes: Bytes;
  heapUsedBytes: Bytes;
  uptimeSeconds: number;
}

/**
 * Asks the target who it is, and waits until Node's bootstrap is over: an evaluate can run inside it
 * (research/live-attach.md §1.9).
 * @param pid the process we mean; undefined when only a URL is known
 * @throws HolterError E_INSPECTOR_REFUSED when another process answers
 */
export async function describeInside(session: Session, pid: number | undefined): Promise<InsideFacts> {
  const expression = `(() => {
    const builtin = process.getBuiltinModule ? (n) => process.getBuiltinModule(n) : typeof require === 'function' ? require : undefined;
    if (!builtin || !process.report || !process.hrtime) return null;
    return { pid: process.pid, node: process.versions.node, v8: process.versions.v8, arch: process.arch,
      platform: process.platform, title: process.title, cwd: process.cwd(), argv: process.argv,
      heapLimitBytes: builtin('v8').getHeapStatistics().heap_size_limit, heapUsedBytes: process.memoryUsage().heapUsed, uptimeSeconds: process.uptime() };
  })()`;
  for (let tries = 0; ; tries++) {
    const facts = await evaluate<InsideFacts | null>(session, expression, { timeoutMs: 5000 });
    if (facts === null && tries < 50) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    if (facts === null)
      throw new HolterError('E_INSPECTOR_REFUSED', 'the process does not finish its bootstrap', {
        hint: 'try again in a moment',
      });
    if (
      pid !== undefined &&
      facts.pid !== pid &&
      facts.platform === 'linux' &&
      !(await isInnerPid(pid, facts.pid))
    )
      throw new HolterError(
        'E_INSPECTOR_REFUSED',
        `the inspector answered for process ${facts.pid}, not ${pid}`,
        {
          hint: 'another process holds the port; nothing was changed',
        },
      );
    return facts;
  }
}

/** In a container the process knows itself by its inner pid: NSpid of /proc/PID/status lists all of them. */
async function isInnerPid(pid: number, inner: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const pids = /^NSpid:\s*(.+)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  return pids.map(Number).includes(inner);
}

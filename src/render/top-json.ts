import type { ProcessRow } from '../metrics/process-row.ts';
import type { TopPage, TopTable } from './top-model.ts';

/** One line of `holter top --json` without a target: schema holter.top/1, docs/formats/top-json.md. Unknown numbers are null. */
export function renderTopTableJson(table: TopTable, at: string): string {
  return line({
    schema: 'holter.top/1',
    at,
    machine: { cpuPercent: rounded(table.machine.cpuPercent), cores: table.machine.cores },
    processes: table.rows.map(processJson),
  });
}

/** The same of one process. */
export function renderTopPageJson(page: TopPage, at: string): string {
  return line({
    schema: 'holter.top/1',
    at,
    process: { pid: page.pid, name: page.name, node: page.node, uptimeSeconds: rounded(page.uptimeSeconds) },
    access: page.access,
    vitals: page.vitals.map(({ group, label, unit, now, of, limit }) => ({
      group,
      label,
      unit,
      now: rounded(now),
      ...(of === undefined ? {} : { of: rounded(of) }),
      limit: limit ?? null,
    })),
    blockedMs: rounded(page.blockedMs),
    findings: page.findings.map(({ severity, kind, title, where, forSeconds, isPast }) => ({
      severity,
      kind,
      title,
      where,
      forSeconds: rounded(forSeconds),
      isPast,
    })),
    ended: page.ended === '' ? null : page.ended,
  });
}

function processJson(row: ProcessRow): object {
  return {
    pid: row.pid,
    name: row.name,
    node: row.node,
    cpuPercent: rounded(row.cpuPercent),
    mainPercent: rounded(row.mainPercent),
    waitPercent: rounded(row.waitPercent),
    rssBytes: rounded(row.rssBytes),
    rssBytesPerMinute: rounded(row.rssPerMinute),
    threads: rounded(row.threads),
    uptimeSeconds: rounded(row.uptimeSeconds),
    ports: row.ports,
    state: row.state,
    isEnded: row.endedMs !== undefined,
    problem: row.problem,
  };
}

function rounded(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  return Math.abs(value) >= 1000 ? Math.round(value) : Math.round(value * 10) / 10;
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

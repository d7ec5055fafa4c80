import { readNamespace } from '../linux/namespaces.ts';
import { listPids, PROC, readLinkIfAny } from '../linux/proc-file.ts';
import type { ProcessRow } from '../metrics/process-row.ts';
import { ProcessMeter } from '../metrics/record-process-meter.ts';
import { theilSen } from '../metrics/statistics.ts';
import {
  describeProcess,
  type ListingContext,
  type NodeProcess,
  newListingContext,
  readNodeProcess,
} from '../target/node-process.ts';
import { monotonicMs } from './clock.ts';

/** Looks remembered for sparkline and slope. */
const HISTORY = 60;
/** Fewer looks say nothing about a slope. */
const LEAST_FOR_SLOPE = 10;
/** The slope is reckoned anew after so many looks; all pairs of 30 points. */
const SLOPE_EVERY = 5;
const SLOPE_POINTS = 30;
/** An ended process stays on the list so long. */
const KEEP_ENDED_MS = 5000;
/** A process sets its title and opens its ports when it has started: it is asked for its name and ports once more. */
const ASK_AGAIN_MS = 5000;
/** Known strangers looked at again in one look: a wrapper may become a Node process at any time (exec). */
const RECHECKED = 500;

interface Followed {
  facts: NodeProcess;
  meter: ProcessMeter;
  since: number;
  asked: number;
  looks: number;
  cpu: number[];
  rss: number[];
  at: number[];
  rssPerMinute: number;
  last: Omit<ProcessRow, 'endedMs'>;
  endedAt?: number;
}

/**
 * All Node processes of this machine, or some, look by look. Reads /proc only; nothing is asked of the processes. New ones
 * come by themselves, ended ones stay for 5 s with `endedMs`. Never throws for a process that ends under its eyes.
 */
export class ProcessWatch {
  readonly #only: ReadonlySet<number> | undefined;
  /** What runs under each other pid, by its program: one that changed is looked at again. */
  readonly #strangers = new Map<number, string>();
  readonly #followed = new Map<number, Followed>();
  #ended: Followed[] = [];
  #recheckFrom = 0;
  /** Of one look: the listening sockets of a machine are a long list. */
  #context: ListingContext = newListingContext();

  /** @param only these pids and no others */
  constructor(only?: Iterable<number>) {
    this.#only = only === undefined ? undefined : new Set(only);
  }

  /** Every process as it is now, by pid; ended ones among them. holter itself and what it started are left out. */
  look(): ProcessRow[] {
    const now = monotonicMs();
    this.#context = newListingContext();
    this.#discover(now);
    for (const [pid, followed] of this.#followed) this.#read(pid, followed, now);
    this.#ended = this.#ended.filter(({ endedAt }) => now - (endedAt ?? 0) <= KEEP_ENDED_MS);
    const rows: ProcessRow[] = [...this.#followed.values()].map(({ last }) => last);
    for (const { last, endedAt } of this.#ended) rows.push({ ...last, endedMs: now - (endedAt ?? now) });
    return rows.sort((a, b) => a.pid - b.pid);
  }

  /** Are all of the processes it was made for gone? Never true when it follows all of the machine. */
  get isOver(): boolean {
    return this.#only !== undefined && this.#followed.size === 0;
  }

  close(): void {
    for (const { meter } of this.#followed.values()) meter.close();
    this.#followed.clear();
  }

  #discover(now: number): void {
    const pids = this.#only === undefined ? listPids() : [...this.#only];
    const context = this.#context;
    let index = 0;
    for (const pid of pids) {
      if (this.#followed.has(pid) || pid === process.pid) continue;
      const known = this.#strangers.get(pid);
      index++;
      if (known !== undefined && (index - this.#recheckFrom + pids.length) % pids.length >= RECHECKED)
        continue;
      const program = readLinkIfAny(`${PROC}/${pid}/exe`) ?? '';
      if (known === program) continue;
      this.#strangers.set(pid, program);
      const identity = describeProcess(pid);
      if (identity?.kind !== 'node' || identity.stat.ppid === process.pid) continue;
      const facts = readNodeProcess(identity, readNamespace(pid, 'net') ?? `of ${pid}`, context);
      if (facts !== undefined) this.#follow(facts, now);
    }
    this.#recheckFrom = pids.length <= RECHECKED ? 0 : (this.#recheckFrom + RECHECKED) % pids.length;
    if (this.#strangers.size > pids.length * 1.2) {
      const alive = new Set(pids);
      for (const pid of this.#strangers.keys()) if (!alive.has(pid)) this.#strangers.delete(pid);
    }
  }

  #follow(facts: NodeProcess, now: number): void {
    this.#strangers.delete(facts.pid);
    const { pid, name, node, ports, uptimeSeconds, problem } = facts;
    this.#followed.set(pid, {
      facts,
      meter: new ProcessMeter(pid),
      since: now,
      asked: now,
      looks: 0,
      cpu: [],
      rss: [],
      at: [],
      rssPerMinute: Number.NaN,
      last: {
        pid,
        name,
        node,
        ports,
        uptimeSeconds,
        problem,
        cpuPercent: Number.NaN,
        mainPercent: Number.NaN,
        waitPercent: Number.NaN,
        rssBytes: facts.rssBytes ?? Number.NaN,
        threads: facts.threads ?? Number.NaN,
        state: '?',
        rssPerMinute: Number.NaN,
        history: [],
      },
    });
  }

  #read(pid: number, followed: Followed, now: number): void {
    const reading = followed.meter.read(now);
    if (reading === undefined) {
      followed.meter.close();
      this.#followed.delete(pid);
      this.#ended.push({ ...followed, endedAt: now });
      return;
    }
    if (followed.asked === followed.since && now - followed.since >= ASK_AGAIN_MS) this.#ask(followed, now);
    keep(followed.cpu, reading.cpuPercent);
    keep(followed.rss, reading.rssBytes);
    keep(followed.at, now);
    followed.looks++;
    if (followed.looks >= LEAST_FOR_SLOPE && followed.looks % SLOPE_EVERY === 0)
      followed.rssPerMinute = slopeOf(followed.at, followed.rss);
    const { name, node, ports, uptimeSeconds, problem } = followed.facts;
    followed.last = {
      pid,
      name,
      node,
      ports,
      problem,
      uptimeSeconds: uptimeSeconds + (now - followed.asked) / 1000,
      ...reading,
      rssPerMinute: followed.rssPerMinute,
      history: [...followed.cpu],
    };
  }

  #ask(followed: Followed, now: number): void {
    followed.asked = now;
    const { pid } = followed.facts;
    const identity = describeProcess(pid);
    const facts =
      identity && readNodeProcess(identity, readNamespace(pid, 'net') ?? `of ${pid}`, this.#context);
    if (facts !== undefined) followed.facts = facts;
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > HISTORY) values.shift();
}

/** Bytes per minute; 0 when the interval of confidence holds 0. */
function slopeOf(at: readonly number[], rss: readonly number[]): number {
  const step = Math.max(1, Math.floor(rss.length / SLOPE_POINTS));
  const kept = rss.map((_, index) => index).filter((index) => (rss.length - 1 - index) % step === 0);
  const { slopePerMinute, lower, upper } = theilSen(
    kept.map((index) => at[index]!),
    kept.map((index) => rss[index]!),
  );
  return lower > 0 || upper < 0 ? slopePerMinute : 0;
}

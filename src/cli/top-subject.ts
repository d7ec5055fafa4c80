import { cpus } from 'node:os';
import type { TargetInfo } from '../base/target-info.ts';
import { KeptFile } from '../linux/kept-file.ts';
import { type MachineCpu, parseMachineCpu } from '../linux/machine.ts';
import { buildTopVitals } from '../render/build-top-vitals.ts';
import type { TopOrder, TopPage, TopTable } from '../render/top-model.ts';
import { LiveVisit } from '../visit/live-visit.ts';
import { inspectorTargetInfo, type VisitTarget } from '../visit/visit.ts';
import { ProcessWatch } from '../visit/watch-processes.ts';
import { TopFindings } from './top-findings.ts';
import { TopHottest } from './top-hottest.ts';

/** What all looks at the machine's processes make: the table's model, look by look. */
export class TableSubject {
  readonly #watch: ProcessWatch;
  readonly #stat = new KeptFile('/proc/stat', 512);
  readonly #cores: number = cpus().length;
  #before: MachineCpu | undefined;
  #rows: TopTable['rows'] = [];
  #cpuPercent = Number.NaN;

  constructor(only?: Iterable<number>) {
    this.#watch = new ProcessWatch(only);
  }

  get rows(): TopTable['rows'] {
    return this.#rows;
  }

  get isOver(): boolean {
    return this.#watch.isOver;
  }

  look(): void {
    this.#rows = this.#watch.look();
    const cpu = parseMachineCpu(this.#stat.read() ?? '');
    const ticks = (cpu?.totalTicks ?? 0) - (this.#before?.totalTicks ?? 0);
    if (cpu !== undefined && this.#before !== undefined && ticks > 0)
      this.#cpuPercent = (100 * (cpu.busyTicks - this.#before.busyTicks)) / ticks;
    this.#before = cpu;
  }

  picture(view: { order: TopOrder; selected?: number | undefined; isPaused?: boolean }): TopTable {
    return {
      clock: clockText(),
      rows: this.#rows,
      order: view.order,
      selected: view.selected,
      machine: { cpuPercent: this.#cpuPercent, cores: this.#cores },
      isPaused: view.isPaused ?? false,
    };
  }

  close(): void {
    this.#watch.close();
    this.#stat.close();
  }
}

const JUDGE_EVERY_MS = 10_000;

/** One process that is looked at: its visit, what was found, and the page's model. */
export class PageSubject {
  readonly visit: LiveVisit;
  readonly findings: TopFindings;
  readonly hottest: TopHottest;
  doing = '';
  #info: TargetInfo;
  #judgeAt = JUDGE_EVERY_MS;
  #isJudging = false;
  #endedAt = '';
  #endedAfter = 0;

  constructor(target: VisitTarget) {
    this.visit = new LiveVisit(target);
    this.#info = target.kind === 'process' ? target.info : inspectorTargetInfo(target.url, undefined);
    this.hottest = new TopHottest(this.visit, this.#info);
    this.findings = new TopFindings(this.visit, this.#info, this.hottest);
  }

  get name(): string {
    return this.#info.name;
  }

  /** As people name it on a command line. */
  get word(): string {
    const { target } = this.visit;
    return target.kind === 'process' ? String(target.pid) : target.url;
  }

  get isEnded(): boolean {
    return this.visit.endedAtMs !== undefined;
  }

  /** Profiles and judges when it is time to; called once a second. */
  look(): void {
    if (!this.isEnded && this.doing === '' && this.hottest.isDue) void this.hottest.take();
    if (this.isEnded || this.#isJudging || this.visit.clock.now() < this.#judgeAt) return;
    this.#judgeAt = this.visit.clock.now() + JUDGE_EVERY_MS;
    this.#isJudging = true;
    void this.findings.judge().finally(() => {
      this.#isJudging = false;
    });
  }

  /** @param seconds what the sparklines show */
  picture(seconds: number, isPaused = false): TopPage {
    const { visit } = this;
    const ended = visit.endedAtMs;
    if (ended !== undefined && this.#endedAt === '') {
      this.#endedAt = clockText();
      this.#endedAfter = ended;
    }
    // The last picture is that of just before: at the moment of the end there is nothing to be seen any more.
    const at = ended === undefined ? visit.clock.now() : Math.max(0, this.#endedAfter - 300);
    const started = Date.parse(this.#info.startedAt);
    const uptime = (Date.parse(visit.clock.startedAt) + at - started) / 1000;
    return {
      clock: clockText(),
      name: this.#info.name,
      pid: this.#info.pid,
      node: this.#info.node || visit.node,
      uptimeSeconds: uptime,
      vitals: buildTopVitals(
        visit.live,
        at + 1,
        seconds,
        {
          ...(visit.heapLimitBytes === undefined ? {} : { heapLimitBytes: visit.heapLimitBytes }),
          ...(this.#info.memoryLimitBytes === undefined
            ? {}
            : { memoryLimitBytes: this.#info.memoryLimitBytes }),
        },
        visit.poolThreads,
      ),
      access: this.#accessText(),
      hottest: this.hottest.words,
      findings: this.findings.list(),
      isJudged: this.findings.isJudged,
      blockedMs: ended === undefined ? visit.blockedMs : Number.NaN,
      ended: ended === undefined ? '' : `ended at ${this.#endedAt}`,
      doing: this.doing,
      isPaused,
    };
  }

  #accessText(): string {
    const { inside } = this.visit;
    switch (inside.kind) {
      case 'inside':
        return `from outside and inside${inside.openMs > 0 ? `; the inspector was open for ${Math.round(inside.openMs)} ms` : ''}`;
      case 'attaching':
        return 'from outside; attaching';
      case 'lost':
        return `from outside only: ${inside.why} (i: look inside again)`;
      case 'none':
        return `from outside only: ${inside.why}`;
    }
  }
}

function clockText(): string {
  return new Date().toTimeString().slice(0, 8);
}

import type { TargetInfo } from '../base/target-info.ts';
import type { Milliseconds } from '../base/units.ts';
import { readCpuProfile } from '../cpu/cpuprofile.ts';
import { uninline } from '../cpu/uninline.ts';
import type { Evidence } from '../doctor/evidence.ts';
import { judgeGrowth } from '../doctor/growth-sign.ts';
import { judge } from '../doctor/judge.ts';
import { placeFrame } from '../doctor/read-evidence.ts';
import type { Severity } from '../doctor/report.ts';
import { closedWatches } from '../linux/epoll-watches.ts';
import type { TopFinding } from '../render/top-model.ts';
import type { LiveVisit } from '../visit/live-visit.ts';
import type { TopHottest } from './top-hottest.ts';
import { TopSources } from './top-sources.ts';
import { HOLTER_VERSION } from './version.ts';

const WINDOW_MS: Milliseconds = 30_000;
const LEAST_WINDOW_MS: Milliseconds = 8000;
const GROWTH_WINDOW_MS: Milliseconds = 300_000;
/** What was found once is shown so long after it was last found. */
const KEEP_MS: Milliseconds = 300_000;

interface Known {
  severity: Severity;
  kind: string;
  title: string;
  where: string;
  since: Milliseconds;
  seen: Milliseconds;
}

/**
 * Judges a live visit again and again by doctor's rules: what is proven by vital signs, the stacks of a late loop, libuv's pool
 * and a profile of a second. Rules that need more of the target (async operations, errors, leaks) are left to doctor.
 * Remembers what was found.
 */
export class TopFindings {
  readonly #visit: LiveVisit;
  readonly #info: TargetInfo;
  readonly #hottest: TopHottest;
  readonly #known = new Map<string, Known>();
  readonly #sources: TopSources = new TopSources();
  #judgedAt: Milliseconds | undefined;

  constructor(visit: LiveVisit, info: TargetInfo, hottest: TopHottest) {
    this.#visit = visit;
    this.#info = info;
    this.#hottest = hottest;
  }

  get isJudged(): boolean {
    return this.#judgedAt !== undefined;
  }

  /** Judges the last 30 s, and for growth the last 5 min. Does nothing while there is too little to judge. */
  async judge(): Promise<void> {
    const now = this.#visit.clock.now();
    if (now < LEAST_WINDOW_MS || this.#visit.endedAtMs !== undefined) return;
    const evidence = await this.#evidence(WINDOW_MS);
    for (const finding of judge(evidence).findings) {
      if (finding.suspended === true) continue;
      const place = finding.where[0];
      this.#note(now, `${finding.kind} ${place?.function ?? ''} ${place?.file ?? ''}`, {
        severity: finding.severity,
        kind: finding.kind,
        title: finding.title,
        where: place === undefined || place.line === 0 ? '' : `${place.file}:${place.line}`,
      });
    }
    const uptime = (Date.now() - Date.parse(this.#info.startedAt)) / 1000;
    const growth = judgeGrowth(this.#visit.evidence(GROWTH_WINDOW_MS).vitals, uptime);
    if (growth !== undefined)
      this.#note(now, 'memory-growth', { ...growth, kind: 'memory-growth', where: '' });
    this.#judgedAt = now;
    for (const [key, { seen }] of this.#known) if (now - seen > KEEP_MS) this.#known.delete(key);
  }

  /** Newest first; those that the last judging did not find any more come last. */
  list(): TopFinding[] {
    const now = this.#visit.clock.now();
    return [...this.#known.values()]
      .map(({ since, seen, ...finding }) => ({
        ...finding,
        forSeconds: (now - since) / 1000,
        isPast: seen < (this.#judgedAt ?? 0),
      }))
      .sort((a, b) => Number(a.isPast) - Number(b.isPast) || a.forSeconds - b.forSeconds);
  }

  #note(now: Milliseconds, key: string, finding: Omit<Known, 'since' | 'seen'>): void {
    const known = this.#known.get(key);
    // Found again after a pause is a new finding: it began anew.
    const since = known === undefined || known.seen < (this.#judgedAt ?? now) ? now : known.since;
    this.#known.set(key, { ...finding, since, seen: now });
  }

  #pid(): number | undefined {
    return this.#visit.target.kind === 'process' ? this.#visit.target.pid : undefined;
  }

  #cwd(): string {
    return this.#info.cwd || this.#visit.cwd;
  }

  #roots(): string[] {
    return this.#cwd() === '' ? [] : [this.#cwd()];
  }

  async #evidence(windowMs: Milliseconds): Promise<Evidence> {
    const visit = this.#visit;
    const { vitals, blockStacks, stuck, startedAt, startedMonotonicUs, isInside } = visit.evidence(windowMs);
    const roots = this.#roots();
    const pid = this.#pid();
    const profile = this.#hottest.profileSince(startedMonotonicUs / 1000 - visit.clock.startMs);
    const { maps, book } = await this.#sources.of({ profile, blockStacks, stuck }, pid, roots);
    const main =
      profile === undefined
        ? undefined
        : uninline(readCpuProfile(profile, { maps, roots, startedMonotonicUs }), book);
    const pool = visit.takePool();
    // Only a profile tells that nothing ran while the thread was busy.
    const wakers = main === undefined || pid === undefined ? [] : closedWatches(pid);
    const place = (frames: Parameters<typeof placeFrame>[0][]): ReturnType<typeof placeFrame>[] =>
      frames.map((frame) => placeFrame(frame, maps, roots));
    return {
      manifest: {
        schema: 'holter.recording/1',
        holter: HOLTER_VERSION,
        target: {
          ...this.#info,
          ...(visit.heapLimitBytes === undefined ? {} : { heapLimitBytes: visit.heapLimitBytes }),
        },
        window: {
          startedAt,
          startedMonotonicUs,
          seconds: vitals.seconds,
          requestedSeconds: vitals.seconds,
          end: { kind: 'complete' },
        },
        access: isInside ? 'inspector' : 'outside',
        files: [],
        actions: [],
        inspectorOpenMs: 0,
        left: { verified: true, leftBehind: [] },
      },
      vitals,
      main,
      workers: [],
      allocation: undefined,
      allocationAll: undefined,
      blockStacks: blockStacks.map((stack) => ({ ...stack, frames: place(stack.frames) })),
      stuck:
        stuck === undefined
          ? undefined
          : {
              since: stuck.since,
              ms: stuck.ms,
              probes: stuck.probes,
              frames: place(stuck.frames),
              ...(stuck.native === undefined ? {} : { native: stuck.native }),
            },
      external: [],
      sources: book,
      ...(pool === undefined ? {} : { pool }),
      ...(wakers.length === 0 ? {} : { wakers }),
    };
  }
}

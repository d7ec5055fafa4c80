import type { TargetInfo } from '../base/target-info.ts';
import type { Milliseconds } from '../base/units.ts';
import { readCpuProfile } from '../cpu/cpuprofile.ts';
import { uninline } from '../cpu/uninline.ts';
import { chargeWork, heaviestFunctions } from '../doctor/charged-work.ts';
import type { Evidence } from '../doctor/evidence.ts';
import { displayPath } from '../doctor/finding.ts';
import { judgeGrowth } from '../doctor/growth-sign.ts';
import { judge } from '../doctor/judge.ts';
import { placeFrame } from '../doctor/read-evidence.ts';
import type { Severity } from '../doctor/report.ts';
import type { TopFinding } from '../render/top-model.ts';
import { openSources, type SourcesFile } from '../source-map/collect-sources.ts';
import { gatherSources } from '../visit/gather-sources.ts';
import type { LiveVisit } from '../visit/live-visit.ts';
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
 * Judges a live visit again and again by doctor's rules, as far as they need no profile: what is proven by vital signs and by the
 * stacks of a late loop. Remembers what was found.
 */
export class TopFindings {
  readonly #visit: LiveVisit;
  readonly #info: TargetInfo;
  readonly #known = new Map<string, Known>();
  #sources: SourcesFile | undefined;
  #scripts = '';
  #judgedAt: Milliseconds | undefined;

  constructor(visit: LiveVisit, info: TargetInfo) {
    this.#visit = visit;
    this.#info = info;
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

  /** The hottest function of a profile of one second, in words; undefined: no profile could be had. */
  async hottest(): Promise<string | undefined> {
    const json = await this.#visit.profile(1000);
    if (json === undefined) return undefined;
    const roots = this.#roots();
    const sources = await gatherSources(
      { profiles: [{ thread: 'main', json, fromMs: 0, toMs: 1000 }] },
      this.#pid(),
      roots,
    );
    const { maps, book } = openSources(sources, { roots });
    const tree = uninline(readCpuProfile(json, { maps, roots }), book);
    const work = chargeWork(tree, true);
    const span = tree.total[0] ?? 0;
    const share = (weight: number): string => `${Math.round((100 * weight) / Math.max(1, span))} %`;
    const busy = `main thread busy ${share(work.busy)}`;
    const [frame] = heaviestFunctions(work, 1);
    if (frame === undefined || work.own[frame]! < 0.01 * span) {
      const gc = work.gc > work.busy / 2 ? ', mostly garbage collection' : '';
      return work.busy < 0.02 * span ? 'idle' : `${busy}${gc}; none of it in your functions`;
    }
    const { name, file, line } = tree.frames;
    const place = `${displayPath(file[frame]!, this.#cwd())}:${line[frame]}`;
    const called = name[frame] === '' ? '(anonymous)' : name[frame]!;
    return `${called}  ${place}  ${share(work.own[frame]!)} of the time  (${busy}${gcPart(work.gc, span, share)})`;
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
    const { vitals, blockStacks, stuck, startedAt, isInside } = visit.evidence(windowMs);
    const roots = this.#roots();
    const scripts = [
      ...new Set(
        [...blockStacks, ...(stuck === undefined ? [] : [stuck])].flatMap(({ frames }) =>
          frames.map(({ url }) => url),
        ),
      ),
    ]
      .sort()
      .join('\n');
    // Source files are read when a script appears that was not in a stack before.
    if (this.#sources === undefined || scripts !== this.#scripts) {
      this.#sources = await gatherSources(
        { blockStacks, ...(stuck === undefined ? {} : { stuck }) },
        this.#pid(),
        roots,
      );
      this.#scripts = scripts;
    }
    const { maps, book } = openSources(this.#sources, { roots });
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
          startedMonotonicUs: 0,
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
      main: undefined,
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
    };
  }
}

function gcPart(gc: number, span: number, share: (weight: number) => string): string {
  return gc >= 0.05 * span ? `, GC ${share(gc)}` : '';
}

import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { Milliseconds } from '../base/units.ts';
import type { CallTree } from '../cpu/call-tree.ts';
import { readCpuProfile } from '../cpu/cpuprofile.ts';
import { uninline } from '../cpu/uninline.ts';
import { chargeWork, heaviestFunctions } from '../doctor/charged-work.ts';
import { displayPath } from '../doctor/finding.ts';
import type { LiveVisit } from '../visit/live-visit.ts';
import { TopSources } from './top-sources.ts';

/** Long enough for doctor's rules to take it for a profile (1 s). */
const PROFILE_MS: Milliseconds = 1200;
const EVERY_MS: Milliseconds = 15_000;
/** Below this nobody asks what the thread does. % of one core over the last seconds */
const WORTH_PERCENT = 20;
const WORTH_OVER_S = 5;
/** Starting the profiler stops the thread: seldom enough that it stands for no more than this share of the time. */
const STANDING_SHARE = 0.002;
/** What was hot so long ago is not what is hot now, unless nobody looked since. */
const STALE_MS: Milliseconds = 30_000;
const WAITED_MS: Milliseconds = 5000;
/** From then on it is said how long ago. */
const OLD_MS: Milliseconds = 20_000;

/** Where the main thread's time goes, by short CPU profiles: while it is busy every 15 s, and when asked for. */
export class TopHottest {
  readonly #visit: LiveVisit;
  readonly #info: TargetInfo;
  readonly #sources: TopSources = new TopSources();
  #nextAt: Milliseconds = 0;
  #takenAt: Milliseconds = Number.NEGATIVE_INFINITY;
  #words = '';
  #json = '';

  constructor(visit: LiveVisit, info: TargetInfo) {
    this.#visit = visit;
    this.#info = info;
  }

  /** The hottest function in words; '' none is known of late. */
  get words(): string {
    const now = this.#visit.clock.now();
    if (now > Math.max(this.#takenAt + STALE_MS, this.#nextAt + WAITED_MS)) return '';
    const seconds = Math.round((now - this.#takenAt) / 1000);
    return now - this.#takenAt < OLD_MS ? this.#words : `${this.#words}  ${seconds} s ago`;
  }

  /**
   * JSON text of the last profile; undefined: none was begun since `sinceMs` of the visit's clock. Of another machine the
   * clocks differ, and it is none.
   */
  profileSince(sinceMs: Milliseconds): string | undefined {
    const isRecent = this.#takenAt - PROFILE_MS >= sinceMs;
    return isRecent && this.#visit.target.kind === 'process' ? this.#json : undefined;
  }

  /** Time for a profile, and a thread worth it? */
  get isDue(): boolean {
    const visit = this.#visit;
    const now = visit.clock.now();
    if (now < this.#nextAt || visit.inside.kind !== 'inside' || visit.blockedMs > 1000) return false;
    const seconds = visit.live
      .bins('cpu.main_percent', now, WORTH_OVER_S, 1000, 'mean')
      .filter((percent) => !Number.isNaN(percent));
    const sum = seconds.reduce((total, percent) => total + percent, 0);
    return seconds.length >= WORTH_OVER_S - 1 && sum / seconds.length >= WORTH_PERCENT;
  }

  /** Profiles now. False: it is not seen from inside, or does not answer. */
  async take(): Promise<boolean> {
    this.#nextAt = this.#visit.clock.now() + EVERY_MS;
    let pauseMs = 0;
    const json = await this.#visit.profile(PROFILE_MS, (ms) => {
      pauseMs += ms;
    });
    const now = this.#visit.clock.now();
    this.#nextAt = now + Math.max(EVERY_MS, pauseMs / STANDING_SHARE);
    if (json === undefined) return false;
    const cwd = this.#info.cwd || this.#visit.cwd;
    const roots = cwd === '' ? [] : [cwd];
    const { target } = this.#visit;
    const pid = target.kind === 'process' ? target.pid : undefined;
    try {
      const { maps, book } = await this.#sources.of({ profile: json }, pid, roots);
      this.#words = hottestWords(uninline(readCpuProfile(json, { maps, roots }), book), cwd);
    } catch (error) {
      // Cut short by the target's end.
      if (error instanceof HolterError) return false;
      throw error;
    }
    this.#json = json;
    this.#takenAt = now;
    return true;
  }
}

function hottestWords(tree: CallTree, cwd: string): string {
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
  const place = `${displayPath(file[frame]!, cwd)}:${line[frame]}`;
  const called = name[frame] === '' ? '(anonymous)' : name[frame]!;
  const gc = work.gc >= 0.05 * span ? `, GC ${share(work.gc)}` : '';
  return `${called}  ${place}  ${share(work.own[frame]!)} of the time  (${busy}${gc})`;
}

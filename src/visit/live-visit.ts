import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { evaluate } from '../cdp/evaluate.ts';
import type { BridgeSample } from '../cdp/protocol.ts';
import type { Session } from '../cdp/session.ts';
import { recordCpuProfile } from '../cpu/record-profile.ts';
import { readSystemCall, readWaitChannel } from '../linux/system-call.ts';
import { readThreadStat } from '../linux/threads.ts';
import { buildInside, explainStretches } from '../metrics/inside.ts';
import { LiveSeries } from '../metrics/live-series.ts';
import type { PoolRecording } from '../metrics/pool-recording.ts';
import { readBlockedState } from '../metrics/record-blocked-state.ts';
import { type OutsideSampler, startOutsideSampling } from '../metrics/record-outside.ts';
import type { BlockedStretch, GcEvent, VitalSigns } from '../metrics/series.ts';
import type { LeaveCheck } from '../recording/manifest.ts';
import { type Attachment, attach, attachToUrl } from '../target/attach.ts';
import { STATE_EXPRESSION } from '../target/bridge-source.ts';
import { startClock, type WindowClock } from './clock.ts';
import { type BlockStacksFile, readRawFrames, type StuckFile } from './raw-stack.ts';
import { type PoolWatch, startPoolRecording } from './record-pool.ts';
import { decideLateFix } from './record-threads.ts';
import type { VisitTarget } from './visit.ts';

/** How the inside is seen. `lost`: another visit has taken the place of ours, or the connection ended. */
export type InsideState =
  /** `mayPass`: what kept us out will be over by itself, to be tried again. */
  | { kind: 'none'; why: string; mayPass?: boolean }
  | { kind: 'attaching' }
  | { kind: 'inside'; openMs: Milliseconds }
  | { kind: 'lost'; why: string };

/** What was done to the target over all, for the last line. */
export interface LiveActs {
  attached: number;
  /** Longest time the inspector's port was open because of us. */
  inspectorOpenMs: Milliseconds;
  leftBehind: LeaveCheck['leftBehind'];
  unverified: boolean;
}

/** Evidence of the newest part of a live visit; times in ms after its begin. */
export interface LiveEvidence {
  vitals: VitalSigns;
  blockStacks: BlockStacksFile['stacks'];
  stuck: StuckFile | undefined;
  /** CLOCK wall time of ms 0. */
  startedAt: string;
  /** CLOCK_MONOTONIC of ms 0, in microseconds. */
  startedMonotonicUs: number;
  isInside: boolean;
}

const KEEP_MS = 300_000;
const SAMPLE_MS = 250;
/** Half as often as doctor: what is held or waits is seen as well, at less than half of the cost. */
const POOL_MS = 500;
const MOST_EVENTS = 5000;
const MOST_STACKS = 300;
/** As in watch-inside.ts. */
const STUCK_AFTER_MS = 2600;
/** Two visits cannot be inside at once: the later one takes out what the earlier one put in, whose ticker stands then. */
const SUSPECT_TAKEN_MS = 1500;
const PERIOD_MS = 20;

/**
 * A visit without an end: looks on from outside (/proc, four times a second) and, once `enter` was called, from inside
 * through the bridge, and remembers the last five minutes. Judges nothing.
 */
export class LiveVisit {
  readonly target: VisitTarget;
  readonly clock: WindowClock = startClock();
  readonly live: LiveSeries = new LiveSeries(KEEP_MS);
  readonly acts: LiveActs = { attached: 0, inspectorOpenMs: 0, leftBehind: [], unverified: false };
  inside: InsideState = { kind: 'none', why: 'nothing is asked of it' };
  /** V8's heap limit, once inside. */
  heapLimitBytes: number | undefined;
  v8 = '';
  node = '';
  cwd = '';
  readonly #outside: OutsideSampler | undefined;
  readonly #mark = randomBytes(8).toString('hex');
  /** Threads that libuv's pool has; 0: it was not used yet, or nobody can tell. */
  poolThreads = 0;
  #poolTimer: NodeJS.Timeout | undefined;
  #pool: PoolWatch | undefined;
  #isClosed = false;
  #attachment: Attachment | undefined;
  #entering: Promise<void> | undefined;
  #abort = new AbortController();
  #last: BridgeSample | undefined;
  #lastAt = 0;
  #blocked: BlockedStretch[] = [];
  #gc: GcEvent[] = [];
  #stacks: BlockStacksFile['stacks'] = [];
  #stuck: StuckFile | undefined;
  #examining = false;
  #profiling = false;
  #endedAtMs: number | undefined;

  constructor(target: VisitTarget) {
    this.target = target;
    if (target.kind !== 'process') return;
    this.#outside = startOutsideSampling(target.pid, {
      intervalMs: SAMPLE_MS,
      startedMonotonicUs: this.clock.startMs * 1000,
      sink: (name, at, value) => this.live.push(name, at, value),
    });
    void this.#watchPool(target.pid);
  }

  /** ms after its begin at which the target was found gone; undefined while it runs. */
  get endedAtMs(): Milliseconds | undefined {
    if (this.#endedAtMs === undefined && this.#outside?.exited === true)
      this.#endedAtMs = this.#outside.stop().exitedAtMs ?? this.clock.now();
    return this.#endedAtMs;
  }

  /** How long the loop has not turned; NaN when it is not seen from inside. */
  get blockedMs(): Milliseconds {
    if (this.inside.kind !== 'inside' || this.#last === undefined) return Number.NaN;
    const since = this.clock.now() - this.#lastAt;
    return Math.max(0, this.#last.time - this.#last.beat - PERIOD_MS) + (since > 300 ? since : 0);
  }

  /** Attaches as `doctor` does. Never throws: `inside` says what came of it. */
  enter(): Promise<void> {
    this.#entering ??= this.#enter().finally(() => {
      this.#entering = undefined;
    });
    return this.#entering;
  }

  /** Leaves the target as it was; looking from outside goes on. Safe to call at any time. */
  async leave(why = 'nothing is asked of it'): Promise<void> {
    this.#abort.abort();
    await this.#entering;
    const attachment = this.#attachment;
    this.#attachment = undefined;
    if (attachment !== undefined) {
      const check = await attachment.leave().catch((): LeaveCheck => ({ verified: false, leftBehind: [] }));
      this.acts.leftBehind.push(...check.leftBehind);
      if (!check.verified) this.acts.unverified = true;
    }
    this.inside = { kind: 'none', why };
    this.#last = undefined;
    this.#stuck = undefined;
  }

  /** Leaves and stops looking. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#poolTimer);
    this.#pool?.stop();
    this.#pool = undefined;
    this.#outside?.stop();
    await this.leave();
  }

  /** What libuv's pool did since it was last asked for; undefined: its variables cannot be read. */
  takePool(): PoolRecording | undefined {
    return this.#pool?.take();
  }

  /**
   * A short CPU profile of the main thread, as JSON text. undefined: not inside, another one runs, or it does not answer.
   * @param onPause told how long the thread stood at most, each time
   */
  async profile(ms: Milliseconds, onPause?: (ms: Milliseconds) => void): Promise<string | undefined> {
    const session = this.#attachment?.session;
    if (session === undefined || this.inside.kind !== 'inside' || this.#profiling) return undefined;
    this.#profiling = true;
    try {
      const { lateFix } = decideLateFix(this.#last?.heapUsed ?? Number.POSITIVE_INFINITY, false);
      return await recordCpuProfile(session, {
        durationMs: ms,
        lateFix,
        answerMs: 3000,
        ...(onPause === undefined ? {} : { onAct: (_, pauseMs) => onPause(pauseMs) }),
      });
    } catch {
      return undefined;
    } finally {
      this.#profiling = false;
    }
  }

  /** What there is of the last `windowMs`. */
  evidence(windowMs: Milliseconds): LiveEvidence {
    const to = this.clock.now();
    const from = Math.max(0, to - windowMs);
    const series = this.live.window(from, to + 1);
    const requests = series.find(({ name }) => name === 'http.requests_per_second');
    let count = 0;
    for (let index = 1; index < (requests?.time.length ?? 0); index++) {
      const perSecond = requests!.value[index]!;
      if (Number.isFinite(perSecond))
        count += (perSecond * (requests!.time[index]! - requests!.time[index - 1]!)) / 1000;
    }
    const isInside = this.inside.kind === 'inside';
    const recent = <T extends { at: number }>(all: readonly T[]): T[] =>
      all.filter(({ at }) => at >= from).map((each) => ({ ...each, at: each.at - from }));
    const blocked = recent(this.#blocked);
    const gc = recent(this.#gc);
    explainStretches(
      blocked,
      gc,
      series.find(({ name }) => name === 'sched.main_wait_percent'),
    );
    return {
      startedAt: new Date(Date.parse(this.clock.startedAt) + from).toISOString(),
      startedMonotonicUs: (this.clock.startMs + from) * 1000,
      isInside,
      vitals: {
        seconds: (to - from) / 1000,
        series: new Map(series.map((each) => [each.name, each])),
        blocked,
        gc,
        forcedGc: [],
        resources: {},
        heapSpaces: [],
        ...(requests === undefined ? {} : { requests: Math.round(count) }),
      },
      blockStacks: recent(this.#stacks),
      stuck:
        this.#stuck === undefined
          ? undefined
          : { ...this.#stuck, since: Math.max(0, this.#stuck.since - from), ms: to - this.#stuck.since },
    };
  }

  async #enter(): Promise<void> {
    if (this.#attachment !== undefined || this.endedAtMs !== undefined) return;
    this.inside = { kind: 'attaching' };
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const attachment =
        this.target.kind === 'process'
          ? await attach(this.target.pid, { signal, timeoutMs: 3000 })
          : await attachToUrl(this.target.url);
      this.#attachment = attachment;
      this.acts.attached++;
      this.acts.inspectorOpenMs = Math.max(this.acts.inspectorOpenMs, attachment.inspectorOpenMs);
      const { facts, session } = attachment;
      this.heapLimitBytes = facts.heapLimitBytes;
      this.v8 = facts.v8;
      this.node = facts.node;
      this.cwd = facts.cwd;
      this.#listen(session);
      await evaluate(session, `void (${STATE_EXPRESSION}.visit = ${JSON.stringify(this.#mark)})`, {
        timeoutMs: 2000,
      }).catch(() => {});
      this.inside = { kind: 'inside', openMs: attachment.inspectorOpenMs };
    } catch (error) {
      if (!(error instanceof HolterError)) throw error;
      this.inside = {
        kind: 'none',
        why: error.message,
        mayPass: error.code === 'E_INSPECTOR_PORT_TAKEN',
      };
    }
  }

  #listen(session: Session): void {
    session.on('Holter.sample', (sample) => this.#takeSample(session, sample));
    session.on('Holter.events', (batch) => {
      const { blocked, gc } = buildInside([], [batch], this.clock.startMs);
      this.#blocked = newest([...this.#blocked, ...blocked], MOST_EVENTS);
      this.#gc = newest([...this.#gc, ...gc], MOST_EVENTS);
    });
    session.on('Holter.stack', ({ time, lateMs, asyncId, frames }) => {
      this.#stacks.push({
        at: time - this.clock.startMs,
        lateMs,
        asyncId,
        frames: readRawFrames(frames),
      });
      this.#stacks = newest(this.#stacks, MOST_STACKS);
    });
    void session.closed.then((why) => {
      if (this.#attachment?.session === session && this.inside.kind === 'inside')
        this.inside = { kind: 'lost', why };
    });
  }

  #takeSample(session: Session, sample: BridgeSample): void {
    if (this.inside.kind === 'lost') return;
    const pair = this.#last === undefined ? [sample] : [this.#last, sample];
    this.#last = sample;
    this.#lastAt = this.clock.now();
    for (const { name, time, value } of buildInside(pair, [], this.clock.startMs).series) {
      const at = time.at(-1)!;
      if (at < sample.time - this.clock.startMs) continue;
      // Means nothing while V8's profiler runs (research/fleet.md 3.6).
      const isMasked = name === 'loop.utilisation_percent' && this.#profiling;
      this.live.push(name, at, isMasked ? Number.NaN : value.at(-1)!);
    }
    const late = sample.time - sample.beat - PERIOD_MS;
    if (late < 100) this.#stuck = undefined;
    else if (late > SUSPECT_TAKEN_MS && !this.#examining) void this.#examine(session, sample, late);
  }

  /** The loop does not turn: is it still ours to say so, which queues still run, and where is it. */
  async #examine(session: Session, sample: BridgeSample, late: Milliseconds): Promise<void> {
    this.#examining = true;
    try {
      const mark = await evaluate<string | null>(session, `${STATE_EXPRESSION}?.visit ?? null`, {
        timeoutMs: 1000,
      }).catch(() => undefined);
      if (mark !== undefined && mark !== this.#mark) {
        this.inside = { kind: 'lost', why: 'another visit of holter is inside now' };
        // The ticker stood because it was taken out, not because the loop did.
        this.live.drop('loop.delay_ms', sample.beat - this.clock.startMs);
        return;
      }
      if (late < STUCK_AFTER_MS || this.#stuck !== undefined) return;
      await evaluate(session, `${STATE_EXPRESSION}.ask()`, { timeoutMs: 1000 }).catch(() => {});
      await sleep(150);
      const probes = await evaluate<StuckFile['probes']>(session, `({ ...${STATE_EXPRESSION}.probes })`, {
        timeoutMs: 1000,
      }).catch(() => undefined);
      // It turned meanwhile.
      if (this.#last === undefined || this.#last.beat !== sample.beat) return;
      const begin = sample.beat - this.clock.startMs;
      const stack = this.#stacks.filter(({ at, lateMs }) => Math.abs(at - lateMs - begin) < 200).at(-1);
      const native =
        probes === undefined && this.target.kind === 'process'
          ? await readBlockedState(this.target.pid)
          : undefined;
      this.#stuck = {
        schema: 'holter.stuck/1',
        since: begin,
        ms: late,
        probes: probes ?? { microtask: false, nextTick: false, immediate: false },
        frames: stack?.frames ?? [],
        ...(native === undefined ? {} : { native }),
      };
    } finally {
      this.#examining = false;
    }
  }

  /** By libuv's own variables; where memory may not be read, by what its threads wait in. */
  async #watchPool(pid: number): Promise<void> {
    let isReadable = false;
    const pool = await startPoolRecording(pid, () => this.clock.now(), {
      everyMs: POOL_MS,
      threads: () => this.#poolTids(),
      sink: ({ at, threads, idle, queued }) => {
        isReadable = true;
        this.poolThreads = threads;
        if (threads === 0) return;
        this.live.push('pool.busy', at, threads - idle);
        this.live.push('pool.queued', at, queued);
      },
    }).catch(() => undefined);
    if (isReadable && !this.#isClosed) this.#pool = pool;
    else pool?.stop();
    if (!isReadable && !this.#isClosed)
      this.#poolTimer = setInterval(() => this.#lookAtPool(pid), 1000).unref();
  }

  #poolTids(): number[] {
    return (this.#outside?.threads ?? []).filter(({ role }) => role === 'pool').map(({ tid }) => tid);
  }

  /** A thread of the pool that has nothing to do waits in a futex; in anything else, or running, it works. */
  #lookAtPool(pid: number): void {
    if (this.endedAtMs !== undefined) return;
    let threads = 0;
    let busy = 0;
    for (const tid of this.#poolTids()) {
      const state = readThreadStat(pid, tid)?.state;
      if (state === undefined) continue;
      threads++;
      if (state === 'R' || state === 'D') busy++;
      else if (state === 'S') {
        const place = readWaitChannel(pid, tid) || (readSystemCall(pid, tid)?.name ?? '');
        if (place !== '' && !place.includes('futex')) busy++;
      }
    }
    this.poolThreads = threads;
    if (threads > 0) this.live.push('pool.busy', this.clock.now(), busy);
  }
}

function newest<T>(all: T[], most: number): T[] {
  return all.length > most * 1.25 ? all.slice(-most) : all;
}

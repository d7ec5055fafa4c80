import { type ChildProcess, spawn } from 'node:child_process';
import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import { PROC, readTextIfAny } from './proc-file.ts';
import { readProcessStat } from './process-stat.ts';
import { listThreads, readThreadStat } from './threads.ts';

/** Longest wait until all threads stand. Only a thread that waits for a disk takes longer than a moment. */
const STOP_LIMIT: Milliseconds = 2000;

/** The watchdog continues the target after this, unless prolonged: a tool that hangs must not keep a service down. */
const PAUSE_LIMIT_S = 20;

/**
 * Continues a stopped process when its stopper dies: a shell in a session of its own that reads a pipe only we write to.
 * `armed`: we stop it now (the first time a limit of time begins); `longer`: the same, the limit begins anew; `free`: we
 * continued it; `standing`: others had stopped it, hands off; `done`: not needed any more. The end of the pipe without `done` (we were killed) makes it send SIGCONT, if the pid still
 * belongs to the same process (start time, field 22 of proc_pid_stat(5)).
 */
const WATCHDOG = `
alive() { s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; set -- "$2" \${s##*) }; [ "\${21}" = "$1" ]; }
echo ready
armed=1
limit=
over() { [ -n "$limit" ] && kill $limit 2>/dev/null; limit=; }
begin() {
  (trap 'kill $!; exit' TERM; sleep "$3" & wait $!; alive "$1" "$2" && kill -CONT "$1") &
  limit=$!
}
while IFS= read -r word; do
  case "$word" in
    standing|free) armed=0 ;;
    armed) armed=1; [ -n "$limit" ] || begin "$@" ;;
    longer) armed=1; over; begin "$@" ;;
    done) over; exit ;;
  esac
done
over
if [ $armed = 1 ]; then alive "$1" "$2" && kill -CONT "$1"; fi
`;

/** Processes that we have stopped: continued when we end, in whatever way we hear of. */
const standing: Set<ProcessStop> = new Set();
let listening = false;

function continueAll(): void {
  for (const stop of [...standing]) stop.end();
}

function listen(): void {
  if (listening) return;
  listening = true;
  process.on('exit', continueAll);
  process.on('uncaughtExceptionMonitor', continueAll);
  // Before whoever else listens, and without keeping others from it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)
    process.prependListener(signal, () => {
      continueAll();
      if (process.listenerCount(signal) === 1) process.kill(process.pid, 'SIGKILL');
    });
}

/** A process that stands still (SIGSTOP) and is continued whatever happens; made ready before, so that stops are short. */
export class ProcessStop {
  readonly pid: number;
  readonly #start: number;
  readonly #limit: number;
  #watchdog: ChildProcess | undefined;
  #since: Milliseconds = 0;
  /** When the watchdog's limit of time began. */
  #limitSince: Milliseconds = Number.NEGATIVE_INFINITY;
  #isStanding = false;
  /** It stood before we came: never continued by us. */
  wasStopped = false;

  private constructor(pid: number, start: number, limit: number) {
    this.pid = pid;
    this.#start = start;
    this.#limit = limit;
  }

  /**
   * Starts the watchdog; nothing is stopped yet.
   * @param limitSeconds longest stop, whole seconds; `prolong` begins it anew
   * @throws HolterError E_NO_SUCH_PROCESS, E_PERMISSION
   */
  static async prepare(pid: number, limitSeconds: number = PAUSE_LIMIT_S): Promise<ProcessStop> {
    const stat = readProcessStat(pid);
    if (stat === undefined) throw new HolterError('E_NO_SUCH_PROCESS', `there is no process ${pid}`);
    try {
      process.kill(pid, 0);
    } catch (cause) {
      throw new HolterError('E_PERMISSION', `process ${pid} belongs to another user`, {
        hint: 'run the same command as that user or as root (sudo)',
        cause,
      });
    }
    const stop = new ProcessStop(pid, stat.startTicks, limitSeconds);
    await stop.#guard();
    return stop;
  }

  async #guard(): Promise<void> {
    const watchdog = spawn(
      '/bin/sh',
      ['-c', WATCHDOG, 'holter', `${this.pid}`, `${this.#start}`, `${this.#limit}`],
      {
        detached: true,
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    watchdog.unref();
    await new Promise<void>((resolve, reject) => {
      watchdog.stdout.once('data', () => resolve());
      watchdog.once('error', (cause) =>
        reject(new HolterError('E_START_FAILED', 'no shell to guard the stop with', { cause })),
      );
      watchdog.once('exit', () =>
        reject(new HolterError('E_START_FAILED', 'the guard of the stop ended at once')),
      );
    });
    watchdog.stdout.destroy();
    watchdog.stdin.on('error', () => {});
    this.#watchdog = watchdog;
  }

  /**
   * Stops it and waits until every thread stands.
   * @throws HolterError E_TARGET_EXITED; E_TIMEOUT: a thread does not stop (it is continued then)
   */
  begin(): void {
    if (this.#isStanding) return;
    if (this.#watchdog === undefined)
      throw new HolterError('E_BUG', 'a stop needs its guard: prepare() it anew');
    const before = readProcessStat(this.pid);
    if (before === undefined || before.startTicks !== this.#start || before.state === 'Z')
      throw new HolterError('E_TARGET_EXITED', `process ${this.pid} has ended`);
    this.wasStopped = before.state === 'T' || before.state === 't';
    this.#since = performance.now();
    this.#tell(this.wasStopped ? 'standing' : this.#isLimitOld() ? 'longer' : 'armed');
    if (!this.wasStopped) {
      listen();
      standing.add(this);
      this.#isStanding = true;
      process.kill(this.pid, 'SIGSTOP');
    }
    this.#isStanding = true;
    try {
      this.#wait();
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /**
   * Lets it stand for another limit of time: to be called well within one, as long as it shall stand.
   * @returns false: it does not stand any more, the limit or somebody else continued it
   */
  prolong(): boolean {
    if (!this.#isStanding) return false;
    const stat = readProcessStat(this.pid);
    const stands = stat?.startTicks === this.#start && (stat.state === 'T' || stat.state === 't');
    if (!stands) this.end();
    else if (!this.wasStopped) this.#tell('longer');
    return stands;
  }

  /** Of many stops in a row not each begins a limit: that costs the watchdog a process. */
  #isLimitOld(): boolean {
    return performance.now() - this.#limitSince > (this.#limit * 1000) / 2;
  }

  #tell(word: 'standing' | 'armed' | 'longer' | 'free'): void {
    if (word === 'longer') this.#limitSince = performance.now();
    this.#watchdog?.stdin?.write(`${word}\n`);
  }

  #wait(): void {
    const limit = performance.now() + STOP_LIMIT;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (;;) {
      const threads = listThreads(this.pid);
      // Killed meanwhile: it stays as a zombie until its parent asks for it.
      const state = readProcessStat(this.pid)?.state ?? 'X';
      if (threads.length === 0 || (threads.length === 1 && (state === 'Z' || state === 'X')))
        throw new HolterError('E_TARGET_EXITED', `process ${this.pid} has ended`);
      if (threads.every((tid) => this.#stands(tid))) return;
      if (performance.now() > limit)
        throw new HolterError('E_TIMEOUT', `process ${this.pid} does not stop within ${STOP_LIMIT} ms`, {
          hint: 'a thread waits for a disk or a network file system; try again',
        });
      Atomics.wait(pause, 0, 0, 0.2);
    }
  }

  #stands(tid: number): boolean {
    const state = readThreadStat(this.pid, tid)?.state;
    if (state === undefined || state === 'Z' || state === 'X') return true;
    if (state !== 'T' && state !== 't') return false;
    return readTextIfAny(`${PROC}/${this.pid}/task/${tid}/syscall`)?.startsWith('running') !== true;
  }

  /** Continues it; how long it stood, ms. More than once does nothing. */
  end(): Milliseconds {
    if (!this.#isStanding) return 0;
    this.#isStanding = false;
    // It runs before we do again: what we wait for a core then is not its pause.
    const stoodMs = performance.now() - this.#since;
    standing.delete(this);
    if (!this.wasStopped && readProcessStat(this.pid)?.startTicks === this.#start) {
      try {
        process.kill(this.pid, 'SIGCONT');
        // Who stops it from now on is another.
        this.#tell('free');
      } catch {
        // It has ended.
      }
    }
    return stoodMs;
  }

  /** Continues it and lets the watchdog go. */
  close(): void {
    this.end();
    this.#watchdog?.stdin?.end('done\n');
    this.#watchdog = undefined;
  }
}

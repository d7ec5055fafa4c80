import { HolterError } from '../base/errors.ts';
import type { Milliseconds, Seconds } from '../base/units.ts';
import { type Autocannon, type AutocannonRun, loadAutocannon } from './autocannon.ts';
import { Connection } from './connection.ts';
import type { LoadResult } from './load-result.ts';
import { readLoadUrl } from './load-url.ts';
import { buildNotes } from './notes.ts';
import { type LoadSecond, LoadTally } from './tally.ts';

export interface LoadOptions {
  /** As `readLoadUrl` takes it. */
  url: string;
  /** Requests in flight at most. */
  connections: number;
  /** How long; with `requests` too, what comes first; 10 without both. */
  seconds?: Seconds | undefined;
  /** How many requests in all. */
  requests?: number | undefined;
  /** Requests per second over all connections; absent: closed loop. */
  rate?: number | undefined;
  method?: string | undefined;
  headers?: Record<string, string> | undefined;
  body?: string | Buffer | undefined;
  /** For one answer; default 10, at least 1. */
  timeoutSeconds?: Seconds | undefined;
  /** Stops early; what was measured until then is returned. */
  signal?: AbortSignal | undefined;
  /** Called after every whole second. */
  onSecond?: ((second: LoadSecond) => void) | undefined;
}

/** When nothing has answered by then and connections fail, nothing will: no need to wait for the end. */
const HOPELESS_MS: Milliseconds = 1000;
/** How often autocannon looks whether to stop. */
const STOP_INTERVAL_MS: Milliseconds = 50;
/** Without `seconds`. */
const LONGEST_S: Seconds = 24 * 3600;

/**
 * Puts load on a server through autocannon and measures every answer. With `rate` the requests are due at even intervals
 * (connections / rate per connection, the connections shifted against each other) and latencies count from there.
 * @throws HolterError E_USAGE (URL, method), E_OPTIONAL_MISSING (no autocannon), E_LOAD_FAILED (not one answer),
 *   E_INTERRUPTED (stopped before the first answer)
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const url = readLoadUrl(options.url);
  const autocannon = await loadAutocannon();
  if (options.signal?.aborted) throw new HolterError('E_INTERRUPTED', 'stopped before the load began');
  return new LoadRun(url, options).measure(autocannon);
}

class LoadRun {
  readonly #url: string;
  readonly #options: LoadOptions;
  readonly #method: string;
  readonly #connectionCount: number;
  readonly #tally: LoadTally;
  readonly #connections: Connection[] = [];
  readonly #startedAt = new Date().toISOString();
  readonly #startedMonotonicUs = Number(process.hrtime.bigint() / 1000n);
  readonly #start: Milliseconds = performance.now();
  #unanswered: Milliseconds[] = [];
  #endedAt: Milliseconds | undefined;
  #run: AutocannonRun | undefined;

  constructor(url: string, options: LoadOptions) {
    this.#url = url;
    this.#options =
      options.seconds === undefined && options.requests === undefined ? { ...options, seconds: 10 } : options;
    this.#method = options.method ?? (options.body === undefined ? 'GET' : 'POST');
    this.#connectionCount = Math.min(options.connections, options.requests ?? Number.POSITIVE_INFINITY);
    this.#tally = new LoadTally({ isPaced: options.rate !== undefined, onSecond: options.onSecond });
  }

  async measure(autocannon: Autocannon): Promise<LoadResult> {
    const { seconds, signal } = this.#options;
    const before = performance.eventLoopUtilization();
    const stop = (): void => this.#end();
    const deadline = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000);
    const clock = setInterval(() => this.#tick(), 100);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      this.#run = this.#launch(autocannon);
      await this.#run;
    } catch (cause) {
      if (cause instanceof HolterError) throw cause;
      throw new HolterError('E_USAGE', `autocannon refuses: ${messageOf(cause)}`, { cause });
    } finally {
      clearTimeout(deadline);
      clearInterval(clock);
      signal?.removeEventListener('abort', stop);
      this.#end();
    }
    if (this.#tally.responses === 0) throw this.#noAnswer();
    return this.#result(performance.eventLoopUtilization(before).utilization);
  }

  #launch(autocannon: Autocannon): AutocannonRun {
    const { requests, timeoutSeconds = 10, headers = {}, body, rate } = this.#options;
    const interval = rate === undefined ? undefined : (this.#connectionCount * 1000) / rate;
    const now = (): Milliseconds => performance.now() - this.#start;
    return autocannon({
      url: this.#url,
      connections: this.#connectionCount,
      // The end is decided here: autocannon's own comes up to `sampleInt` late.
      duration: LONGEST_S,
      ...(requests === undefined ? {} : { amount: requests }),
      timeout: Math.max(1, timeoutSeconds),
      sampleInt: STOP_INTERVAL_MS,
      method: this.#method as 'GET',
      headers,
      ...(body === undefined ? {} : { body }),
      setupClient: (client) => {
        const first = this.#start + (this.#connections.length * (interval ?? 0)) / this.#connectionCount;
        this.#connections.push(
          new Connection(client, {
            pace: interval === undefined ? undefined : { first, interval },
            isHead: this.#method === 'HEAD',
            events: {
              answered: (answer) => this.#tally.answered(now(), answer),
              failed: (reason) => this.#tally.failed(now(), reason),
              timedOut: () => this.#tally.timedOut(now()),
              left: (late) => this.#tally.lateness.record(late),
            },
          }),
        );
      },
    });
  }

  #tick(): void {
    if (this.#endedAt !== undefined) return;
    const at = performance.now() - this.#start;
    this.#tally.closeSeconds(at);
    const { responses, errors } = this.#tally;
    if (responses === 0 && at >= HOPELESS_MS && errors >= 2 * this.#connectionCount) this.#end();
  }

  /** The window closes now: connections that still wait are asked how long. */
  #end(): void {
    if (this.#endedAt !== undefined) return;
    const now = performance.now();
    this.#endedAt = now - this.#start;
    this.#unanswered = this.#connections.flatMap((connection) => connection.unansweredFor(now) ?? []);
    for (const connection of this.#connections) connection.close();
    this.#run?.stop?.();
  }

  #noAnswer(): HolterError {
    const { signal, seconds, timeoutSeconds = 10 } = this.#options;
    const { errors, timeouts, worstReasons } = this.#tally;
    const [reason] = worstReasons[0] ?? [];
    if (signal?.aborted && errors + timeouts === 0)
      return new HolterError('E_INTERRUPTED', `stopped before ${this.#url} answered`);
    const why =
      reason ??
      (timeouts > 0
        ? `all ${timeouts} requests timed out after ${timeoutSeconds} s`
        : `${this.#unanswered.length} requests were open when the ${seconds ?? timeoutSeconds} s were over`);
    return new HolterError('E_LOAD_FAILED', `no answer from ${this.#url}: ${why}`, { hint: hintFor(reason) });
  }

  #result(ownUtilisation: number): LoadResult {
    const { rate, requests } = this.#options;
    const tally = this.#tally;
    const isComplete = requests !== undefined && tally.responses + tally.errors + tally.timeouts >= requests;
    // A number of requests is over with the last answer, not when autocannon notices.
    const endedAt = isComplete ? tally.lastAt : (this.#endedAt ?? tally.lastAt);
    tally.closeSeconds(endedAt + 1);
    const seconds = endedAt / 1000;
    const due =
      rate === undefined ? undefined : Math.min(rate * seconds, requests ?? Number.POSITIVE_INFINITY);
    if (rate !== undefined) {
      const interval = (this.#connectionCount * 1000) / rate;
      // A request that is overdue at the end has held up others: a stall must not vanish because the test ended in it.
      for (const waited of this.#unanswered)
        if (waited > interval) tally.corrected.recordCorrected(waited, interval);
    }
    const shown = rate === undefined ? tally.measured : tally.corrected;
    return {
      schema: 'holter.load/1',
      url: this.#url,
      method: this.#method,
      startedAt: this.#startedAt,
      startedMonotonicUs: this.#startedMonotonicUs,
      seconds,
      connections: this.#connectionCount,
      ...(rate === undefined ? {} : { rate }),
      requests: {
        total: tally.responses + tally.errors + tally.timeouts,
        ok: tally.ok,
        non2xx: tally.responses - tally.ok,
        errors: tally.errors,
        timeouts: tally.timeouts,
      },
      throughput: { requestsPerSecond: tally.responses / seconds, bytesPerSecond: tally.bytes / seconds },
      latency: { ...shown.summarise(), corrected: rate !== undefined },
      ...(rate === undefined ? {} : { uncorrectedLatency: tally.measured.summarise() }),
      statuses: Object.fromEntries([...tally.statuses].sort(([one], [other]) => one - other)),
      histogram: shown.bars(),
      perSecond: tally.seconds,
      notes: buildNotes(tally, {
        rate,
        seconds,
        wasStopped: this.#options.signal?.aborted === true,
        due,
        ownUtilisation,
        unanswered: this.#unanswered,
      }),
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hintFor(reason: string | undefined): string {
  if (reason === undefined) return 'holter doctor <pid | name | :port> says what the server does instead';
  return /closed before|not HTTP|ECONNRESET|SSL|EPROTO/.test(reason)
    ? 'something listens there; is it http:// or https://?'
    : 'is it running there? holter ps shows what runs and on which port';
}

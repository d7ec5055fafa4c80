import type { Milliseconds, Percent } from '../base/units.ts';
import type { CreationSite, OperationKind } from './operation.ts';

/** What the requests (or, without requests, the process) waited for, grouped by subject and the line that asks. */
export interface WaitGroup {
  /**
   * What was waited for. `promise`: an `await` while nothing else known was waited for: a queue, pool or lock of the
   * program's own.
   */
  kind: OperationKind;
  /** `10.0.0.5:5432`, a path, a host name; '' none. */
  subject: string;
  /** Line of the user's that asks, from sampled stacks; undefined: none was sampled. */
  site: CreationSite | undefined;
  count: number;
  /**
   * Share of the time that requests were in progress in which they waited for this (overlaps count once per request);
   * without requests: share of the window in which at least one waited.
   */
  requestShare: Percent;
  median: Milliseconds;
  p95: Milliseconds;
  max: Milliseconds;
  /** Mean and most at the same time; `waitingNow` at the end of the window. */
  concurrency: number;
  mostAtOnce: number;
  waitingNow: number;
  /**
   * Of an `await` (kind `promise`): what its callback asked for first, most of the times, `10.0.0.5:5432`: then it was the
   * queue before that; '' nothing in common.
   */
  leadsTo: string;
  /** Of peers: connections to it, counted for all requests, also those that are not followed. */
  connections?: { open: number; meanBusy: number; mostBusy: number; busyNow: number };
}

/** Where the time of requests went. Shares add up to 100 with `requestShare` of disjoint waits, `running` and `unexplained`. */
export interface WaitSummary {
  requests: number;
  requestsInFlight: { mean: number; most: number; now: number };
  /** Of requests, or of the window when there were none. */
  basis: 'requests' | 'window';
  /** Window that was recorded, and how many of the requests were followed (the shares are of those). */
  windowMs: Milliseconds;
  followed: number;
  /** Time in which the main thread ran JavaScript of the request; NaN without requests, as is `unexplainedShare`. */
  runningShare: Percent;
  /** Neither running nor any of the groups. */
  unexplainedShare: Percent;
  groups: WaitGroup[];
  /** Stacks and promises left out, cost measured: sentences. */
  notes: string[];
}

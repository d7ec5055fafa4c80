import type { Milliseconds, Percent } from '../base/units.ts';
import type { CreationSite, OperationKind } from './operation.ts';

/** What the requests (or, without requests, the process) waited for, grouped by subject and the line that asks. */
export interface WaitGroup {
  kind: OperationKind;
  /** `10.0.0.5:5432`, a path, a host name; '' none. */
  subject: string;
  /** Line of the user's that asks, from sampled stacks; undefined: none was sampled. */
  site: CreationSite | undefined;
  count: number;
  /** Share of the time that requests were in progress in which they waited for this (overlaps count once per request). */
  requestShare: Percent;
  median: Milliseconds;
  p95: Milliseconds;
  max: Milliseconds;
  /** Mean and most at the same time; `waitingNow` at the end of the window. */
  concurrency: number;
  mostAtOnce: number;
  waitingNow: number;
}

/** Where the time of requests went. Shares add up to 100 with `requestShare` of disjoint waits, `running` and `unexplained`. */
export interface WaitSummary {
  requests: number;
  requestsInFlight: { mean: number; most: number; now: number };
  /** Of requests, or of the window when there were none. */
  basis: 'requests' | 'window';
  /** Time in which the main thread ran JavaScript of the request. */
  runningShare: Percent;
  /** Neither running nor an operation known to be waited for: queues and locks of the program's own. */
  unexplainedShare: Percent;
  groups: WaitGroup[];
  /** Stacks and promises left out, cost measured: sentences. */
  notes: string[];
}

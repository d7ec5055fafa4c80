import type { CreationSite, OperationKind } from '../async/operation.ts';

/** What a process waits for, on a page: models of `src/async` with texts and places put in. Times in ms, shares in percent. */
export interface PageWaits {
  /** `requests`: shares are of the time in which requests were in progress; `window`: of the window. */
  basis: 'requests' | 'window';
  windowMs: number;
  requests: number;
  followed: number;
  inFlight: { mean: number; most: number; now: number };
  /** Null without requests. */
  runningShare: number | null;
  unexplainedShare: number | null;
  /** Largest share first. */
  groups: PageWait[];
  graph: PageWaitGraph;
  /** Slowest of each route, the slowest of all first. */
  slow: PageSlowRequest[];
  /** Lines that groups, spans and chains name by index. */
  sites: PageSite[];
  /** Alive by Node's name when the recorder came and when it went. */
  resources: { name: string; first: number; last: number }[];
  /** What was sampled, left out, and what it cost. */
  notes: string[];
}

export interface PageSite {
  function: string;
  /** As in the keys of `sources`: below the target's folder, or `package/path`. */
  file: string;
  /** 1-based. */
  line: number;
  party: PageParty;
  package: string;
}

export type PageParty = CreationSite['party'];

/** async/wait-summary.ts WaitGroup. */
export interface PageWait {
  kind: OperationKind;
  /** In words: `upstream 10.0.0.5:5432`. */
  name: string;
  /** Index into `sites`; −1 no stack was taken. */
  site: number;
  count: number;
  share: number;
  /** Null: none ended. */
  median: number | null;
  p95: number | null;
  max: number | null;
  mostAtOnce: number;
  waitingNow: number;
  /** `10 in flight of 10`, `4 at once, 1 now`. */
  flight: string;
}

/** async/async-graph.ts WaitGraph. */
export interface PageWaitGraph {
  nodes: {
    role: 'route' | 'start' | 'before' | 'wait' | 'merged';
    name: string;
    /** Indices into `groups`. */
    groups: number[];
    party: PageParty;
    package: string;
    count: number;
    waitMs: number;
    runMs: number | null;
    share: number | null;
    waitingNow: number;
  }[];
  edges: { from: number; to: number; count: number }[];
}

/** async/request-waterfall.ts RequestWaterfall. */
export interface PageSlowRequest {
  /** `GET /orders/:id`. */
  route: string;
  method: string;
  path: string;
  /** 0: no answer yet, or the connection was gone before it. */
  status: number;
  finished: boolean;
  /** After the window's start. */
  startedAt: number;
  ms: number;
  runMs: number;
  unexplainedMs: number;
  /** Shorter waits that are not listed. */
  leftOut: number;
  /** How many on the same route were faster, 0–1. */
  slowerThan: number;
  spans: PageSpan[];
}

export interface PageSpan {
  kind: OperationKind;
  name: string;
  /** Index into `sites`, −1 unknown. */
  site: number;
  /** After the request's start. */
  from: number;
  to: number;
  /** Still waiting when the recording ended. */
  open: boolean;
  /** Lines that led here, innermost first: indices into `sites`. */
  chain: number[];
  /** Index into `groups`, −1 none. */
  group: number;
}

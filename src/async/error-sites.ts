import type { Seconds, Share } from '../base/units.ts';
import type { Party } from '../source-map/party.ts';
import {
  type ErrorHow,
  type ErrorLog,
  type ErrorSample,
  isTimeoutError,
  type LoggedError,
} from './error-log.ts';
import type { ErrorFrame } from './error-stack.ts';

/** A frame after source maps. */
export interface ErrorPlace {
  function: string;
  file: string;
  /** 1-based, 0 unknown. */
  line: number;
  column: number;
  party: Party;
  package: string;
}

/** Errors of one name made at one line. */
export interface ErrorSite {
  name: string;
  /** Of the first one seen, cut to 300 characters: the program's own text. */
  message: string;
  code: string;
  /** `ECONNREFUSED: connect ECONNREFUSED 10.0.0.5:5432`; '' none. */
  cause: string;
  /** How the most of them were found. */
  how: ErrorHow;
  /** Where it was made, the program's own frames, innermost first; without any, the innermost one of whoever. */
  places: ErrorPlace[];
  /** Where the answer was written, the program's own frames; empty unknown. */
  answeredAt: ErrorPlace[];
  samples: number;
  /** Of the failed answers, estimated from the samples; 0 for uncaught ones. */
  share: Share;
  statuses: number[];
  routes: string[];
  /** The program gave up on somebody who did not answer. */
  isTimeout: boolean;
}

/** Failed answers by the error behind them. */
export interface ErrorSites {
  answers: number;
  failed: number;
  /** Time in which answers were counted. */
  seconds: Seconds;
  statuses: ErrorLog['statuses'];
  routes: ErrorLog['routes'];
  /** Largest share first. */
  sites: ErrorSite[];
  /** Failed answers in which no error was found, by the line that wrote them; largest share first. */
  blank: Omit<ErrorSite, 'name' | 'message' | 'code' | 'cause' | 'isTimeout'>[];
  /** What nobody caught and the program survived, with its number. */
  uncaught: { site: ErrorSite; count: number }[];
}

/** A site that is thrown in requests that succeed as well is how the program works: of so many at least. */
const BLAMED_SHARE = 0.5;

/**
 * Groups the samples of a log by the line that made the error. Failed answers fall into those whose error was passed on
 * (all of them are seen) and others (a sample is looked at); shares are put together from both. An error that was only seen
 * being thrown counts for answers without one in reach, and only if requests in which it is thrown mostly fail.
 * @param place a raw frame after source maps
 */
export function buildErrorSites(log: ErrorLog, place: (frame: ErrorFrame) => ErrorPlace): ErrorSites {
  const groups = new Map<string, Group>();
  const blanks = new Map<string, Group>();
  const uncaught = new Map<string, Group>();
  const counts = { passed: 0, answered: 0, blank: 0 };
  for (const sample of log.samples) {
    const isUncaught = sample.how === 'uncaught' || sample.how === 'rejected';
    const places = placesOf(sample, place);
    const key = `${sample.error?.name}\n${sample.error?.code}\n${places[0]?.file}:${places[0]?.line}`;
    const table = isUncaught ? uncaught : sample.error === null ? blanks : groups;
    let group = table.get(key);
    if (group === undefined) {
      if (table.size >= 300) continue;
      group = {
        sample,
        places,
        answeredAt: [],
        hows: new Map(),
        statuses: new Set(),
        routes: new Set(),
        acquitted: 0,
      };
      table.set(key, group);
    }
    if (sample.how === 'thrown' && sample.status < 500) {
      group.acquitted++;
      continue;
    }
    group.hows.set(sample.how, (group.hows.get(sample.how) ?? 0) + 1);
    if (sample.status > 0) group.statuses.add(sample.status);
    if (sample.route !== '') group.routes.add(sample.route);
    if (group.answeredAt.length === 0) group.answeredAt = ownPlaces(sample.answeredAt.map(place));
    if (sample.how === 'passed') counts.passed++;
    else if (sample.how === 'answered') counts[sample.error === null ? 'blank' : 'answered']++;
  }

  const passedPart =
    counts.passed === 0 ? 0 : Math.min(1, log.sampledPassed / Math.max(1, log.sampledFailed));
  const looked = counts.answered + counts.blank;
  const lookedPart = 1 - passedPart;
  const blankPart = looked === 0 ? 0 : (lookedPart * counts.blank) / looked;
  const blamed = [...groups.values()].filter(isBlamed);
  const thrownBehindBlank = blamed.reduce((sum, { hows }) => sum + (hows.get('thrown') ?? 0), 0);
  const shareOf = ({ hows }: Group): Share =>
    part(hows.get('passed'), counts.passed, passedPart) +
    part(hows.get('answered'), looked, lookedPart) +
    part(hows.get('thrown'), thrownBehindBlank, blankPart);
  const sites = blamed
    .map((group) => siteOf(group, group.sample.error!, shareOf(group)))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  return {
    answers: log.answers,
    failed: log.failed,
    seconds: Math.max(0, log.toMs - log.fromMs) / 1000,
    statuses: log.statuses,
    routes: log.routes,
    sites,
    blank:
      thrownBehindBlank > 0
        ? []
        : [...blanks.values()]
            .map((group) => ({ ...common(group), share: shareOf(group) }))
            .sort((a, b) => b.share - a.share),
    uncaught: [...uncaught.values()]
      .map((group) => ({ site: siteOf(group, group.sample.error!, 0), count: sumOf(group) }))
      .sort((a, b) => b.count - a.count),
  };
}

interface Group {
  sample: ErrorSample;
  places: ErrorPlace[];
  answeredAt: ErrorPlace[];
  hows: Map<ErrorHow, number>;
  statuses: Set<number>;
  routes: Set<string>;
  /** Thrown in requests that did not fail. */
  acquitted: number;
}

const part = (count: number | undefined, of: number, share: Share): Share =>
  count === undefined || of === 0 ? 0 : (share * count) / of;

function isBlamed({ hows, acquitted }: Group): boolean {
  const thrown = hows.get('thrown') ?? 0;
  return hows.size > 0 && (acquitted === 0 || thrown >= BLAMED_SHARE * (thrown + acquitted));
}

const sumOf = ({ hows }: Group): number => [...hows.values()].reduce((sum, count) => sum + count, 0);

function common(
  group: Group,
): Omit<ErrorSite, 'name' | 'message' | 'code' | 'cause' | 'isTimeout' | 'share'> {
  return {
    how: [...group.hows].sort((a, b) => b[1] - a[1])[0]?.[0] ?? group.sample.how,
    places: group.places,
    answeredAt: group.answeredAt,
    samples: sumOf(group),
    statuses: [...group.statuses].sort((a, b) => a - b),
    routes: [...group.routes],
  };
}

function siteOf(group: Group, error: LoggedError, share: Share): ErrorSite {
  const { name, message, code, cause } = error;
  return {
    ...common(group),
    name,
    message,
    code,
    cause: cause === undefined ? '' : `${cause.code || cause.name}: ${cause.message}`,
    share,
    isTimeout: isTimeoutError(error),
  };
}

/** Where an error was made; where only libraries are on its stack, what its cause or the answer's stack tells. */
function placesOf(
  { error, answeredAt }: ErrorSample,
  place: (frame: ErrorFrame) => ErrorPlace,
): ErrorPlace[] {
  let fallback: ErrorPlace[] = [];
  for (const frames of [error?.frames, error?.cause?.frames, answeredAt]) {
    const placed = (frames ?? []).map(place);
    const own = ownPlaces(placed);
    if (own.length > 0) return own;
    const known =
      placed.find(({ file, party }) => file !== '' && party !== 'core') ??
      placed.find(({ file }) => file !== '');
    if (fallback.length === 0 && known !== undefined) fallback = [known];
  }
  return fallback;
}

/** The program's own frames, each line once. */
function ownPlaces(places: readonly ErrorPlace[]): ErrorPlace[] {
  const own: ErrorPlace[] = [];
  for (const one of places)
    if (one.party === 'user' && !own.some(({ file, line }) => file === one.file && line === one.line))
      own.push(one);
  return own.slice(0, 8);
}

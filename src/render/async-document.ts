import type { RequestWaterfall } from '../async/request-waterfall.ts';
import type { ThrownError, ThrownOrigin } from '../async/thrown-errors.ts';
import type { WaitGroup, WaitSummary } from '../async/wait-summary.ts';
import { formatNumber } from '../base/quantity.ts';
import { cleanText, shortenPath, textWidth, truncate } from '../base/terminal-text.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import { shortPath } from './short-path.ts';

/** What `holter async` shows. */
export interface AsyncDocument {
  manifest: RecordingManifest;
  summary: WaitSummary;
  /** The slowest followed request; undefined without requests. */
  slowest: RequestWaterfall | undefined;
  /** Errors that nobody caught, and who scheduled the code that threw them. */
  thrown: readonly ThrownError[];
  /** Resources alive by Node's name when the recorder came and when it went. */
  resources: { first: Record<string, number>; last: Record<string, number> };
  /** Path of the recording, and of its page where one was written. */
  recording: string;
  page?: string;
  next: readonly string[];
}

/** What was waited for, in words: `upstream 10.0.0.5:5432`, `timer of 50 ms`. */
export function waitName(
  { kind, subject, leadsTo }: Pick<WaitGroup, 'kind' | 'subject' | 'leadsTo'>,
  basis: WaitSummary['basis'] = 'requests',
): string {
  const about = cleanText(subject);
  switch (kind) {
    case 'peer':
      return `upstream ${about}`;
    case 'http-client':
      return about || 'HTTP request';
    case 'connect':
      return `connecting to ${about || 'a server'}`;
    case 'dns':
      return `looking up ${about || 'a name'}`;
    case 'fs':
      return `file: ${about || 'reading or writing'}`;
    case 'pool':
      return `thread pool: ${about}`;
    case 'child':
      return 'child process';
    case 'timer':
      return `timer ${about.startsWith('every') ? about : `of ${about}`}`;
    case 'promise':
      // Without requests nothing tells an await on a known operation from one on the program's own promise.
      if (basis === 'window') return 'await';
      return leadsTo ? `queue before ${cleanText(leadsTo)}` : 'own queue or lock';
    default:
      return kind;
  }
}

/** `query  db.js:41`, the path shortened from the left; '' when no stack was taken. */
export function siteText(
  site: WaitGroup['site'],
  cwd: string,
  width: number = Number.POSITIVE_INFINITY,
): string {
  if (site === undefined) return '';
  const name = site.function === '' ? '(anonymous)' : cleanText(site.function);
  const place = `${cleanText(shortPath(site.file, cwd))}:${site.line}`;
  const room = width - textWidth(name) - 2;
  if (textWidth(place) <= room) return `${name}  ${place}`;
  return truncate(`${name}  ${shortenPath(place, Math.max(room, 12))}`, width);
}

/** `10 in flight of 10 connections`, `12 waiting at most`, `1 waits now`. */
export function flightText({ connections, kind, mostAtOnce, waitingNow }: WaitGroup): string {
  if (kind === 'peer' && connections !== undefined) {
    const { open, mostBusy } = connections;
    return open > 0 ? `${mostBusy} in flight of ${Math.max(open, mostBusy)}` : `${mostBusy} in flight`;
  }
  const most = `${formatNumber(mostAtOnce)} at once`;
  return waitingNow > 0 ? `${most}, ${formatNumber(waitingNow)} now` : most;
}

/** The answer in a sentence. */
export function asyncHeadline({
  summary,
  manifest,
}: Pick<AsyncDocument, 'summary'> & {
  manifest: { target: Pick<RecordingManifest['target'], 'cwd'> };
}): string {
  const { cwd } = manifest.target;
  const [top] = summary.groups;
  const at = (group: WaitGroup): string => {
    const text = siteText(group.site, cwd).replace('  ', ' at ');
    return text === '' ? '' : `, via ${text}`;
  };
  if (summary.basis === 'window') {
    const pending = pendingGroups(summary)[0];
    if (pending === undefined) return 'No request was served and nothing was waited for';
    return `No request was served; ${formatNumber(pending.waitingNow)} × ${waitName(pending, 'window')}${at(pending)} ${pending.waitingNow === 1 ? 'waits' : 'wait'} at the end`;
  }
  const shares: [number, string][] = [
    [summary.runningShare, 'run JavaScript'],
    [summary.unexplainedShare, 'wait for something that leaves no operation'],
  ];
  const [share, what] = shares.reduce((a, b) => (b[0] > a[0] ? b : a));
  if (top === undefined || share > top.requestShare)
    return `Requests spend ${formatNumber(share)} % of their time to ${what}`;
  return `Requests wait ${formatNumber(top.requestShare)} % of their time: ${waitName(top)}${at(top)}`;
}

/** What waits at the end of the window, most first. */
export function pendingGroups({ groups }: WaitSummary): WaitGroup[] {
  return groups.filter(({ waitingNow }) => waitingNow > 0).sort((a, b) => b.waitingNow - a.waitingNow);
}

/** What ran when it was thrown, and by what that was begun: `timer of 40 ms`, `HTTP request`. */
export function originName(origin: Pick<ThrownOrigin, 'kind' | 'subject'>): string {
  // A promise's callback is the code after an `await`: there is no queue to speak of.
  return origin.kind === 'promise' ? 'await' : waitName({ ...origin, leadsTo: '' });
}

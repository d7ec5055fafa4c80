import { buildWaitGraph } from '../async/async-graph.ts';
import type { OperationTable } from '../async/build-operations.ts';
import type { CreationSite } from '../async/operation.ts';
import { buildSlowestRequests, routeName, type WaterfallSpan } from '../async/request-waterfall.ts';
import { buildThrownErrors } from '../async/thrown-errors.ts';
import { groupSubject } from '../async/wait-group.ts';
import type { WaitGroup, WaitSummary } from '../async/wait-summary.ts';
import { formatNumber } from '../base/quantity.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import { makeSourceBook, type SourceBook } from '../source-map/source-book.ts';
import { asyncHeadline, flightText, originName, siteText, waitName } from './async-document.ts';
import type { AsyncPage, PageFact } from './page-data.ts';
import type { PageSite, PageWait, PageWaits } from './page-waits.ts';
import { quoteFiles } from './quote-sources.ts';
import { shortPath } from './short-path.ts';

/** What a page of `holter async` is made of. */
export interface AsyncPageInput {
  table: OperationTable;
  summary: WaitSummary;
  /** Absent: the log alone was opened. */
  manifest?: RecordingManifest;
  /** Name of the process, or of the file. */
  name: string;
  /** Folder paths are shown relative to, '' whole paths. */
  cwd: string;
  /** Texts of the program's files. */
  book?: SourceBook | undefined;
  /** Version of holter, and name and size of the recording. */
  holter: string;
  recording: string;
  recordingBytes: number;
  next: { command: string; note: string }[];
}

/** Everything the page of `holter async` shows. Pure. */
export function buildAsyncPage(input: AsyncPageInput): AsyncPage {
  const { table, summary, manifest, cwd } = input;
  const waits = buildPageWaits(table, summary, cwd);
  const { pid = 0, node = table.log.node } = manifest?.target ?? {};
  return {
    schema: 'holter.page/2',
    kind: 'async',
    subject: { verb: 'async', name: input.name, detail: pid > 0 ? `pid ${pid}` : '' },
    holter: input.holter,
    recording: input.recording,
    recordingBytes: input.recordingBytes,
    profiles: [],
    sources: quoteWaitSources(table, waits, input.book, cwd),
    headline: asyncHeadline({ summary, manifest: { target: { cwd } } }),
    details: [...describe(summary), ...uncaughtTexts(table, cwd)],
    facts: listFacts(summary, node, manifest),
    warnings: warn(manifest),
    waits,
    ...(manifest === undefined
      ? {}
      : {
          target: {
            actions: manifest.actions,
            left: manifest.left,
            inspectorOpenMs: manifest.inspectorOpenMs,
          },
        }),
    next: input.next,
  };
}

/** The models of `table` as a page shows them: also what a page of `holter doctor` has of them. */
export function buildPageWaits(table: OperationTable, summary: WaitSummary, cwd: string): PageWaits {
  const sites = new SiteList(cwd);
  const { log } = table;
  const groupNumber = new Map<WaitGroup, number>(summary.groups.map((group, i) => [group, i]));
  const groupOf = makeGroupFinder(summary.groups);
  const graph = buildWaitGraph(table, summary);
  const names = new Set([...Object.keys(log.resources.first), ...Object.keys(log.resources.last)]);
  return {
    basis: summary.basis,
    windowMs: round(summary.windowMs),
    requests: summary.requests,
    followed: summary.followed,
    inFlight: { ...summary.requestsInFlight, mean: round(summary.requestsInFlight.mean) },
    runningShare: known(summary.runningShare),
    unexplainedShare: known(summary.unexplainedShare),
    groups: summary.groups.map((group) => pageWait(group, summary.basis, sites)),
    graph: {
      nodes: graph.nodes.map((node) => ({
        role: node.role,
        name: node.name,
        groups: node.groups.map((group) => groupNumber.get(group)!),
        party: node.party,
        package: node.package,
        count: node.count,
        waitMs: round(node.waitMs),
        runMs: known(node.runMs),
        share: known(node.share),
        waitingNow: node.waitingNow,
      })),
      edges: graph.edges,
    },
    slow: buildSlowestRequests(table).map((request) => ({
      route: routeName(request),
      method: request.method,
      path: request.path,
      status: request.status,
      finished: request.finished,
      startedAt: round(request.startedAt),
      ms: round(request.ms),
      runMs: round(request.runMs),
      unexplainedMs: round(request.unexplainedMs),
      leftOut: request.leftOut,
      slowerThan: request.slowerThan,
      spans: request.spans.map((span) => ({
        kind: span.kind,
        name: waitName(span),
        site: sites.add(span.site ?? summary.groups[groupOf(span)]?.site),
        from: round(span.from),
        to: round(span.to),
        // A promise may stay pending for ever after its request is over.
        open: span.open && !request.finished,
        chain: span.chain.map((site) => sites.add(site)),
        group: groupOf(span),
      })),
    })),
    sites: sites.sites,
    resources: [...names]
      .map((name) => ({ name, first: log.resources.first[name] ?? 0, last: log.resources.last[name] ?? 0 }))
      .sort((a, b) => b.last - a.last || b.first - a.first),
    notes: summary.notes,
  };
}

function pageWait(group: WaitGroup, basis: WaitSummary['basis'], sites: SiteList): PageWait {
  return {
    kind: group.kind,
    name: waitName(group, basis),
    site: sites.add(group.site),
    count: group.count,
    share: Math.round(group.requestShare * 100) / 100,
    median: known(group.median),
    p95: known(group.p95),
    max: known(group.max),
    mostAtOnce: group.mostAtOnce,
    waitingNow: group.waitingNow,
    flight: flightText(group),
  };
}

/**
 * Gives the group of a span, −1 none: that of its line, or where no stack of it was taken the only one for the same thing
 * (as wait-group.ts counts it).
 */
function makeGroupFinder(groups: readonly WaitGroup[]): (span: WaterfallSpan) => number {
  const byLine = new Map(groups.map((group, i) => [groupKey(group), i]));
  const only = new Map<string, number>();
  for (const [i, { kind, subject }] of groups.entries()) {
    const key = groupKey({ kind, subject, site: undefined });
    only.set(key, only.has(key) ? -1 : i);
  }
  return (span) =>
    byLine.get(groupKey(span)) ??
    (span.site === undefined ? only.get(groupKey({ ...span, site: undefined })) : undefined) ??
    -1;
}

function groupKey({ kind, subject, site }: Pick<WaitGroup, 'kind' | 'subject' | 'site'>): string {
  const place = site === undefined ? '' : `${site.function}\n${site.file}:${site.line}`;
  // Calls of node:fs are one group by their line, whatever is known of their names.
  return `${kind}\n${kind === 'fs' ? '' : groupSubject(kind, subject)}\n${place}`;
}

/** Lines of a page, each once. */
class SiteList {
  readonly sites: PageSite[] = [];
  private readonly numbers: Map<string, number> = new Map();
  private readonly cwd: string;

  constructor(cwd: string) {
    this.cwd = cwd;
  }

  /** Index of a site; −1 of none. */
  add(site: CreationSite | undefined): number {
    if (site === undefined) return -1;
    const key = `${site.function}\n${site.file}:${site.line}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number =
        this.sites.push({
          function: site.function,
          file: shortPath(site.file, this.cwd),
          line: site.line,
          party: site.party,
          package: site.package,
        }) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }
}

/** Texts of the files whose lines the page names. */
export function quoteWaitSources(
  table: OperationTable,
  waits: PageWaits,
  book: SourceBook = makeSourceBook(new Map()),
  cwd: string,
): Record<string, string> {
  const files = new Map<string, string>();
  const weights = new Map<string, number>();
  for (const { file, party } of table.sites.sites) {
    if (party !== 'user') continue;
    files.set(shortPath(file, cwd), file);
    weights.set(file, 1);
  }
  // Files of the largest waits first: not all may have room.
  for (const { site, share } of waits.groups) {
    const file = files.get(waits.sites[site]?.file ?? '');
    if (file !== undefined) weights.set(file, (weights.get(file) ?? 0) + share);
  }
  return quoteFiles(weights, book, cwd);
}

/** What comes next after the headline. */
function describe({
  basis,
  followed,
  requests,
  groups,
  runningShare,
  unexplainedShare,
  windowMs,
}: WaitSummary): string[] {
  if (basis === 'window')
    return [`Nothing was served in ${formatNumber(windowMs / 1000)} s: shares are of that time.`];
  // The largest is the headline, unless more time is spent on none of them.
  const first = (groups[0]?.requestShare ?? 0) >= Math.max(runningShare, unexplainedShare) ? 1 : 0;
  const next = groups.slice(first, first + 3).filter(({ requestShare }) => requestShare >= 1);
  const parts = [
    ...next.map(
      (group) =>
        `${waitName(group)}${group.site ? ` (${group.site.function || 'line'}:${group.site.line})` : ''} ${formatNumber(group.requestShare)} %`,
    ),
    `running JavaScript ${formatNumber(runningShare)} %`,
  ];
  return [
    `Then ${parts.join(', ')}. Shares are of the time that requests took${followed < requests ? ', of those that were followed' : ''}.`,
  ];
}

/** Errors that nobody caught, a sentence each, with who scheduled the code that threw. */
function uncaughtTexts(table: OperationTable, cwd: string): string[] {
  return buildThrownErrors(table)
    .slice(0, 3)
    .map(({ name, message, count, sites, origins }) => {
      const [origin] = origins;
      const place = (site: CreationSite): string => siteText(site, cwd).replace('  ', ' ');
      const at = sites[0] === undefined ? '' : ` in ${place(sites[0])}`;
      const steps = origin === undefined ? [] : origin.chain.slice(0, 4).map(place);
      if (origin !== undefined && origin.request !== '') steps.push(origin.request);
      const by = origin === undefined ? '' : `, in a ${originName(origin)} begun by ${steps.join(' < ')}`;
      return `${formatNumber(count)} × caught by nobody: ${name}${message === '' ? '' : `: ${message}`}${at}${by}.`;
    });
}

function listFacts(summary: WaitSummary, node: string, manifest: RecordingManifest | undefined): PageFact[] {
  return [
    ...(node === '' ? [] : [{ label: 'Node', value: node }]),
    { label: 'recorded', value: `${formatNumber(summary.windowMs / 1000)} s` },
    { label: 'requests', value: formatNumber(summary.requests) },
    ...(summary.basis === 'requests' ? [{ label: 'followed', value: formatNumber(summary.followed) }] : []),
    ...(manifest === undefined
      ? []
      : [{ label: 'at', value: manifest.window.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC') }]),
  ];
}

function warn(manifest: RecordingManifest | undefined): string[] {
  const end = manifest?.window.end.kind;
  if (end === 'interrupted') return ['Stopped early (Ctrl-C).'];
  if (end === 'target-exited') return ['The process ended while it was watched.'];
  return [];
}

/** Hundredths: what can be seen of a millisecond. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function known(value: number): number | null {
  return Number.isFinite(value) ? round(value) : null;
}

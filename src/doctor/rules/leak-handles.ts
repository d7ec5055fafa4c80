import { HANDLE_TYPES } from '../../async/leak-recorder-state.ts';
import { formatDuration, formatPercent } from '../../base/quantity.ts';
import { adviceFor } from '../advice.ts';
import type { Evidence } from '../evidence.ts';
import type { Facts } from '../facts.ts';
import { displayPath } from '../finding.ts';
import {
  calledOf,
  countText,
  followsLoad,
  type LeakFacts,
  leakConfidence,
  leakExcerpt,
  leakLine,
  leakPlaces,
  measureLeaks,
} from '../leak-facts.ts';
import { type CountGrowth, LEAST_GROWTH, measureCountGrowth } from '../leak-growth.ts';
import { groupLeakSites, type LeakSite, leaks } from '../leak-sites.ts';
import { nextCommands } from '../next-commands.ts';
import type { EvidenceLine, Finding } from '../report.ts';
import type { Rule } from '../rule.ts';

/**
 * Sockets, files, watchers, children are opened and not closed.
 *
 *     open   ╱   count of one kind: Node's own list, and /proc/PID/fd with the state of each socket
 *          ╱     creations by line, with weak references: those that are still open at the end
 *
 * Statistic: count over time (leak-growth.ts), and of the creations of a line the share that is open at the end, older and
 * younger ones apart (leak-sites.ts). Threshold: the count grows by 10 at least and goes on; one line leaves 10 open, of the
 * older ones as many as of the younger, and is 30 % of the growth. Incoming sockets have no line: only those whose peer has
 * closed and the program has not (CLOSE_WAIT) are a leak, others are the peer's doing. Reason: pools and keep-alive
 * connections reach their number and stay there; what a request or a connection under way holds is closed with it.
 */
export const leakHandles: Rule = {
  kind: 'leak-handles',
  needs: ['leaks'],
  judge(evidence: Evidence, facts: Facts): Finding[] {
    const known = measureLeaks(evidence, facts);
    if (known === undefined) return [];
    const findings = [
      ...closeWaits(known, evidence, facts),
      ...openFiles(known, evidence, facts),
      ...Object.entries(HANDLE_TYPES).flatMap(([type, name]) => handles(type, name, known, evidence, facts)),
    ];
    // A child brings its pipes.
    const child = findings.find(({ advice }) => advice === adviceFor('leak-handles', 'child'))?.where[0];
    return findings
      .filter(
        ({ title, where }) => child === undefined || !title.includes(PIPES) || where[0]?.line !== child.line,
      )
      .sort((a, b) => (b.evidence[1]?.value ?? 0) - (a.evidence[1]?.value ?? 0))
      .slice(0, 3);
  },
};

const SHARE_OF_GROWTH = 0.3;
/** The limit of descriptors is that near: nothing can be opened then. */
const SOON_MINUTES = 30;

/** A kind of handle that grows. */
interface Counted {
  many: string;
  /** Section of the advice. */
  variant: string;
  growth: CountGrowth;
  /** Counts nothing else. */
  isExact: boolean;
  extra?: EvidenceLine[];
}

const PIPES = 'pipes or Unix sockets';

/** What people call them. */
const NAMES: Record<string, [one: string, many: string, variant: string]> = {
  TCPSocketWrap: ['outgoing connection', 'outgoing connections', 'socket'],
  TCPServerWrap: ['server', 'servers', 'server'],
  PipeWrap: ['pipe or Unix socket', PIPES, 'socket'],
  PipeServerWrap: ['server', 'servers', 'server'],
  ProcessWrap: ['child process', 'child processes', 'child'],
  FSEventWrap: ['file watcher', 'file watchers', 'watcher'],
  StatWatcher: ['file watcher', 'file watchers', 'watcher'],
  UDPWrap: ['UDP socket', 'UDP sockets', 'socket'],
  MessagePort: ['message port or worker', 'message ports or workers', 'worker'],
  TTYWrap: ['terminal', 'terminals', 'socket'],
};

function handles(type: string, name: string, known: LeakFacts, evidence: Evidence, facts: Facts): Finding[] {
  const { log, book, fromMs } = known;
  // Node's list has incoming connections among the others; the kernel tells them apart.
  const own = type === 'TCPWRAP' ? outgoing(known) : undefined;
  const counts = log.resources[name];
  const exact = own === undefined ? undefined : measureCountGrowth(own.times, own.counts, fromMs);
  const growth = exact ?? (counts === undefined ? undefined : measureCountGrowth(log.times, counts, fromMs));
  if (growth === undefined) return [];
  const sites = groupLeakSites(log, book, (_, made) => (made === type ? type : undefined)).filter(
    ({ site }) => site !== undefined,
  );
  const found = sites.filter((site) => leaks(site, LEAST_GROWTH));
  const [worst] = found;
  if (worst === undefined || worst.perMinute < SHARE_OF_GROWTH * growth.perMinute) return [];
  if (followsLoad(known, worst.alive)) return [];
  const [, many, variant] = NAMES[name] ?? [name, name, ''];
  const isExact = type !== 'TCPWRAP' || exact !== undefined;
  return [siteFinding(worst, found, { many, variant, growth, isExact }, known, evidence, facts)];
}

function openFiles(known: LeakFacts, evidence: Evidence, facts: Facts): Finding[] {
  const { log, book, fromMs } = known;
  const counts = log.descriptors?.counts.file;
  const growth =
    counts === undefined ? undefined : measureCountGrowth(log.descriptors!.times, counts, fromMs);
  if (growth === undefined || followsLoad(known, growth.growth)) return [];
  const sites = groupLeakSites(log, book, (_, made) => (made.startsWith('open') ? 'open' : undefined));
  const found = sites.filter((site) => leaks(site, LEAST_GROWTH) && site.site !== undefined);
  const [path, first, last] = log.descriptors?.files[0] ?? ['', 0, 0];
  const what = path === '' ? '' : displayPath(path, evidence.manifest.target.cwd);
  const extra =
    what === ''
      ? []
      : [
          leakLine(
            'the same file more',
            last - first,
            '',
            `${countText(last)} times ${what} is open, ${countText(last - first)} times more than at first.`,
          ),
        ];
  const [worst] = found;
  if (worst !== undefined && worst.perMinute >= SHARE_OF_GROWTH * growth.perMinute)
    return [
      siteFinding(
        worst,
        found,
        { many: 'open files', variant: 'file', growth, isExact: true, extra },
        known,
        evidence,
        facts,
      ),
    ];
  const { perMinute } = growth;
  const more = (perMinute * facts.windowMs) / 60_000;
  return [
    {
      kind: 'leak-handles',
      problem: 'memory-growth',
      severity: 'warning',
      confidence: leakConfidence(0.75, facts),
      title: `${countText(more)} open files more in ${formatDuration(facts.windowMs)} (${countText(perMinute)} per minute)${what === '' ? '' : `: ${what}`}`,
      evidence: [
        leakLine('open files now', growth.now, '', `${countText(growth.now)} files are open now.`),
        leakLine('growth', perMinute, '/min', `${countText(perMinute)} more per minute.`),
        ...extra,
        ...limitLine(known, perMinute),
      ],
      where: [],
      advice: adviceFor('leak-handles', 'file'),
      next: nextCommands(evidence, 'after-fix'),
      alsoExplains: ['server-error'],
    },
  ];
}

function closeWaits(known: LeakFacts, evidence: Evidence, facts: Facts): Finding[] {
  const { log, fromMs } = known;
  return Object.entries(log.descriptors?.counts ?? {}).flatMap(([name, counts]): Finding[] => {
    const match = /^(in|out) CLOSE_WAIT (.*)$/.exec(name);
    const growth = match === null ? undefined : measureCountGrowth(log.descriptors!.times, counts, fromMs);
    if (match === null || growth === undefined) return [];
    const [, way, address] = match;
    const { now, perMinute } = growth;
    const more = (perMinute * facts.windowMs) / 60_000;
    return [
      {
        kind: 'leak-handles',
        problem: 'memory-growth',
        severity: perMinute >= 1200 || untilLimit(known, perMinute) <= SOON_MINUTES ? 'critical' : 'warning',
        confidence: leakConfidence(0.9, facts),
        title: `${countText(more)} connections more in CLOSE_WAIT in ${formatDuration(facts.windowMs)} (${countText(perMinute)} per minute): ${way === 'in' ? `clients of ${address} have` : `${address} has`} closed them, the program has not`,
        evidence: [
          leakLine(
            'in CLOSE_WAIT now',
            now,
            '',
            `${countText(now)} connections ${way === 'in' ? `on ${address}` : `to ${address}`} are in CLOSE_WAIT now.`,
          ),
          leakLine('growth', perMinute, '/min', `${countText(perMinute)} more per minute.`),
          ...limitLine(known, perMinute),
        ],
        where: [],
        advice: adviceFor('leak-handles', 'half-open', { address }),
        next: [`holter stack ${evidence.manifest.target.pid}`],
        alsoExplains: ['server-error'],
      },
    ];
  });
}

function siteFinding(
  site: LeakSite,
  found: readonly LeakSite[],
  { many, variant, growth, isExact, extra = [] }: Counted,
  known: LeakFacts,
  evidence: Evidence,
  facts: Facts,
): Finding {
  const all = found.reduce((sum, { perMinute }) => sum + perMinute, 0);
  const share = site.perMinute / Math.max(1, all);
  // One line: its growth is that of the count. More: the sample's estimate.
  const isAll = isExact && found.length === 1;
  const perMinute = isAll ? growth.perMinute : Math.min(site.perMinute, growth.perMinute);
  const { now } = growth;
  const more = (perMinute * facts.windowMs) / 60_000;
  const called = calledOf(known, site.stack);
  const where = site.site!.function === '' ? 'an anonymous function' : site.site!.function;
  const how =
    site.oldSurvival >= 0.9
      ? 'are not closed'
      : `are not closed in ${formatPercent(site.oldSurvival * 100)} of the cases`;
  const source = leakExcerpt(evidence, site.site, called);
  return {
    kind: 'leak-handles',
    problem: 'memory-growth',
    severity: perMinute >= 1200 || untilLimit(known, perMinute) <= SOON_MINUTES ? 'critical' : 'warning',
    confidence: leakConfidence(0.86 + (site.oldSurvival >= 0.9 ? 0.04 : 0), facts),
    title: `${countText(more)} ${many} more in ${formatDuration(facts.windowMs)} (${countText(perMinute)} per minute): those that ${where} opens ${how}`,
    evidence: [
      isExact
        ? leakLine(`${many} now`, now, '', `${countText(now)} ${many} now.`)
        : leakLine(
            'connections now',
            now,
            '',
            `${countText(now)} connections now, incoming ones among them.`,
          ),
      leakLine('growth', perMinute, '/min', `${countText(perMinute)} more per minute.`),
      leakLine(
        'opened and not closed',
        site.alive,
        '',
        `In ${formatDuration(site.spanMs)} this line opened ${countText(site.created)}, of which ${countText(site.created - site.alive)} are closed and ${countText(site.alive)} are not.`,
      ),
      ...(found.length === 1
        ? []
        : [
            leakLine(
              'share of the growth',
              share * 100,
              '%',
              `${formatPercent(share * 100)} of what stays open is of this line.`,
            ),
          ]),
      ...extra,
      ...limitLine(known, perMinute),
    ],
    where: leakPlaces(known, site.stack, site.site, evidence, share),
    advice: adviceFor('leak-handles', variant),
    next: nextCommands(evidence, 'after-fix'),
    alsoExplains: ['server-error'],
    ...(source === undefined ? {} : { source }),
  };
}

/** Minutes until the process has as many descriptors as it may; Infinity unknown. */
function untilLimit({ log }: LeakFacts, perMinute: number): number {
  const { limit, counts } = log.descriptors ?? { limit: null, counts: {} };
  if (limit === null || !(perMinute > 0)) return Number.POSITIVE_INFINITY;
  const now = Object.values(counts).reduce((sum, values) => sum + (values.at(-1) ?? 0), 0);
  return Math.max(0, limit - now) / perMinute;
}

function limitLine(known: LeakFacts, perMinute: number): EvidenceLine[] {
  const minutes = untilLimit(known, perMinute);
  const limit = known.log.descriptors?.limit ?? 0;
  if (!(minutes <= 24 * 60)) return [];
  return [
    leakLine(
      'limit of descriptors reached in',
      minutes,
      'min',
      `At this rate the limit of ${countText(limit)} open descriptors is reached in ${formatDuration(minutes * 60_000)}.`,
    ),
  ];
}

/** Connections that the process made, over time; undefined when the kernel could not be asked. */
function outgoing({ log }: LeakFacts): { times: number[]; counts: number[] } | undefined {
  const { descriptors } = log;
  if (descriptors === undefined) return undefined;
  const counts = descriptors.times.map(() => 0);
  for (const [name, values] of Object.entries(descriptors.counts))
    if (name.startsWith('out ')) for (const [index, value] of values.entries()) counts[index]! += value;
  return { times: descriptors.times, counts };
}

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes } from '../base/quantity.ts';
import type { TargetInfo } from '../base/target-info.ts';
import { makeFolder } from '../recording/write-recording.ts';
import { AgentWatch } from '../visit/watch-agent.ts';
import { confirmStuck } from '../visit/watch-confirm.ts';
import { CoreWatch } from '../visit/watch-cores.ts';
import { leastHeapLimit, readHeapRoom } from '../visit/watch-heap-room.ts';
import { coreFolder, type ExitHow, type Life, Lives } from '../visit/watch-lives.ts';
import { Captures } from './captures.ts';
import { type Hit, holds, matches, memoryOf, type Named, type Reading } from './conditions.ts';
import type { Emit } from './event.ts';
import { visitForFindings } from './finding-visit.ts';
import { sayHit } from './hit-text.ts';
import { Ledger } from './limits.ts';
import { type Rule, SEVERITY_WORDS, type Trigger, type WatchConfig } from './rules.ts';
import { readState, writeState } from './state-file.ts';
import { infoOf, noTarget } from './target-facts.ts';

export interface WatchOptions {
  config: WatchConfig;
  /** Folder of recordings and state. */
  out: string;
  /** How holter is called for captures. */
  holter: readonly string[];
  /** Folder of holter's own programs. */
  own: string;
  version: string;
  /** Which processes, beside the filters of the rules. */
  wanted: (process: Named) => boolean;
  /** Ends when the captures of the first event are done. */
  once: boolean;
  signal: AbortSignal;
  emit: Emit;
}

interface Tracked {
  life: Life;
  info: TargetInfo;
  readings: Reading[];
  /** Rules whose condition holds now: told when it begins to, not at every look. */
  holding: Set<Rule>;
  /** When to look at it again, by rule or kind; monotonic ms. */
  next: Map<Rule, number>;
  heapLimit: number | undefined;
  busy: Set<Rule>;
}

/** Between two looks at the heap of a process that has grown enough to be near its limit. */
const HEAP_EVERY_MS = 10_000;
/** After a suspicion that was none; doubled each time. */
const CONFIRM_AGAIN_MS = 10_000;
const CORES_EVERY_MS = 2000;
const AGENT_EVERY_MS = 1000;
/** A condition that ends and comes back is a new event. */
const TELL_SKIPPED_EVERY_MS = 60_000;
const STATE_EVERY_MS = 30_000;

/** Watches until `signal` aborts, or once. Returns when all captures are done and the targets are left. */
export async function watchRun(options: WatchOptions): Promise<void> {
  const { config, out, signal, emit } = options;
  await makeFolder(out);
  const ledger = new Ledger(config.limits.perHour, (await readState(out)).spent);
  const captures = new Captures(options);
  const lives = new Lives(options.own);
  const cores = new CoreWatch();
  const agent = new AgentWatch(
    process.env.HOLTER_DIR || join(tmpdir(), `holter-agent-${process.getuid?.() ?? 0}`),
  );
  const tracked = new Map<string, Tracked>();
  const skipped = new Map<string, { at: number; times: number }>();
  const keepMs = Math.max(config.keepMs, ...config.rules.map(({ trigger }) => memoryOf(trigger)));
  const coreRules = config.rules.filter(({ trigger }) => trigger.kind === 'core');
  const agentRules = config.rules.filter(({ trigger }) => trigger.kind === 'agent');
  const endedIn = new Map<string, number>();
  let fired = 0;
  let nextCores = 0;
  let nextAgent = 0;
  let nextState = 0;

  const namedOf = ({ life, info }: Tracked): Named => ({
    pid: life.pid,
    names: life.names,
    ports: life.row.ports,
    uid: life.uid,
    cluster: life.cluster,
    ageMs: info.startedAt === '' ? life.row.uptimeSeconds * 1000 : Date.now() - Date.parse(info.startedAt),
  });

  /** Fires a rule, within its limits. */
  const fire = (
    rule: Rule,
    hit: Hit,
    of: {
      key: string;
      subject: string;
      target: TargetInfo;
      readings: readonly Reading[];
      ended?: boolean;
      pausesMs?: readonly number[];
    },
  ): void => {
    if (signal.aborted) return;
    const target = { pid: of.target.pid, name: of.target.name };
    const now = Date.now();
    const refusal =
      options.once && fired > 0 ? 'only the first event was asked for' : ledger.refusal(rule, of.key, now);
    if (refusal !== undefined) {
      const told = skipped.get(`${rule.name} ${refusal}`) ?? { at: 0, times: 0 };
      told.times++;
      if (now - told.at >= TELL_SKIPPED_EVERY_MS) {
        emit({
          event: 'skipped',
          rule: rule.name,
          target,
          hit,
          text: `${hit.text}: ${refusal}`,
          times: told.times,
        });
        told.at = now;
        told.times = 0;
      }
      skipped.set(`${rule.name} ${refusal}`, told);
      return;
    }
    fired++;
    ledger.spend(rule.name, of.key, now);
    void writeState(out, ledger.spent);
    emit({ event: 'triggered', rule: rule.name, target, hit, text: sayHit(hit) });
    captures.begin({
      rule,
      hit,
      subject: of.subject,
      target: of.target,
      readings: of.readings.slice(-Math.max(2, Math.ceil(keepMs / config.everyMs))),
      ended: of.ended === true,
      pausesMs: of.pausesMs ?? [],
    });
  };

  const fireFor = (each: Tracked, rule: Rule, hit: Hit, pausesMs: readonly number[] = []): void =>
    fire(rule, hit, {
      key: each.life.key,
      subject: String(each.life.pid),
      target: each.info,
      readings: each.readings,
      pausesMs,
    });

  /** Asks something that takes a while, not twice at once for the same rule and process. */
  const ask = (each: Tracked, rule: Rule, work: () => Promise<void>): void => {
    each.busy.add(rule);
    work()
      .catch((error: unknown) => emit({ event: 'problem', rule: rule.name, text: String(error) }))
      .finally(() => each.busy.delete(rule));
  };

  const judge = (each: Tracked, rule: Rule, at: number): void => {
    const { trigger } = rule;
    if (each.busy.has(rule) || at < (each.next.get(rule) ?? 0)) return;
    if (trigger.kind === 'heap') {
      judgeHeap(each, rule, trigger, at);
      return;
    }
    if (trigger.kind === 'finding') {
      judgeFinding(each, rule, trigger, at);
      return;
    }
    const hit = holds(trigger, each.readings);
    if (hit === undefined) {
      each.holding.delete(rule);
      return;
    }
    if (each.holding.has(rule)) return;
    if (trigger.kind === 'blocked') {
      // A process whose limits are spent is not stopped for nothing.
      const refusal = ledger.refusal(rule, each.life.key, Date.now());
      if (refusal !== undefined) {
        each.holding.add(rule);
        fireFor(each, rule, hit);
        return;
      }
      ask(each, rule, async () => {
        const { isStuck, where, pausesMs } = await confirmStuck(each.life.pid, signal);
        if (isStuck) {
          each.holding.add(rule);
          fireFor(
            each,
            rule,
            { ...hit, text: where === '' ? hit.text : `${hit.text}, in ${where}` },
            pausesMs,
          );
        } else each.next.set(rule, at + CONFIRM_AGAIN_MS);
      });
      return;
    }
    each.holding.add(rule);
    fireFor(each, rule, hit);
  };

  const judgeHeap = (
    each: Tracked,
    rule: Rule,
    trigger: Extract<Trigger, { kind: 'heap' }>,
    at: number,
  ): void => {
    const rss = each.readings.at(-1)?.rss ?? 0;
    each.heapLimit ??= leastHeapLimit(each.life.pid);
    if (rss < (each.heapLimit * trigger.over) / 100) {
      each.holding.delete(rule);
      return;
    }
    each.next.set(rule, at + HEAP_EVERY_MS);
    ask(each, rule, async () => {
      const room = await readHeapRoom(each.life.pid);
      if (room === undefined) return;
      each.heapLimit = room.limitBytes;
      const value = (100 * room.usedBytes) / room.limitBytes;
      if (value < trigger.over) each.holding.delete(rule);
      else if (!each.holding.has(rule)) {
        each.holding.add(rule);
        const text = `old generation ${formatBytes(room.usedBytes)} of ${formatBytes(room.limitBytes)}`;
        fireFor(each, rule, { value, unit: 'percent', limit: trigger.over, text }, [room.pausedMs]);
      }
    });
  };

  const judgeFinding = (
    each: Tracked,
    rule: Rule,
    trigger: Extract<Trigger, { kind: 'finding' }>,
    at: number,
  ): void => {
    if (ledger.refusal(rule, each.life.key, Date.now()) !== undefined) return;
    each.next.set(rule, at + trigger.everyMs);
    ask(each, rule, async () => {
      const seen = await captures.takeTurn(() => visitForFindings(each.life.pid, trigger.forMs, options));
      const least = SEVERITY_WORDS.indexOf(trigger.severity);
      const found = seen?.findings?.find(
        ({ kind, severity }) =>
          (trigger.kinds.length === 0 || trigger.kinds.includes(kind)) &&
          (SEVERITY_WORDS as readonly string[]).indexOf(severity) >= least,
      );
      if (seen?.ok === false && !signal.aborted)
        emit({
          event: 'problem',
          rule: rule.name,
          target: { pid: each.life.pid, name: each.info.name },
          text: `doctor: ${seen.text}`,
        });
      if (found !== undefined)
        fireFor(each, rule, { value: 1, unit: 'count', limit: 1, text: `${found.kind}: ${found.title}` });
    });
  };

  const ended = (each: Tracked, how: ExitHow | undefined, at: number): void => {
    const { life, info } = each;
    tracked.delete(life.key);
    if (life.cwd !== '') endedIn.set(life.cwd, at);
    const text = how === undefined ? 'ended' : `ended with ${how.signal ?? `code ${how.code}`}`;
    if (!options.wanted(namedOf(each))) return;
    emit({
      event: 'process-ended',
      target: { pid: life.pid, name: info.name },
      text,
      ...(how === undefined ? {} : { exit: how }),
    });
    for (const rule of config.rules) {
      const { trigger } = rule;
      if (trigger.kind !== 'exit' || !matches(rule.filter, namedOf(each))) continue;
      const isAny = trigger.codes.length + trigger.signals.length === 0;
      const counts =
        isAny ||
        (how?.code !== undefined && trigger.codes.includes(how.code)) ||
        (how?.signal !== undefined && trigger.signals.includes(how.signal));
      if (counts)
        fire(
          rule,
          { value: how?.code ?? 0, unit: 'count', limit: 0, text },
          { key: life.key, subject: '', target: info, readings: each.readings, ended: true },
        );
    }
  };

  const lookForCores = (at: number): void => {
    nextCores = at + CORES_EVERY_MS;
    for (const [folder, when] of endedIn) if (at - when > 120_000) endedIn.delete(folder);
    const usual = [
      coreFolder() ?? [],
      ...[...tracked.values()].map(({ life }) => life.cwd),
      ...endedIn.keys(),
    ].flat();
    const given = coreRules.flatMap(({ trigger }) => (trigger.kind === 'core' ? trigger.folders : []));
    for (const core of cores.look([...usual, ...given].filter((folder) => folder !== ''))) {
      for (const rule of coreRules) {
        if (rule.trigger.kind !== 'core') continue;
        const { folders } = rule.trigger;
        if (
          folders.length > 0 &&
          !folders.some((folder) => core.path === join(folder, core.path.split('/').at(-1) ?? ''))
        )
          continue;
        const name = core.path.split('/').at(-1) ?? 'core';
        fire(
          rule,
          { value: core.bytes, unit: 'bytes', limit: 0, text: `new core ${core.path}` },
          { key: core.key, subject: core.path, target: noTarget(name), readings: [], ended: true },
        );
      }
    }
  };

  const lookForAgent = (at: number): void => {
    nextAgent = at + AGENT_EVERY_MS;
    for (const { pid, folder, event } of agent.look()) {
      const each = [...tracked.values()].find(({ life }) => life.pid === pid);
      for (const rule of agentRules) {
        if (rule.trigger.kind !== 'agent') continue;
        const { events } = rule.trigger;
        if (
          events.length > 0
            ? !events.includes(event.kind)
            : event.kind === 'started' || event.kind === 'capture'
        )
          continue;
        const hit: Hit = { value: 1, unit: 'count', limit: 1, text: `${event.kind}: ${event.text}` };
        if (each !== undefined) {
          if (matches(rule.filter, namedOf(each))) fireFor(each, rule, hit);
        } else
          fire(rule, hit, {
            key: folder,
            subject: '',
            target: { ...noTarget(folder.split('/').at(-1) ?? ''), pid },
            readings: [],
            ended: true,
          });
      }
    }
  };

  // What is there already is old.
  agent.look();
  emit({
    event: 'watching',
    folder: out,
    text: `${config.rules.length} ${config.rules.length === 1 ? 'rule' : 'rules'}: ${config.rules.map(({ name }) => name).join(', ')}`,
  });
  try {
    while (!signal.aborted) {
      const begun = performance.now();
      const look = lives.look();
      for (const { life, how } of look.ended) {
        const each = tracked.get(life.key);
        if (each !== undefined) ended(each, how, life.at);
      }
      for (const life of look.began) {
        const info = infoOf(life.pid);
        // It has ended meanwhile: it was there for a moment only.
        if (info === undefined) continue;
        const each: Tracked = {
          life,
          info,
          readings: [],
          holding: new Set(),
          next: new Map(),
          heapLimit: undefined,
          busy: new Set(),
        };
        tracked.set(life.key, each);
        if (options.wanted(namedOf(each)))
          emit({
            event: 'process-began',
            target: { pid: life.pid, name: each.info.name },
            text: `Node ${life.row.node ?? '?'}`,
          });
      }
      let at = 0;
      for (const each of tracked.values()) {
        const { life, readings } = each;
        at = life.at;
        const { cpuPercent: cpu, mainPercent: main, waitPercent: wait, rssBytes: rss, threads } = life.row;
        readings.push({
          at,
          cpu,
          main,
          wait,
          rss,
          threads,
          ...(life.stillSince === undefined ? {} : { stillSince: life.stillSince }),
        });
        while ((readings[0]?.at ?? at) < at - keepMs - 2 * config.everyMs) readings.shift();
        const named = namedOf(each);
        if (!options.wanted(named)) continue;
        for (const rule of config.rules) if (matches(rule.filter, named)) judge(each, rule, at);
      }
      const now = performance.now();
      if (coreRules.length > 0 && now >= nextCores) lookForCores(now);
      if (agentRules.length > 0 && now >= nextAgent) lookForAgent(now);
      if (now >= nextState) {
        nextState = now + STATE_EVERY_MS;
        ledger.forget((key) => tracked.has(key), Date.now());
      }
      if (options.once && fired > 0 && captures.active === 0) break;
      const left = config.everyMs - (performance.now() - begun);
      await sleep(Math.max(50, left), undefined, { signal }).catch(() => {});
    }
  } finally {
    lives.close();
    await captures.settle();
    await writeState(out, ledger.spent);
    emit({ event: 'stopped', text: `${fired} ${fired === 1 ? 'event' : 'events'}` });
  }
}

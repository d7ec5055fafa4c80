import { HolterError } from '../base/errors.ts';
import { ConfigReader } from './config-reader.ts';
import {
  ACTION_NAMES,
  type Action,
  DEFAULT_RULES,
  type Filter,
  type Rule,
  type RuleLimits,
  SEVERITY_WORDS,
  type Trigger,
  VITALS,
  type Vital,
  type WatchConfig,
} from './rules.ts';

const TRIGGERS = ['vital', 'growth', 'blocked', 'heap', 'exit', 'core', 'finding', 'agent'] as const;
/** Only what runs inside the process can see these. */
const AGENT_ONLY: Readonly<Record<string, string>> = {
  gcs: 'growth over garbage collections',
  uncaught: 'uncaught exceptions',
  route: 'the latency of a route',
};

/**
 * Checks what a configuration file gave, and fills in the defaults. All mistakes are told at once, each with its key
 * (`rules[1].trigger.over: …`).
 * @param file for the message
 * @param kinds of findings that the doctor knows
 * @throws HolterError E_USAGE
 */
export function checkConfig(value: unknown, file: string, kinds: readonly string[]): WatchConfig {
  const read = new ConfigReader();
  const top = read.object(value, '', ['out', 'every', 'keep', 'limits', 'rules']);
  const limits = read.object(top.limits ?? {}, 'limits', ['perHour', 'disk', 'freeMemory']);
  const config: WatchConfig = {
    out: top.out === undefined ? undefined : read.text(top.out, 'out'),
    everyMs: read.duration(top.every ?? '1s', 'every', 250, 60_000),
    keepMs: read.duration(top.keep ?? '5m', 'keep', 10_000, 3_600_000),
    limits: {
      perHour: read.count(limits.perHour ?? 20, 'limits.perHour', 1, 10_000),
      diskBytes: read.size(limits.disk ?? '2GB', 'limits.disk'),
      freeMemoryBytes: read.size(limits.freeMemory ?? '256MB', 'limits.freeMemory'),
    },
    rules: read
      .list(top.rules ?? DEFAULT_RULES, 'rules')
      .map((rule, index) => checkRule(read, rule, index, kinds)),
  };
  if (config.rules.length === 0) read.wrong('rules', 'no rule: nothing would be watched');
  const seen = new Set<string>();
  for (const [index, { name }] of config.rules.entries()) {
    if (seen.has(name))
      read.wrong(`rules[${index}].name`, `${JSON.stringify(name)} is the name of another rule`);
    seen.add(name);
  }
  if (read.problems.length > 0)
    throw new HolterError(
      'E_USAGE',
      `${file}: ${read.problems.length === 1 ? read.problems[0] : `${read.problems.length} mistakes\n  ${read.problems.join('\n  ')}`}`,
      { hint: 'docs/watch.md has all keys; holter watch --check looks at a file without watching' },
    );
  return config;
}

function checkRule(read: ConfigReader, value: unknown, index: number, kinds: readonly string[]): Rule {
  const key = `rules[${index}]`;
  const rule = read.object(value, key, ['name', 'filter', 'trigger', 'actions', 'limits']);
  const trigger = checkTrigger(read, rule.trigger, `${key}.trigger`, kinds);
  const name = rule.name === undefined ? `rule-${index + 1}` : read.text(rule.name, `${key}.name`);
  if (!/^[\w.-]{1,60}$/.test(name))
    read.wrong(`${key}.name`, `${JSON.stringify(name)}: letters, digits, . _ - only, at most 60`);
  const actions = read
    .list(rule.actions ?? ['stack'], `${key}.actions`)
    .map((action, at) => checkAction(read, action, `${key}.actions[${at}]`));
  const needsLife = trigger.kind === 'exit' || trigger.kind === 'core';
  for (const [at, action] of actions.entries()) {
    const works =
      !needsLife ||
      action.do === 'run' ||
      action.do === 'webhook' ||
      (action.do === 'doctor' && trigger.kind === 'core');
    if (!works)
      read.wrong(`${key}.actions[${at}]`, `${action.do} needs a process that lives, and here it has ended`);
  }
  return {
    name,
    filter: checkFilter(read, rule.filter ?? {}, `${key}.filter`),
    trigger,
    actions,
    limits: checkLimits(read, rule.limits ?? {}, `${key}.limits`),
  };
}

function checkFilter(read: ConfigReader, value: unknown, key: string): Filter {
  const filter = read.object(value, key, ['name', 'pid', 'port', 'user', 'cluster', 'olderThan']);
  const result: Filter = {
    olderThanMs: read.duration(filter.olderThan ?? '0s', `${key}.olderThan`, 0, 86_400_000),
  };
  if (filter.name !== undefined) result.name = read.text(filter.name, `${key}.name`);
  if (filter.pid !== undefined) result.pid = read.count(filter.pid, `${key}.pid`, 1, 2 ** 22);
  if (filter.port !== undefined) result.port = read.count(filter.port, `${key}.port`, 1, 65_535);
  if (filter.user !== undefined) result.user = read.count(filter.user, `${key}.user`, 0, 2 ** 32 - 2);
  if (filter.cluster !== undefined)
    result.cluster = read.choice(filter.cluster, `${key}.cluster`, ['primary', 'worker'] as const);
  return result;
}

function checkLimits(read: ConfigReader, value: unknown, key: string): RuleLimits {
  const limits = read.object(value, key, ['perHour', 'perProcess', 'cooldown']);
  return {
    perHour: read.count(limits.perHour ?? 6, `${key}.perHour`, 1, 10_000),
    perProcess: read.count(limits.perProcess ?? 3, `${key}.perProcess`, 1, 10_000),
    cooldownMs: read.duration(limits.cooldown ?? '10m', `${key}.cooldown`, 0, 7 * 86_400_000),
  };
}

function checkTrigger(read: ConfigReader, value: unknown, key: string, kinds: readonly string[]): Trigger {
  const none: Trigger = { kind: 'blocked', forMs: 5000 };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    read.wrong(key, `an object is needed, with one of ${TRIGGERS.join(', ')}`);
    return none;
  }
  const raw = value as Record<string, unknown>;
  for (const [name, what] of Object.entries(AGENT_ONLY))
    if (raw[name] !== undefined) {
      read.wrong(
        `${key}.${name}`,
        `${what} cannot be seen from outside; start the process with --import holter/agent and use { agent: [...] }`,
      );
      return none;
    }
  const named = TRIGGERS.filter((name) => raw[name] !== undefined);
  const [kind] = named;
  if (kind === undefined || named.length > 1) {
    read.wrong(
      key,
      `exactly one of ${TRIGGERS.join(', ')} is needed${named.length > 1 ? `, not ${named.join(' and ')}` : ''}`,
    );
    return none;
  }
  const also: Readonly<Record<typeof kind, readonly string[]>> = {
    vital: ['over', 'for'],
    growth: ['for'],
    blocked: [],
    heap: [],
    exit: [],
    core: [],
    finding: ['severity', 'every', 'for'],
    agent: [],
  };
  const trigger = read.object(raw, key, [kind, ...also[kind]]);
  const at = `${key}.${kind}`;
  const given = trigger[kind];
  switch (kind) {
    case 'vital': {
      const vital = read.choice(given, at, VITALS);
      return {
        kind,
        vital,
        over: checkThreshold(read, vital, trigger.over, `${key}.over`),
        forMs: read.duration(trigger.for ?? '30s', `${key}.for`, 0, 3_600_000),
      };
    }
    case 'growth':
      return {
        kind,
        over: read.size(given, at),
        forMs: read.duration(trigger.for ?? '5m', `${key}.for`, 10_000, 3_600_000),
      };
    case 'blocked':
      return { kind, forMs: read.duration(given, at, 1000, 3_600_000) };
    case 'heap':
      return { kind, over: read.percent(given, at, 10, 100) };
    case 'exit':
      return { kind, ...checkExit(read, given, at) };
    case 'core':
      return {
        kind,
        folders:
          given === true
            ? []
            : read.list(given, at).map((folder, index) => read.text(folder, `${at}[${index}]`)),
      };
    case 'finding':
      return {
        kind,
        kinds:
          given === 'any'
            ? []
            : (Array.isArray(given) ? given : [given]).map((one, index) =>
                read.choice(one, Array.isArray(given) ? `${at}[${index}]` : at, kinds),
              ),
        severity: read.choice(trigger.severity ?? 'warning', `${key}.severity`, SEVERITY_WORDS),
        everyMs: read.duration(trigger.every ?? '10m', `${key}.every`, 60_000, 86_400_000),
        forMs: read.duration(trigger.for ?? '10s', `${key}.for`, 1000, 600_000),
      };
    case 'agent':
      return {
        kind,
        events:
          given === 'any'
            ? []
            : read.list(given, at).map((event, index) => read.text(event, `${at}[${index}]`)),
      };
  }
}

function checkThreshold(read: ConfigReader, vital: Vital, value: unknown, key: string): number {
  if (value === undefined) {
    read.wrong(
      key,
      `missing: ${vital === 'rss' ? 'a size, such as "1GB"' : vital === 'threads' ? 'a number' : 'percent of one core, such as "90%"'}`,
    );
    return 0;
  }
  if (vital === 'rss') return read.size(value, key);
  if (vital === 'threads') return read.count(value, key, 1, 1e6);
  return read.percent(value, key, 0, vital === 'cpu' ? 1e5 : 100);
}

function checkExit(
  read: ConfigReader,
  given: unknown,
  at: string,
): { codes: readonly number[]; signals: readonly string[] } {
  if (given === 'any') return { codes: [], signals: [] };
  const exit = read.object(given, at, ['codes', 'signals']);
  const codes = read
    .list(exit.codes ?? [], `${at}.codes`)
    .map((code, index) => read.count(code, `${at}.codes[${index}]`, 0, 255));
  const signals = read.list(exit.signals ?? [], `${at}.signals`).map((name, index) => {
    const text = read.text(name, `${at}.signals[${index}]`);
    if (!/^SIG[A-Z0-9]+$/.test(text)) read.wrong(`${at}.signals[${index}]`, 'a name such as "SIGSEGV"');
    return text;
  });
  if (codes.length + signals.length === 0) read.wrong(at, 'give codes or signals, or "any"');
  return { codes, signals };
}

function checkAction(read: ConfigReader, value: unknown, key: string): Action {
  const raw: unknown = typeof value === 'string' ? { [value]: true } : value;
  const name = typeof value === 'string' ? value : undefined;
  if (name !== undefined && !(ACTION_NAMES as readonly string[]).includes(name)) {
    read.choice(name, key, ACTION_NAMES);
    return { do: 'stack' };
  }
  const action = read.object(raw, key, [...ACTION_NAMES, 'again', 'jsHeapOnly', 'limit']);
  const named = ACTION_NAMES.filter((name) => action[name] !== undefined);
  const [kind] = named;
  if (kind === undefined || named.length > 1) {
    read.wrong(key, `exactly one of ${ACTION_NAMES.join(', ')} is needed`);
    return { do: 'stack' };
  }
  const at = `${key}.${kind}`;
  const given = action[kind];
  const also = { snapshot: 'again', core: 'jsHeapOnly', run: 'limit' } as Readonly<Record<string, string>>;
  for (const other of ['again', 'jsHeapOnly', 'limit'])
    if (action[other] !== undefined && also[kind] !== other)
      read.wrong(`${key}.${other}`, `${kind} has no such key`);
  const time = (fallback: string): number =>
    read.duration(given === true ? fallback : given, at, 1000, 600_000);
  switch (kind) {
    case 'stack':
    case 'report':
      return { do: kind };
    case 'profile':
    case 'doctor':
    case 'async':
      return { do: kind, forMs: time('10s') };
    case 'histogram':
      return { do: kind, forMs: given === true ? 0 : time('10s') };
    case 'snapshot':
      return {
        do: kind,
        againMs:
          action.again === undefined ? 0 : read.duration(action.again, `${key}.again`, 1000, 3_600_000),
      };
    case 'core':
      return { do: kind, jsHeapOnly: action.jsHeapOnly === true };
    case 'run':
      return {
        do: kind,
        command: (typeof given === 'string' ? ['/bin/sh', '-c', given] : read.list(given, at)).map(
          (word, index) => read.text(word, `${at}[${index}]`),
        ),
        limitMs: read.duration(action.limit ?? '60s', `${key}.limit`, 1000, 3_600_000),
      };
    case 'webhook': {
      const url = read.text(given, at);
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
        read.wrong(at, `${JSON.stringify(given)} is no http or https address`);
      return { do: kind, url };
    }
  }
}

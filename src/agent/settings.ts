import { HolterError } from '../base/errors.ts';
import type { Bytes, Milliseconds } from '../base/units.ts';

/**
 * Options of `start()`. Every one can be given by environment too (docs/agent.md has the table); an option wins over
 * the environment. Times in milliseconds, sizes in bytes.
 */
export interface AgentOptions {
  /** Folder for black boxes; default `HOLTER_DIR`, else `<temporary directory>/holter-agent-<uid>`. */
  folder?: string;
  /** Name of the process in its folder; default the name of the script. */
  name?: string;
  /** Keep the black box of a process that ended well and to which nothing happened (default false). */
  keep?: boolean;
  /** The loop did not turn for so long: event with the stack of the main thread (default 1000; 0 = off). */
  blockedMs?: Milliseconds;
  /** Full collections in a row after which more was left (default 5; 0 = off). */
  leakCollections?: number;
  /** Nothing is called a leak for so long after the start: caches warm up (default 60 000). */
  leakGraceMs?: Milliseconds;
  /** What to capture on a leak (default `allocations`: a sampled heap profile; `snapshots`: two heap snapshots). */
  leakCapture?: 'allocations' | 'snapshots' | 'nothing';
  /** Heap in use after a full collection, percent of its limit: event (default 90; 0 = off). */
  nearLimitPercent?: number;
  /** Arm V8's heap snapshot near the limit, when there is memory for it (default false): it lands where Node puts it. */
  heapSnapshotNearLimit?: boolean;
  /** Event and diagnostic report on an exception nobody caught (default true). */
  uncaught?: boolean;
  /** Let Node write its diagnostic report on a fatal error, into the black box (default true). */
  fatalReport?: boolean;
  /** Keep the environment in reports of uncaught exceptions: it holds secrets (default false). */
  reportEnvironment?: boolean;
  /** Signal that asks for a capture, `off` for none (default SIGUSR2). */
  signal?: NodeJS.Signals | 'off';
  /** How long CPU and allocations are profiled in a capture (default 5000). */
  profileMs?: Milliseconds;
  /** Captures in an hour (default 10). */
  capturesPerHour?: number;
  /** Least time between two captures of the same kind (default 60 000). */
  cooldownMs?: Milliseconds;
  /** Bytes of all black boxes in the folder together; the oldest go first (default 500 MB). */
  quotaBytes?: Bytes;
  /** Prometheus text: a port on 127.0.0.1 (`9464`), `host:port`, or `unix:/path`; `%p` is the pid (default off). */
  metrics?: string;
  /** Told of every event, on the main thread. */
  onEvent?: (event: import('../metrics/black-box.ts').BoxEvent) => void;
}

export type Settings = Required<Omit<AgentOptions, 'onEvent'>>;

type Kind = 'time' | 'size' | 'count' | 'flag' | 'text';
interface Knob {
  env: string;
  kind: Kind;
  fallback: string | number | boolean;
  max?: number;
  oneOf?: readonly string[];
  pattern?: RegExp;
}

const KNOBS: { readonly [K in keyof Settings]: Knob } = {
  folder: { env: 'HOLTER_DIR', kind: 'text', fallback: '' },
  name: { env: 'HOLTER_NAME', kind: 'text', fallback: '' },
  keep: { env: 'HOLTER_KEEP', kind: 'flag', fallback: false },
  blockedMs: { env: 'HOLTER_BLOCKED', kind: 'time', fallback: 1000, max: 3_600_000 },
  leakCollections: { env: 'HOLTER_LEAK_COLLECTIONS', kind: 'count', fallback: 5, max: 1000 },
  leakGraceMs: { env: 'HOLTER_LEAK_GRACE', kind: 'time', fallback: 60_000, max: 86_400_000 },
  leakCapture: {
    env: 'HOLTER_LEAK_CAPTURE',
    kind: 'text',
    fallback: 'allocations',
    oneOf: ['allocations', 'snapshots', 'nothing'],
  },
  nearLimitPercent: { env: 'HOLTER_NEAR_LIMIT_PERCENT', kind: 'count', fallback: 90, max: 100 },
  heapSnapshotNearLimit: { env: 'HOLTER_HEAP_SNAPSHOT_NEAR_LIMIT', kind: 'flag', fallback: false },
  uncaught: { env: 'HOLTER_UNCAUGHT', kind: 'flag', fallback: true },
  fatalReport: { env: 'HOLTER_FATAL_REPORT', kind: 'flag', fallback: true },
  reportEnvironment: { env: 'HOLTER_REPORT_ENVIRONMENT', kind: 'flag', fallback: false },
  signal: { env: 'HOLTER_SIGNAL', kind: 'text', fallback: 'SIGUSR2', pattern: /^(off|SIG[A-Z0-9]+)$/ },
  profileMs: { env: 'HOLTER_PROFILE', kind: 'time', fallback: 5000, max: 600_000 },
  capturesPerHour: { env: 'HOLTER_CAPTURES_PER_HOUR', kind: 'count', fallback: 10, max: 3600 },
  cooldownMs: { env: 'HOLTER_COOLDOWN', kind: 'time', fallback: 60_000, max: 86_400_000 },
  quotaBytes: { env: 'HOLTER_QUOTA', kind: 'size', fallback: 500e6, max: 1e13 },
  metrics: {
    env: 'HOLTER_METRICS',
    kind: 'text',
    fallback: '',
    pattern: /^(|unix:\/.+|(.+:)?\d{1,5})$/,
  },
};

/** Environment variables that are read, by option. */
export const ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(KNOBS).map(([option, { env }]) => [option, env]),
);

/**
 * Options over environment over defaults. What the environment says wrongly is told in `problems` and has no effect:
 * an application must start all the same.
 * @throws HolterError E_USAGE for a wrong option: that is the program's own
 */
export function readSettings(
  options: AgentOptions,
  env: Readonly<Record<string, string | undefined>>,
): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [option, knob] of Object.entries(KNOBS)) {
    settings[option] = knob.fallback;
    const text = env[knob.env];
    const given = options[option as keyof AgentOptions];
    if (given !== undefined) {
      const value = typeof given === typeof knob.fallback ? check(given as string, knob) : undefined;
      if (value === undefined)
        throw new HolterError(
          'E_USAGE',
          `holter/agent: option ${option} cannot be ${JSON.stringify(given)}`,
          {
            hint: expected(knob),
          },
        );
      settings[option] = value;
    } else if (text !== undefined && text !== '') {
      const value = check(parse(text, knob), knob);
      if (value === undefined) problems.push(`${knob.env}=${text} is not understood: ${expected(knob)}`);
      else settings[option] = value;
    }
  }
  for (const option of Object.keys(options))
    if (!(option in KNOBS) && option !== 'onEvent')
      throw new HolterError('E_USAGE', `holter/agent: there is no option ${option}`, {
        hint: `options are ${Object.keys(KNOBS).join(', ')}, onEvent`,
      });
  return { settings: settings as unknown as Settings, problems };
}

function check(value: string | number | boolean | undefined, knob: Knob): typeof value {
  if (typeof value === 'number')
    return value >= 0 && value <= (knob.max ?? Number.MAX_SAFE_INTEGER) ? value : undefined;
  if (typeof value !== 'string') return value;
  if (knob.oneOf !== undefined && !knob.oneOf.includes(value)) return undefined;
  return knob.pattern === undefined || knob.pattern.test(value) ? value : undefined;
}

const TIME: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
const SIZE: Readonly<Record<string, number>> = { kb: 1e3, mb: 1e6, gb: 1e9 };

function parse(text: string, { kind }: Knob): string | number | boolean | undefined {
  const word = text.trim().toLowerCase();
  if (kind === 'text') return text.trim();
  if (kind === 'flag')
    return ['1', 'on', 'true', 'yes'].includes(word)
      ? true
      : ['0', 'off', 'false', 'no'].includes(word)
        ? false
        : undefined;
  if (word === 'off' || word === '0') return 0;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(word) ?? [];
  if (number === '') return undefined;
  if (kind === 'count') return unit === '' ? Number(number) : undefined;
  const factor = (kind === 'time' ? TIME : SIZE)[unit];
  return factor === undefined ? undefined : Number(number) * factor;
}

function expected({ kind, oneOf, max }: Knob): string {
  if (oneOf !== undefined) return `it is one of ${oneOf.join(', ')}`;
  switch (kind) {
    case 'time':
      return 'a time with its unit (500ms, 10s, 1m), or off; as an option, milliseconds';
    case 'size':
      return 'a size with its unit (200MB, 1GB); as an option, bytes';
    case 'count':
      return `a number from 0 to ${max}, 0 is off`;
    case 'flag':
      return 'on or off';
    case 'text':
      return 'see docs/agent.md';
  }
}

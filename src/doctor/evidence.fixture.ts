import type { OperationTable } from '../async/build-operations.ts';
import { buildWaitSummary } from '../async/build-wait-summary.ts';
import type { ErrorSites } from '../async/error-sites.ts';
import type { BlockStack, CallTree, StackFrame } from '../cpu/call-tree.ts';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import type { PoolRecording } from '../metrics/pool-recording.ts';
import type { BlockedStretch, GcEvent, Series, SeriesName } from '../metrics/series.ts';
import type { Evidence } from './evidence.ts';

/** What a test draws of a recording; everything left out is healthy or absent. */
export interface Drawing {
  /** Default 10. */
  seconds?: number;
  /** Series as blocks ▁ (0) to █ (100 %), spread over the window; a space is a gap. */
  cpu?: string;
  wait?: string;
  throttled?: string;
  steal?: string;
  /** ▁ = 0 to █ = `delayTop` ms (default 700). */
  delay?: string;
  delayTop?: number;
  blocked?: Partial<BlockedStretch>[];
  gc?: GcEvent[];
  forcedGc?: Evidence['vitals']['forcedGc'];
  /** heapUsed in MB at even times. */
  heapMb?: number[];
  externalMb?: number[];
  rssMb?: number[];
  requests?: number;
  turnsPerSecond?: number;
  connections?: number;
  main?: CallTree;
  allocation?: CallTree;
  allocationAll?: CallTree;
  stacks?: BlockStack[];
  external?: Evidence['external'];
  stuck?: Evidence['stuck'];
  /** Text of source files by absolute path. */
  sources?: Record<string, string>;
  /** Seconds the process had run (default 3600). */
  uptime?: number;
  heapLimitMb?: number;
  memoryLimitMb?: number;
  access?: 'inspector' | 'outside';
  pool?: Omit<PoolRecording, 'schema'>;
  /** Asynchronous operations, drawn with `drawTable`. */
  async?: OperationTable;
  /** Answers and errors, drawn with `drawErrorLog`. */
  errors?: ErrorSites;
  end?: Evidence['manifest']['window']['end'];
  actions?: Evidence['manifest']['actions'];
}

const START = Date.UTC(2026, 10, 22, 22, 14, 7);
const BLOCKS = '▁▂▃▄▅▆▇█';

/** Evidence of a server in /srv/api, as drawn. */
export function drawEvidence(drawing: Drawing = {}): Evidence {
  const seconds = drawing.seconds ?? 10;
  const series = new Map<SeriesName, Series>();
  const add = (name: SeriesName, values: readonly number[] | undefined): void => {
    if (values !== undefined) series.set(name, spread(name, values, seconds));
  };
  const isInside = (drawing.access ?? 'inspector') === 'inspector';
  add('cpu.main_percent', blocks(drawing.cpu ?? '▂', 100));
  add('sched.main_wait_percent', blocks(drawing.wait ?? '▁', 100));
  add(
    'cgroup.throttled_percent',
    drawing.throttled === undefined ? undefined : blocks(drawing.throttled, 100),
  );
  add('machine.steal_percent', drawing.steal === undefined ? undefined : blocks(drawing.steal, 100));
  add(
    'memory.rss_bytes',
    (drawing.rssMb ?? [120]).map((value) => value * 1e6),
  );
  if (isInside) {
    add('loop.delay_ms', blocks(drawing.delay ?? '▁', drawing.delayTop ?? 700));
    add(
      'memory.heap_used_bytes',
      drawing.heapMb?.map((value) => value * 1e6),
    );
    add(
      'memory.external_bytes',
      drawing.externalMb?.map((value) => value * 1e6),
    );
    add('gc.percent', [0]);
  }
  const books = new Map(
    Object.entries(drawing.sources ?? {}).map(([file, text]) => [file, text.split('\n')]),
  );
  const limits = {
    ...(drawing.heapLimitMb === undefined ? {} : { heapLimitBytes: drawing.heapLimitMb * 1e6 }),
    ...(drawing.memoryLimitMb === undefined ? {} : { memoryLimitBytes: drawing.memoryLimitMb * 1e6 }),
  };
  return {
    manifest: {
      schema: 'holter.recording/1',
      holter: '0.1.0',
      target: {
        pid: 4711,
        name: 'api-gateway',
        node: '22.23.3',
        v8: '12.4.254',
        command: 'node server.js',
        cwd: '/srv/api',
        startedAt: new Date(START - (drawing.uptime ?? 3600) * 1000).toISOString(),
        threads: 11,
        cores: 2,
        ...limits,
      },
      window: {
        startedAt: new Date(START).toISOString(),
        startedMonotonicUs: 0,
        seconds,
        requestedSeconds: seconds,
        end: drawing.end ?? { kind: 'complete' },
      },
      access: drawing.access ?? 'inspector',
      ...(isInside ? {} : { accessProblem: 'SIGUSR1 is not caught' }),
      files: [{ name: 'vitals.json', kind: 'vitals' }],
      actions: drawing.actions ?? [
        { what: 'CPU profile stopped and read', at: new Date(START + 9600).toISOString(), pauseMs: 44 },
      ],
      inspectorOpenMs: isInside ? 96 : 0,
      left: { verified: true, leftBehind: [] },
    },
    vitals: {
      seconds,
      series,
      blocked: (drawing.blocked ?? []).map((stretch) => ({ at: 0, ms: 60, waitMs: 0, gcMs: 0, ...stretch })),
      gc: drawing.gc ?? [],
      forcedGc: drawing.forcedGc ?? [],
      resources: { TCPSocketWrap: [drawing.connections ?? 20, drawing.connections ?? 20] },
      heapSpaces: [],
      ...(drawing.requests === undefined ? {} : { requests: drawing.requests }),
      ...(drawing.turnsPerSecond === undefined ? {} : { loopIterationsPerSecond: drawing.turnsPerSecond }),
    },
    main: drawing.main,
    workers: [],
    allocation: drawing.allocation,
    allocationAll: drawing.allocationAll,
    blockStacks: drawing.stacks ?? [],
    stuck: drawing.stuck,
    external: drawing.external ?? [],
    sources: { lines: (file) => books.get(file) },
    ...(drawing.async === undefined
      ? {}
      : { async: { operations: drawing.async, waits: buildWaitSummary(drawing.async) } }),
    ...(drawing.errors === undefined ? {} : { errors: drawing.errors }),
    ...(drawing.pool === undefined ? {} : { pool: { schema: 'holter.pool/1', ...drawing.pool } }),
  };
}

/** One stack for some ms: cells of profileFromText, outermost first. */
export type Piece = readonly [ms: number, ...cells: string[]];

/** A profile of pieces in time order, the whole repeated; samples of 1 ms. A `#line` goes on the innermost cell. */
export function drawProfile(pieces: readonly Piece[], times = 1): CallTree {
  return profileFromText(textOf(pieces, times));
}

/** An allocation tree; every piece weighs `ms` × 64 kB. */
export function drawAllocations(pieces: readonly Piece[]): CallTree {
  return profileFromText(textOf(pieces, 1), { unit: 'bytes', bytesPerSample: 65_536 });
}

function textOf(pieces: readonly Piece[], times: number): string {
  const depth = Math.max(...pieces.map((piece) => piece.length - 1));
  const widths = pieces.map(([, ...cells]) => Math.max(...cells.map((cell) => cell.length)) + 12);
  const rows: string[] = [];
  for (let row = 0; row < depth; row++) {
    let text = '';
    for (let time = 0; time < times; time++) {
      pieces.forEach(([ms, ...cells], at) => {
        const cell = cells[row] ?? '';
        text += (row === 0 ? `${cell} x${ms}` : cell).padEnd(widths[at]!);
      });
    }
    rows.push(text.trimEnd());
  }
  return rows.join('\n');
}

/** Equal stretches, `count` of them, every `everyMs` from `from`. */
export function stretches(
  count: number,
  everyMs: number,
  stretch: Partial<BlockedStretch> & { ms: number },
): BlockedStretch[] {
  return Array.from({ length: count }, (_, index) => ({
    at: index * everyMs,
    waitMs: 0,
    gcMs: 0,
    ...stretch,
  }));
}

/** `name@file:line[:column]` cells, innermost first, as exact frames. */
export function frames(...cells: string[]): StackFrame[] {
  return cells.map((cell) => {
    const [, name, file, line, column] = /^(.*?)@(.+?):(\d+)(?::(\d+))?$/.exec(cell)!;
    const party = file!.startsWith('node:')
      ? 'core'
      : file!.includes('/node_modules/')
        ? 'dependency'
        : 'user';
    const packageName = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file!)?.[1] ?? '';
    return {
      function: name!,
      file: file!,
      line: Number(line),
      column: Number(column ?? 0),
      party,
      package: party === 'dependency' ? packageName : '',
    };
  });
}

function blocks(text: string, top: number): number[] {
  return [...text].map((block) => (block === ' ' ? Number.NaN : (BLOCKS.indexOf(block) / 7) * top));
}

/** Values at even times, one reading every 100 ms. */
function spread(name: SeriesName, values: readonly number[], seconds: number): Series {
  const length = Math.round(seconds * 10);
  return {
    name,
    time: Float64Array.from({ length }, (_, index) => index * 100 + 50),
    value: Float64Array.from({ length }, (_, index) => values[Math.floor((index * values.length) / length)]!),
  };
}

import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/doctor/report.ts';
import type { AsyncJson } from '../../src/render/async-json.ts';
import { runDoctor, runHolter } from './built.ts';
import { findingsOf } from './diagnose.ts';
import { load, type NodeMajor, startTarget, type TargetProcess } from './target-process.ts';

/** The walkthroughs of examples/ in which nobody computes: 1, 18 (the pool) and 19, as their READMEs tell them. */
const targets: TargetProcess[] = [];
const loads: AbortController[] = [];
afterEach(async () => {
  for (const enough of loads.splice(0)) enough.abort();
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(path: string, node: NodeMajor): Promise<TargetProcess> {
  const file = fileURLToPath(new URL(`../../examples/${path}/server.js`, import.meta.url));
  const target = await startTarget(file, { node, nodeArgs: ['--inspect-port=0'] });
  targets.push(target);
  return target;
}

/** Asks for `paths` until the test is over; the first answers are there when it returns. */
async function ask(
  target: TargetProcess,
  paths: string[],
  connections: number,
  rate?: number,
): Promise<void> {
  const enough = new AbortController();
  loads.push(enough);
  const limit = rate === undefined ? {} : { rate };
  load(target.url, { connections, paths, seconds: 60, signal: enough.signal, ...limit }).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 1000));
}

async function askAsync({ pid }: TargetProcess): Promise<AsyncJson> {
  const { stdout, stderr, code } = await runHolter(['async', String(pid), '-d', '2s', '--json']);
  if (code !== 0) throw new Error(`holter async ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as AsyncJson;
}

/** Of a finding or a chain: `listOrders orders.js`. */
const names = (places: readonly { function: string; file: string }[]): string[] =>
  places.map((place) => `${place.function} ${place.file.split('/').at(-1)}`);

/** Two CPUs carry the server, its others, the load and the doctor: that they are short of CPU is another matter. */
const kinds = ({ findings }: DoctorReport): string[] =>
  findings.map(({ kind }) => kind).filter((kind) => kind !== 'cpu-starved');

describe.each([18, 20, 24] as const)('Node %i', (node) => {
  test('01 who set the timer: both callers are named, across whatever lies between', async () => {
    const target = await start('01-who-set-the-timer', node);
    await ask(target, ['/', '/pay', '/import'], 6, 60);
    // A log has this stack, and no more.
    expect(target.stderr()).toMatch(/at Timeout\.deliver .*mailbox\.js:3:\d+\)\n\s+at listOnTimeout/);
    expect(target.stderr()).not.toMatch(/invoices\.js|orders\.js/);
    const { uncaught } = await askAsync(target);
    const [error] = uncaught;
    const ways = new Map(
      error?.origins.map(({ request, chain, subject }) => [request, { chain: names(chain), subject }]),
    );
    expect(ways.get('GET /pay'), JSON.stringify(uncaught)).toMatchObject({ subject: '40 ms' });
    expect(ways.get('GET /pay')?.chain[0]).toBe('sendInvoice invoices.js');
    // Timer, promise, nextTick, immediate, event and stream lie between this caller and the one that throws.
    const chain = ways.get('GET /import')?.chain;
    for (const [index, name] of ['writeConfirmation', 'confirm', 'confirmLater', 'importOrders'].entries())
      expect(chain?.indexOf(`${name} orders.js`), String(chain)).toBeGreaterThanOrEqual(index);
    // The third sets the same timer, and its letters arrive.
    expect([...ways.values()].flatMap((way) => way.chain).join()).not.toContain('reminders.js');
  });
});

test('18 the pool: told apart from a busy main thread, with the line that asks', async () => {
  const target = await start('18-cpu-bound-by/pool', 20);
  await ask(target, ['/'], 20);
  const report = await runDoctor([String(target.pid), '-d', '4s']);
  // On few cores four busy threads and the load may leave the main thread too little: that is true then, and said.
  const others = kinds(report).filter((kind) => kind !== 'cpu-starved');
  expect(others, findingsOf(report)).toEqual(['threadpool-saturated']);
  const [finding] = report.findings.filter(({ kind }) => kind === 'threadpool-saturated');
  expect(finding?.title).toMatch(/mostly crypto$/);
  expect(names(finding?.where ?? [])).toContain('isRight passwords.js');
});

/** Two at a time do not disturb each other: what they do is wait. */
const OTHERS = [
  [
    18,
    ['/orders', 10, 'io-bound', 'query database.js', /^listOrders orders\.js$/],
    ['/rates', 10, 'io-bound', 'readRates rates.js', /^answer server\.js$/],
  ],
  [
    24,
    ['/parcel', 10, 'upstream-timeout', 'findParcel parcels.js', /parcels\.js$/],
    ['/invoice', 3, 'io-bound', 'readInvoice invoices.js', / server\.js$/],
  ],
  [
    20,
    ['/invoice', 12, 'threadpool-saturated', 'readInvoice invoices.js', / server\.js$/],
    ['/take', 10, 'serialised', 'takeOne stock.js', /^answer server\.js$/],
  ],
] as const;

test.each(OTHERS.map(([node, one, other]) => [node, one[0], other[0], [one, other]] as const))(
  '19 slow others on Node %i: %s and %s',
  async (node, _one, _other, both) => {
    const reports = await Promise.all(
      both.map(async ([path, connections]) => {
        const target = await start('19-slow-others', node);
        await ask(target, [path], connections);
        return runDoctor([String(target.pid), '-d', '4s']);
      }),
    );
    for (const [index, [, , kind, line, caller]] of both.entries()) {
      const report = reports[index]!;
      expect(kinds(report), findingsOf(report)).toEqual([kind]);
      const places = names(report.findings.find((finding) => finding.kind === kind)?.where ?? []);
      expect(places[0]).toBe(line);
      expect(
        places.filter((place) => caller.test(place)),
        String(places),
      ).not.toEqual([]);
    }
  },
);

test('19 slow others: which upstream, its wait, its concurrency and the line that asks', async () => {
  const target = await start('19-slow-others', 20);
  await ask(target, ['/orders'], 10);
  const { waits } = await askAsync(target);
  const [queue, database] = waits.groups;
  expect(database).toMatchObject({ kind: 'peer', connections: { open: 4, mostBusy: 4 } });
  expect(database?.median).toBeGreaterThan(110);
  expect(queue).toMatchObject({ kind: 'promise', leadsTo: database?.subject, site: { function: 'query' } });
  expect(queue?.mostAtOnce).toBeGreaterThanOrEqual(5);
});

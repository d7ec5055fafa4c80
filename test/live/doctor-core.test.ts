import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/doctor/report.ts';
import { runDoctor, runHolter, until } from './built.ts';
import { dieWithCore, NO_KERNEL_CORES } from './kernel-core.ts';
import { NODE_MAJORS, type NodeMajor, startTarget, targetFile } from './target-process.ts';

/** What doctor says of a core, and nothing else: how a process ended, what it was doing, what fills its heap. */
const example = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-doctor-core-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const placesOf = ({ where }: Finding): string[] =>
  where.map((place) => `${place.function} ${place.file.split('/').at(-1)}:${place.line}`);
const wordsOf = ({ evidence }: Finding): string => evidence.map(({ text }) => text).join('\n');

/** A core that holter takes of a target in `state`, under its number. */
async function takeOf(node: NodeMajor, sessions: number, path?: string): Promise<string> {
  const target = await startTarget(targetFile('core/ill.cjs'), { node, args: [String(sessions)] });
  const core = join(folder, `ill-${node}-${target.pid}.core`);
  try {
    if (path !== undefined) {
      get(target.url + path).on('error', () => {});
      await until(() => isBusy(target.pid), 20_000, 'it loops');
    }
    const { code, stderr } = await runHolter(['core', 'take', String(target.pid), '-o', core, '--yes']);
    expect(`${code} ${stderr}`).toBe('0 ');
    return core;
  } finally {
    await target.stop();
  }
}

const used = new Map<number, number>();
/** It has used 100 ms of CPU since it was looked at first. */
function isBusy(pid: number): boolean {
  const ticks = Number(statText(pid)[11]);
  const from = used.get(pid) ?? ticks;
  used.set(pid, from);
  return ticks >= from + 10;
}

function statText(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  it.skipIf(NO_KERNEL_CORES !== '')(
    `out of memory: the limit, where it was allocated, what fills it and who holds that${NO_KERNEL_CORES}`,
    async () => {
      const words = ['--max-old-space-size=32', example('15-out-of-memory/server.js')];
      const { core, stderr } = await dieWithCore(folder, node, words, '/replay?bookings=2000000');
      const report = await runDoctor([core]);
      rmSync(core);
      expect(report.findings.map(({ kind }) => kind)).toEqual(['out-of-memory-risk']);
      const [finding] = report.findings as [Finding];
      expect(finding).toMatchObject({ severity: 'critical', problem: 'memory-growth' });
      expect(finding.title).toMatch(
        /^Ended out of memory at \d+ MB of 3\d MB: books\.byNumber keeps \d+ MB, [\d\s]+ Booking$/u,
      );
      expect(finding.where[0]).toMatchObject({ file: expect.stringContaining('server.js'), line: 5 });
      expect(placesOf(finding)).toContainEqual(expect.stringMatching(/^replay replay\.js:\d+$/));
      expect(finding.source?.lines.join('\n')).toContain("const books = new Ledger('main');");
      const told = wordsOf(finding);
      // The words with which Node ended it, of the same death; before them may be a name of V8's in capitals.
      const [, last] = /^FATAL ERROR: (?:[A-Z_]+ )?(.*)$/m.exec(stderr) ?? [];
      expect(last).toMatch(/JavaScript heap out of memory/);
      expect(told).toContain(last);
      expect(told).toMatch(/The last memory was asked for in (replay|readBooking|new Booking|Ledger\.add) /);
      expect(told).toContain('While handling GET /replay?bookings=2000000.');
      expect(told).toContain('Held so: variable books > Ledger.byNumber > Map entry > Booking.');
      expect(report.gaps).toEqual([]);
    },
  );

  it('a loop that never ends, in a heap full of sessions: the line, the request, the holder', async () => {
    const core = await takeOf(node, 40_000, '/search?wanted=7');
    const report = await runDoctor([core]);
    rmSync(core);
    expect(report.findings.map(({ kind }) => kind).sort()).toEqual(['event-loop-stuck', 'memory-leak-heap']);
    expect(report.target).toMatchObject({
      name: 'ill.cjs',
      node: expect.stringMatching(new RegExp(`^${node}\\.`)),
    });
    const stuck = report.findings.find(({ kind }) => kind === 'event-loop-stuck')!;
    expect(placesOf(stuck)[0]).toBe('search ill.cjs:21');
    expect(stuck.severity).toBe('warning');
    expect(stuck.source?.lines.join('\n')).toContain('at !== wanted');
    expect(wordsOf(stuck)).toContain('While handling GET /search?wanted=7.');
    const heap = report.findings.find(({ kind }) => kind === 'memory-leak-heap')!;
    expect(heap.title).toMatch(
      /^store\.sessions keeps \d+ % of the heap, [\d.]+ MB: 40\s001 Session$|^store\.sessions keeps \d+ % of the heap, [\d.]+ MB: 40\s000 Session$/u,
    );
    expect(placesOf(heap)).toEqual([expect.stringMatching(/ ill\.cjs:12$/)]);
    expect(heap.severity).not.toBe('critical');
  });
});

it.skipIf(NO_KERNEL_CORES !== '').each([20, 24] as const)(
  `an error that nobody caught: error, line and request, of Node %i${NO_KERNEL_CORES}`,
  async (node) => {
    const words = ['--abort-on-uncaught-exception', example('11-uncaught-exception/server.js')];
    const { core } = await dieWithCore(folder, node, words, '/quote?lines=tea:3,brioche');
    const report = await runDoctor([core, '--fail-on', 'critical']);
    rmSync(core);
    const [finding] = report.findings as [Finding];
    expect(report.findings.length).toBe(1);
    expect(finding).toMatchObject({
      kind: 'application-errors',
      severity: 'critical',
      problem: 'server-error',
    });
    expect(finding.title).toContain("TypeError: Cannot read properties of undefined (reading 'cents')");
    expect(placesOf(finding).slice(0, 3)).toEqual([
      'priceOf prices.js:10',
      'quoteLine prices.js:16',
      'handle server.js:11',
    ]);
    expect(wordsOf(finding)).toContain('While handling GET /quote?lines=tea:3,brioche.');
    // What it recommends works on it: the path leads to the request.
    expect(finding.next).toContain(`holter core inspect ${core} handle:req`);
  },
);

describe('a healthy process', () => {
  let core: string;
  beforeAll(async () => {
    core = await takeOf(24, 300);
  });

  it('has no finding, and its recording is judged the same again', async () => {
    const out = join(mkdtempSync(join(folder, 'out-')), 'recording');
    const report = await runDoctor([core, '-o', out]);
    expect(report.findings).toEqual([]);
    expect(report.checked).toEqual(
      expect.arrayContaining(['out-of-memory-risk', 'event-loop-stuck', 'memory-leak-heap']),
    );
    expect(await runDoctor([out])).toEqual(report);
    const { stdout } = await runHolter(['doctor', out, '--no-color']);
    expect(stdout).toContain('Nothing wrong to be seen in this core');
    expect(stdout).not.toContain('not paused');
  });

  it('cut or with other bytes inside: a report or a clean error', async () => {
    const damaged = join(folder, 'damaged.core');
    for (const share of [0.001, 0.3, 0.9]) {
      copyFileSync(core, damaged);
      truncateSync(damaged, Math.floor(statSync(core).size * share));
      await expectAnswer(damaged);
    }
    copyFileSync(core, damaged);
    const file = openSync(damaged, 'r+');
    const { size } = statSync(core);
    for (let at = 70_000; at < size; at += 40_009) writeSync(file, Buffer.from([0xff, at & 0xff]), 0, 2, at);
    closeSync(file);
    await expectAnswer(damaged);
  });

  it('no core: said so, with a hint', async () => {
    const { code, stderr } = await runHolter(['doctor', targetFile('core/ill.cjs')]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/E_[A-Z_]+/);
    const load = await runHolter(['doctor', core, '--load', '/']);
    expect(`${load.code} ${load.stderr}`).toMatch(/^2 .*no load can be put on a core/s);
  });
});

async function expectAnswer(core: string): Promise<void> {
  const { code, signal, stderr } = await runHolter(['doctor', core, '--json']);
  expect(signal).toBeNull();
  expect(stderr).not.toMatch(/E_BUG|^\s+at /m);
  if (code !== 0) expect(stderr).toMatch(/\(?E_[A-Z_]+\)?/);
}

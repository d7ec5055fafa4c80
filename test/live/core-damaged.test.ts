import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAN_MAKE_CORES, makeCore } from './made-core.ts';

/** More: `HOLTER_DAMAGES=300`. */
const SEEDS = Number(process.env.HOLTER_DAMAGES ?? 30);
const CUTS = 20;
/** All of it takes about half a minute on two cores; a loop without end would take for ever. */
const LIMIT_MS = 80_000 + SEEDS * 1000;

interface Outcome {
  damage: string;
  question: string;
  length?: number;
  /** The function that ended it is in the answer. */
  found?: boolean;
  problems?: boolean;
  error?: string;
  /** Anything thrown that is not HolterError. */
  fault?: string;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-damaged-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function damage(core: string): Promise<{ outcomes: Outcome[]; ended: string }> {
  const script = fileURLToPath(new URL('damaged-core.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, core, `${CUTS}`, `${SEEDS}`, `${SEEDS}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      const lines = out.split('\n').filter((line) => line !== '');
      resolve({
        outcomes: lines.map((line) => JSON.parse(line) as Outcome),
        ended: code === 0 ? 'well' : `${signal ?? `code ${code}`} after ${lines.at(-1)}\n${complaint}`,
      });
    });
  });
}

describe.skipIf(!CAN_MAKE_CORES)('a damaged core (needs gcore, or a kernel that writes cores here)', () => {
  it('gives an answer or HolterError, whatever is cut off or flipped', {
    timeout: LIMIT_MS + 20_000,
  }, async () => {
    const { path, died } = await makeCore(20, folder);
    const { outcomes, ended } = await damage(path);
    expect(ended).toBe('well');
    expect(outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
    const heaps = outcomes.filter(({ question }) => question === 'heap');
    const of = (word: string) =>
      outcomes.filter(({ damage: where, question }) => question !== 'heap' && where.startsWith(word));
    // Whole it says what there is: else the rest would show nothing.
    expect(
      of('none')
        .filter(({ question }) => question !== 'info')
        .map(({ found }) => found),
    ).toEqual([true, true, true]);
    expect(of('cut')).toHaveLength(CUTS * 4);
    expect(of('flip')).toHaveLength(SEEDS * 2);
    expect(of('memory')).toHaveLength(SEEDS);
    // Who gets an answer from a core that is cut is told so.
    for (const { error, problems, damage: where, question } of of('cut'))
      expect({ where, question, isTold: error !== undefined || problems === true }).toMatchObject({
        isTold: true,
      });
    // Little damage does not hide what is whole.
    expect(of('memory').filter(({ found }) => found === true).length).toBeGreaterThan(SEEDS / 2);
    expect(heaps[0]).toMatchObject({ damage: 'none', found: true });
    // Of what is cut and of flipped headers there may be no heap; a few damaged words hide little of it.
    const damagedHeaps = heaps.filter(({ damage: where }) => where.startsWith('memory'));
    expect(damagedHeaps.length).toBeGreaterThan(4);
    expect(damagedHeaps.filter(({ found }) => found === true).length).toBeGreaterThanOrEqual(
      damagedHeaps.length / 2,
    );
    // gcore writes its notes last: what is cut has none.
    expect(of('cut').some(({ length = 0 }) => length > 0)).toBe(died);
  });
});

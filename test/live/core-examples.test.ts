import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runHolter } from './built.ts';
import { dieWithCore, NO_KERNEL_CORES } from './kernel-core.ts';
import { startTarget } from './target-process.ts';

/** Walkthroughs 14 and 15 of examples/, as their READMEs tell them. */
const example = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-core-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function holter(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runHolter([...args, '--no-color']);
  expect(`${code} ${stderr}`).toBe('0 ');
  return stdout;
}

/** So many requests, four at a time. */
async function scan(url: string, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const one = (): Promise<void> =>
    new Promise((resolve, reject) =>
      get(`${url}/scan?parcel=7`, { agent }, (answer) => answer.resume().once('end', resolve)).once(
        'error',
        reject,
      ),
    );
  const client = async (): Promise<void> => {
    for (let i = 0; i < count / 4; i++) await one();
  };
  await Promise.all([client(), client(), client(), client()]);
  agent.destroy();
}

const addressIn = (text: string): string => /@(0x[\da-f]+)/.exec(text)?.[1] ?? '';

it.each([20, 24] as const)(
  '14 leak in a core: class and count, properties, the way to the variable of the closure, on Node %i',
  async (node) => {
    const target = await startTarget(example('14-leak-in-core/server.js'), { node });
    const core = join(folder, `office-${node}-${target.pid}.core`);
    try {
      await scan(target.url, 6000);
      await holter('core', 'take', String(target.pid), '-o', core, '--yes');
    } finally {
      await target.stop();
    }
    const objects = await holter('core', 'objects', core, '--live', '--filter', 'Scan');
    expect(objects).toMatch(/^ *6,?\s?000 .* Scan$/mu);
    // 37 g more each, of 30 kg at most: one in 750.
    const found = await holter('core', 'instances', core, 'Scan', '--where', 'grams > 29960');
    expect(found).toMatch(/^6,?\s?000 objects, \d+ with grams > 29960$/mu);
    const address = addressIn(found);
    expect(await holter('core', 'inspect', core, address)).toMatch(
      /^Scan \{\n {2}parcel: '7',\n {2}station: \d+,\n {2}grams: 299[6-9]\d,\n {2}at: 20\d\d-/m,
    );
    const refs = await holter('core', 'refs', core, address, '--to-root');
    expect(refs).toMatch(/> variable today of makeHeaviest .*\n.*> Array \[\d+\].*\n.*> Scan/);
    const told = await holter('doctor', core);
    expect(told).toContain('The variable today of makeHeaviest keeps');
    expect(told).toMatch(/heaviest\.js:6$/m);
    expect(told).toContain('const today = [];');
    rmSync(core);
  },
);

it.skipIf(NO_KERNEL_CORES !== '')(
  `15 out of memory: what filled it, who holds that, who asked for the last of it${NO_KERNEL_CORES}`,
  async () => {
    const words = ['--max-old-space-size=48', example('15-out-of-memory/server.js')];
    const { core } = await dieWithCore(folder, 22, words, '/replay?bookings=1000000');
    const told = await holter('doctor', core);
    expect(told).toMatch(/^CRITICAL {2}Ended out of memory at [\s\S]*books\.byNumber\s+keeps/m);
    expect(told).toContain("const books = new Ledger('main');");
    expect(told).toContain('While handling GET /replay?bookings=1000000.');
    const stack = await holter('core', 'bt', core);
    expect(stack).toMatch(/yours +replay +\S*replay\.js:\d+/);
    expect(stack).toMatch(/yours +Server\.<anonymous> +\S*server\.js:11/);
    const [, count] =
      /^ *([\d,\s]+?) +[\d.]+ MB .*Booking$/mu.exec(await holter('core', 'objects', core, '--live')) ?? [];
    expect(Number(count?.replace(/\D/g, ''))).toBeGreaterThan(70_000);
    const ledger = addressIn(await holter('core', 'instances', core, 'Ledger'));
    expect(await holter('core', 'refs', core, ledger, '--to-root')).toMatch(
      /> variable books .*\n.*> Ledger/,
    );
  },
);

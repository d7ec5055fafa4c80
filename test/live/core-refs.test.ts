import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWithDevTools } from '../oracles/devtools-heap.mjs';
import { installOracles } from '../oracles/install.mjs';
import { runHolter, until } from './built.ts';
import { NODE_MAJORS, startTarget } from './target-process.ts';

/** Who holds what in a core, the snapshot out of it against V8's own of the same process, and what grew since. */
const PROGRAM = `const { writeHeapSnapshot } = require('v8');
class Session { constructor(i) { this.id = i; this.tags = ['a' + i]; } }
class Foo { constructor(i) { this.x = i; this.y = { deep: i + 0.5 }; } }
class Link { constructor(next) { this.next = next; } }
class Held { constructor(i) { this.i = i; } }
class Later { constructor(i) { this.i = i; } }
const leaks = [];
function makeClosure(i) {
  const captured = new Foo(i);
  return function useCaptured() { return captured.x; };
}
globalThis.closures = Array.from({ length: 50 }, (_, i) => makeClosure(i));
globalThis.byName = new Map(Array.from({ length: 300 }, (_, i) => ['key' + i, new Held(i)]));
globalThis.first = null;
for (let i = 0; i < 40; i++) globalThis.first = new Link(globalThis.first);
for (let i = 0; i < 20_000; i++) leaks.push(new Session(i));
process.on('SIGUSR2', () => {
  writeHeapSnapshot(process.argv[2]);
  for (let i = 0; i < 1000; i++) leaks.push(new Later(i));
  console.log('written');
});
globalThis.gc();
setTimeout(() => console.log('ready'), 200);
setInterval(() => {}, 1e6);`;

interface Refs {
  references: { text: string; edge: string; name: string | number }[];
  chain: {
    root: string;
    steps: { holder: string; edge: string | null; name: string | number | null; line: number | null }[];
  } | null;
  retained: { bytes: number; objects: number };
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holter-refs-'));
  writeFileSync(join(folder, 'app.cjs'), PROGRAM);
  await installOracles();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await runHolter([...args, '--json']);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  return JSON.parse(stdout) as T;
}

/** Objects of each class, and how many nodes there are of each type. */
async function countSnapshot(path: string): Promise<Map<string, number>> {
  const { snapshot, nodes, strings } = JSON.parse(await readFile(path, 'utf8')) as {
    snapshot: { meta: { node_fields: string[]; node_types: string[][] } };
    nodes: number[];
    strings: string[];
  };
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const counts = new Map<string, number>();
  const add = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  for (let at = 0; at < nodes.length; at += fields.length) {
    const type = types[0]![nodes[at]!]!;
    add(type);
    if (type === 'object') add(`class ${strings[nodes[at + 1]!]}`);
  }
  return counts;
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  it('holders, snapshot and growth', { timeout: 90_000 }, async () => {
    const own = join(folder, `own-${node}.heapsnapshot`);
    const core = join(folder, `node-${node}.core`);
    const target = await startTarget(join(folder, 'app.cjs'), {
      node,
      nodeArgs: ['--expose-gc'],
      args: [own],
    });
    try {
      await json('core', 'take', String(target.pid), '-o', core, '--yes');
      process.kill(target.pid, 'SIGUSR2');
      await until(() => target.stdout().includes('written'), 30_000, 'the snapshot is written');

      const addressOf = async (name: string, ...more: string[]): Promise<string> => {
        const found = await json<{ instances: { address: string }[] }>(
          'core',
          'instances',
          core,
          name,
          '--live',
          '--top',
          '1',
          ...more,
        );
        return found.instances[0]!.address;
      };
      const refs = async (address: string): Promise<Refs> =>
        json<Refs>('core', 'refs', core, address, '--to-root', '--retained');
      const chainText = ({ chain }: Refs): string =>
        chain!.steps.map(({ holder, name }) => `${holder} ${name ?? ''}`.trim()).join(' > ');

      const session = await refs(await addressOf('Session', '--where', 'id = 17'));
      expect(session.references.map(({ text }) => text)).toEqual([expect.stringMatching(/^Array \[17\] /)]);
      expect(chainText(session)).toMatch(/leaks > Array 17 > Session$/);
      // Itself, its array with its store, and the text in it; not the number, nor the class.
      expect(session.retained.objects).toBeGreaterThanOrEqual(4);
      expect(session.retained.objects).toBeLessThan(12);
      const foo = await refs(await addressOf('Foo', '--where', 'x = 7'));
      expect(foo.references).toHaveLength(1);
      expect(foo.references[0]).toMatchObject({ edge: 'context', name: 'captured' });
      expect(foo.references[0]?.text).toMatch(/^variable captured of makeClosure .*app\.cjs:\d+/);
      expect(chainText(foo)).toMatch(
        /^global closures > Array 7 > useCaptured context > makeClosure captured > Foo$/,
      );
      const held = await refs(await addressOf('Held'));
      expect(chainText(held)).toBe('global byName > Map entry > Held');
      const last = await json<{ instances: { address: string }[] }>(
        'core',
        'instances',
        core,
        'Link',
        '--where',
        'next = null',
      );
      const link = await refs(last.instances[0]!.address);
      expect(link.chain?.steps.filter(({ holder }) => holder === 'Link')).toHaveLength(40);

      const out = join(folder, `dead-${node}.heapsnapshot`);
      await json('core', 'snapshot', core, '-o', out);
      expect(statSync(out).mode & 0o777).toBe(0o600);
      const [theirs, ours] = [await countSnapshot(own), await countSnapshot(out)];
      let classes = 0;
      for (const [name, count] of theirs) {
        // Of code V8 writes some tables as objects of their own, and others not; natives are C++.
        if (!/^(class |object|closure|string|number|regexp)/.test(name) || count < 20) continue;
        classes++;
        const difference = Math.abs((ours.get(name) ?? 0) - count);
        // Before it writes V8 collects what only stacks and caches lead to: some twenty plain objects of Node, and numbers.
        const most = name === 'class Object' || name === 'number' ? Math.max(12, count * 0.02) : count * 0.01;
        expect(difference, `${name}: ${ours.get(name)} of ${count}`).toBeLessThanOrEqual(Math.max(3, most));
      }
      expect(classes).toBeGreaterThan(10);
      const { stdout } = await runHolter(['heap', 'suspects', out]);
      expect(stdout).toMatch(/Session × 20 000/);
      expect(stdout).toMatch(/held by {3}leaks \(Array\) +\S*app\.cjs:16/);
      if (node === 24) {
        const devtools = await readWithDevTools(out);
        expect(devtools.aggregates.find(({ name }) => name === 'Session')?.count).toBe(20_000);
      }

      const diff = await json<{ rows: { name: string; countDelta: number; place: string }[] }>(
        'core',
        'diff',
        core,
        String(target.pid),
        '--live',
        '--filter',
        '/^(Later|Session|Held)$/',
      );
      expect(diff.rows.map(({ name, countDelta }) => [name, countDelta])).toEqual([['Later', 1000]]);
      expect(diff.rows[0]?.place).toMatch(/app\.cjs:6/);
      const [garbage, none] = await Promise.all([
        runHolter(['core', 'refs', core, '0x1234']),
        runHolter(['core', 'refs', core, 'Session']),
      ]);
      expect(garbage.stderr).toMatch(/no object begins at 0x1234/);
      expect(none.stderr).toMatch(/E_USAGE/);
    } finally {
      await target.stop();
      for (const file of [core, own]) rmSync(file, { force: true });
    }
  });
});

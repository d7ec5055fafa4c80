import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/**
 * The table of design.md §4: which room may import which. `visit/` is ours (src/visit/README.md): the one place where
 * the collectors of the domain rooms come together.
 */
const ALLOWED: Record<string, readonly string[]> = {
  base: [],
  linux: ['base'],
  'source-map': ['base'],
  cdp: ['base'],
  target: ['base', 'linux', 'cdp'],
  metrics: ['base', 'linux', 'cdp'],
  cpu: ['base', 'source-map', 'cdp'],
  perf: ['base', 'linux', 'cpu'],
  heap: ['base', 'source-map', 'cdp'],
  postmortem: ['base', 'linux', 'source-map', 'heap'],
  async: ['base', 'source-map', 'cdp'],
  probe: ['base', 'cdp'],
  recording: ['base'],
  agent: ['base', 'metrics'],
  load: ['base'],
  visit: [
    'base',
    'linux',
    'source-map',
    'cdp',
    'target',
    'metrics',
    'cpu',
    'perf',
    'heap',
    'postmortem',
    'async',
    'probe',
    'recording',
  ],
  doctor: ['base', 'source-map', 'metrics', 'cpu', 'perf', 'heap', 'async', 'recording', 'visit(raw-stack)'],
  watch: ['base', 'linux', 'metrics', 'recording', 'target', 'visit'],
  render: [
    'base',
    'source-map',
    'metrics',
    'cpu',
    'perf',
    'heap',
    'async',
    'probe',
    'load',
    'postmortem',
    'recording',
    'doctor',
    'watch(event)',
    'target(node-process)',
  ],
  server: ['base', 'heap', 'recording', 'render', 'target'],
  cli: [
    'base',
    'linux',
    'source-map',
    'cdp',
    'target',
    'metrics',
    'cpu',
    'perf',
    'heap',
    'async',
    'probe',
    'load',
    'postmortem',
    'recording',
    'visit',
    'doctor',
    'render',
    'server',
    'watch',
  ],
};

function listSources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return listSources(path);
    return name.endsWith('.ts') && !name.includes('.test.') && !name.includes('.fixture.') ? [path] : [];
  });
}

const imports = listSources(SRC).flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/^(?:import|export)\s[^;]*?from\s+'(\.[^']+)'/gms)].map(
    ([, to]) => ({
      from: relative(SRC, path),
      to: relative(SRC, join(path, '..', to as string)),
    }),
  ),
);
const roomOf = (path: string) => (path.includes('/') ? (path.split('/')[0] as string) : '');

test('imports are seen at all', () => {
  expect(imports.length).toBeGreaterThan(100);
});

test('rooms import only what design.md §4 lets them', () => {
  const wrong = imports
    .filter(({ from, to }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      // Files directly in src/ are the public subpaths.
      if (room === '' || room === other) return false;
      return !ALLOWED[room]?.some((entry) => {
        const [name, only] = entry.replace(')', '').split('(');
        return name === other && (only === undefined || to === `${name}/${only}.ts`);
      });
    })
    .map(({ from, to }) => `${from} imports ${to}`);
  expect(wrong).toEqual([]);
});

test('every room is in the table', () => {
  const rooms = readdirSync(SRC).filter((name) => statSync(join(SRC, name)).isDirectory());
  expect(rooms.sort()).toEqual(Object.keys(ALLOWED).sort());
});

test('nobody imports the command line', () => {
  expect(imports.filter(({ from, to }) => roomOf(to) === 'cli' && roomOf(from) !== 'cli')).toEqual([]);
});

/**
 * What probes cost in the target, per call in ns, on each Node: node bench/probe/run.mjs
 * Disabled probe, false predicate, count(), and a quantize pair around JSON.parse over the bare call.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const { parseProgram } = await import(`${DIST}probe/d-parser.js`);
const { compileProgram } = await import(`${DIST}probe/d-compile.js`);
const { engineSource } = await import(`${DIST}probe/engine.js`);
const { CATALOGUE } = await import(`${DIST}probe/provider-catalogue.js`);
const compile = (text) => compileProgram(parseProgram(text, 'bench'), CATALOGUE, [], 0);

const PROGRAMS = {
  'false predicate': 'bench:::p /arg0 > 100/ { @ = count(); }',
  'count()': 'bench:::p { @ = count(); }',
  'count() by key': 'bench:::p { @[probename] = count(); }',
};
const PAIR = 'b:::s { self->ts = timestamp; } b:::d { @ = quantize(timestamp - self->ts); }';
const engineOf = (text) => {
  const { text: js, aggregations, usesThis } = compile(text);
  const options = {
    aggregations,
    budget: 1e9,
    mostKeys: 1e4,
    mostBytesPerSecond: 1e6,
    mostErrors: 1000,
    pid: 0,
    usesThis,
  };
  return `(${engineSource()})(${js}, ${JSON.stringify(options)}, require, () => { const t = process.hrtime(); return t[0] * 1e9 + t[1]; })`;
};
const source = `
const N = 2e6;
const best = (run) => { let least = Infinity; for (let i = 0; i < 7; i++) { const c = process.cpuUsage(); run(); const { user, system } = process.cpuUsage(c); least = Math.min(least, (user + system) * 1000 / N); } return least; };
let sink = 0;
const empty = best(() => { for (let i = 0; i < N; i++) sink += i & 1; });
const result = {};
const slot = { handler: null };
const fire = (args) => { const { handler } = slot; if (handler === null) return false; handler(...args()); return true; };
result['disabled'] = best(() => { for (let i = 0; i < N; i++) { sink += i & 1; fire(() => [i]); } }) - empty;
${Object.entries(PROGRAMS)
  .map(
    ([
      name,
      text,
    ]) => `{ const e = ${engineOf(text)}; const h = e.attach({ provider: 'bench', module: '', function: '', name: 'p' });
result[${JSON.stringify(name)}] = best(() => { for (let i = 0; i < N; i++) { sink += i & 1; h(1); } }) - empty; }`,
  )
  .join('\n')}
{ const e = ${engineOf(PAIR)}; const s = e.attach({ provider: 'b', module: '', function: '', name: 's' }); const d = e.attach({ provider: 'b', module: '', function: '', name: 'd' });
result['quantize pair'] = best(() => { for (let i = 0; i < N; i++) { sink += i & 1; s('x'); d('x'); } }) - empty; }
console.log(JSON.stringify(result));
`;
const folder = mkdtempSync(join(tmpdir(), 'holter-bench-'));
const file = join(folder, 'bench.cjs');
writeFileSync(file, source);
const rows = [];
for (const major of [18, 20, 22, 24, 26]) {
  const node = fileURLToPath(new URL(`../../test/nodes/node_modules/node${major}/bin/node`, import.meta.url));
  if (existsSync(node)) rows.push([major, JSON.parse(execFileSync(node, [file], { encoding: 'utf8' }))]);
}
rmSync(folder, { recursive: true });
const names = Object.keys(rows[0][1]);
console.log(`ns per call       ${rows.map(([major]) => `Node ${major}`.padStart(9)).join('')}`);
for (const name of names)
  console.log(`${name.padEnd(18)}${rows.map(([, one]) => one[name].toFixed(1).padStart(9)).join('')}`);

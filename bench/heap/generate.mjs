// Writes a heap snapshot of about so many megabytes (10⁶ bytes) by filling a real process (population.cjs):
//
//     node bench/heap/generate.mjs 300 out.heapsnapshot [--node 24] [--second grown.heapsnapshot]
//
// Without OUT into $TMPDIR/holter-bench-heap, where bench/heap/run.mjs looks for it and finds it again; prints the paths.
// V8 needs about eight times the heap to write it: 11 GB for 2500.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const FOLDER = join(tmpdir(), 'holter-bench-heap');
const POPULATION = fileURLToPath(new URL('population.cjs', import.meta.url));
const NODES = fileURLToPath(new URL('../../test/nodes/node_modules', import.meta.url));
/** Measured: an empty shop, and each customer with what belongs to it. */
const EMPTY_BYTES = 4.5e6;
const CUSTOMER_BYTES = { 20: 3905, 24: 3600 };

/** Path of a snapshot of that size, made when it is not there; with `second` those of two of one process. */
export function snapshotOf(megabytes, node, second = false) {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const paths = (second ? ['a', 'b'] : ['']).map((part) =>
    join(FOLDER, `${megabytes}-node${node}${part && `-${part}`}.heapsnapshot`),
  );
  if (!paths.every((path) => existsSync(path))) generate(megabytes, node, paths);
  return paths;
}

function generate(megabytes, node, paths) {
  const [out, grown] = paths.map((path) => `${path}.part`);
  const customers = Math.max(1, Math.round((megabytes * 1e6 - EMPTY_BYTES) / (CUSTOMER_BYTES[node] ?? 3600)));
  const flags = ['--max-old-space-size=16000'];
  const args = [
    ...flags,
    POPULATION,
    `${customers}`,
    out,
    ...(grown === undefined ? [] : ['--second', grown]),
  ];
  const { status, signal } = spawnSync(join(NODES, `node${node}/bin/node`), args, {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0)
    throw new Error(`population.cjs ended with ${status ?? signal}: is there memory for 8 × the heap?`);
  for (const path of paths) renameSync(`${path}.part`, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { node: { type: 'string', default: '20' }, second: { type: 'string' } },
  });
  const [megabytes, out] = positionals;
  if (!(Number(megabytes) > 0)) {
    console.error('usage: node bench/heap/generate.mjs MEGABYTES [OUT] [--node 20|24] [--second OUT2]');
    process.exit(2);
  }
  const named = [out, values.second].filter((path) => path !== undefined);
  if (out !== undefined) generate(megabytes, values.node, named);
  const paths = out === undefined ? snapshotOf(megabytes, values.node) : named;
  for (const path of paths) console.log(path);
}

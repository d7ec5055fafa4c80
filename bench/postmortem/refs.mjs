// Who holds what in a large heap: `core refs` (a scan), the way to the roots, retained sizes, marking, and `core snapshot`.
//
//     npm run build && node bench/postmortem/refs.mjs [--node 20] [--count 5000000] [--runs 3] [--json FILE] [--dist dist]
//
// The core is holter's own, its page cache warm. Wall and peak RSS of whole commands; of the scan MB/s of V8's pages, within
// one process, the first time (it compiles) and the best of three. Bytes per object are those of the columns and bitmaps that
// marking fills (RSS after it less RSS before it), which stay as long as an answer is made. Goals (issue 7): scan 500 MB/s,
// way to the roots and retained size of 20 million objects 30 s and 80 bytes an object: --count 8000000 has 20 million.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeBinary, quantile, runCounted } from './targets.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '20' },
    count: { type: 'string', default: '5000000' },
    runs: { type: 'string', default: '3' },
    json: { type: 'string' },
    dist: { type: 'string', default: join(ROOT, 'dist') },
    'no-snapshot': { type: 'boolean', default: false },
    /** Of this script itself: measure a core in a process of its own. */
    measure: { type: 'string' },
  },
});
const dist = resolve(options.dist);
const CLI = join(dist, 'cli/main.js');

if (options.measure === undefined) await run();
else await measure(options.measure);

async function run() {
  const results = [];
  for (const node of options.node.split(',')) {
    const folder = mkdtempSync(join(tmpdir(), 'holter-bench-refs-'));
    try {
      const { core, heapUsed } = await takeCore(node, folder);
      spawnSync('cat', [core], { stdio: 'ignore' });
      console.log(`Node ${node}, ${(heapUsed / 1e6).toFixed(0)} MB of heap used`);
      const inside = runCounted(process.execPath, [
        fileURLToPath(import.meta.url),
        '--dist',
        dist,
        '--measure',
        core,
        '--count',
        options.count,
      ]);
      if (inside.status !== 0) throw new Error(inside.stderr);
      const found = JSON.parse(inside.stdout);
      const rate = (ms) => `${(found.bytes / ms / 1000).toFixed(0)} MB/s`;
      const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
      console.log(
        `  ${(found.objects / 1e6).toFixed(1)} million objects, ${(found.edges / 1e6).toFixed(1)} million references`,
      );
      console.log(
        `  scan for an address     ${rate(found.scanFirst)}, warm ${rate(found.scan)}; referrers of one, named, ${seconds(found.findMs)}`,
      );
      console.log(
        `  index, references, mark ${seconds(found.graphMs)}, ${(found.graphBytes / found.objects).toFixed(0)} bytes an object`,
      );
      console.log(
        `  way to the roots        ${seconds(found.chainMs)} more, ${found.steps} steps; retained size ${seconds(found.retainedMs)} more, ${(found.retained / 1e6).toFixed(0)} MB`,
      );
      const row = { node, heapUsed, ...found };
      for (const [name, args] of Object.entries(commandsOf(core, found.address, folder))) {
        const runs = [];
        for (let i = 0; i < Number(options.runs); i++)
          runs.push(runCounted(process.execPath, [CLI, 'core', ...args]));
        const failed = runs.find(({ status }) => status !== 0);
        if (failed !== undefined) throw new Error(`${name}: ${failed.stderr}`);
        const wall = quantile(
          runs.map((one) => one.wallSeconds),
          0.5,
        );
        const rss = Math.max(...runs.map((one) => one.peakRss));
        row[name] = { wall, rss };
        const file = join(folder, 'x.heapsnapshot');
        const size = name === 'snapshot' ? `, ${(statSync(file).size / 1e6).toFixed(0)} MB written` : '';
        console.log(
          `  holter core ${name.padEnd(24)} ${wall.toFixed(1)} s, ${(rss / 1e6).toFixed(0)} MB${size}`,
        );
      }
      results.push(row);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

function commandsOf(core, address, folder) {
  const at = `0x${address.toString(16)}`;
  const commands = {
    refs: ['refs', core, at],
    'refs --to-root --retained': ['refs', core, at, '--to-root', '--retained'],
    'objects --live': ['objects', core, '--live'],
  };
  if (!options['no-snapshot']) commands.snapshot = ['snapshot', core, '-o', join(folder, 'x.heapsnapshot')];
  return commands;
}

async function takeCore(node, folder) {
  const child = fork(fileURLToPath(new URL('many.cjs', import.meta.url)), [options.count], {
    execPath: nodeBinary(node),
    execArgv: ['--max-old-space-size=8000'],
  });
  try {
    const [{ heapUsed }] = await once(child, 'message');
    const core = join(folder, 'node.core');
    const taken = spawnSync(process.execPath, [CLI, 'core', 'take', String(child.pid), '-o', core, '--yes'], {
      encoding: 'utf8',
    });
    if (taken.status !== 0) throw new Error(taken.stderr);
    return { core, heapUsed };
  } finally {
    child.kill('SIGKILL');
  }
}

async function measure(core) {
  const load = (path) => import(pathToFileURL(join(dist, 'postmortem', path)).href);
  const [
    { openCore },
    { openV8 },
    { findHeapPages },
    { HeapWalk },
    { allPages },
    { findReferrers },
    { buildLiveGraph },
    { buildRootChain, measureRetained },
    { listInstances },
  ] = await Promise.all(
    [
      'core-file.js',
      'open-v8.js',
      'heap-pages.js',
      'heap-walk.js',
      'heap-copy.js',
      'reference-find.js',
      'graph-build.js',
      'root-chain.js',
      'object-instances.js',
    ].map(load),
  );
  const image = await openCore(core);
  const v8 = openV8(image);
  const pages = findHeapPages(v8);
  const all = allPages(pages);
  const bytes = all.reduce((sum, page) => sum + page.areaEnd - page.areaStart, 0);
  const timed = (work) => {
    const from = performance.now();
    const result = work();
    return [performance.now() - from, result];
  };
  // One in the middle of the heap.
  const { list } = listInstances(v8, pages, 'Leak', { skip: Math.floor(Number(options.count) / 4), most: 1 });
  const { address } = list[0];
  // An address within an object: nobody has it, so that this is one pass over the heap and nothing else.
  const scans = [1, 2, 3].map(() => timed(() => findReferrers(v8, new HeapWalk(v8), all, address + 8))[0]);
  // Two passes, and the names of what was found: its array has millions of elements.
  const [findMs] = timed(() => findReferrers(v8, new HeapWalk(v8), all, address));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const walk = new HeapWalk(v8);
  const [graphMs, live] = timed(() => buildLiveGraph(v8, pages, { walk, withPaths: true }));
  const graphBytes = process.memoryUsage().rss - before;
  const [chainMs, chain] = timed(() => buildRootChain(v8, live, address));
  // The array that holds it.
  const [retainedMs, retained] = timed(() => measureRetained(live, chain.steps.at(-2).address));
  process.stdout.write(
    JSON.stringify({
      address,
      bytes,
      objects: live.graph.objects.count,
      edges: live.graph.edgeCount,
      scanFirst: scans[0],
      scan: Math.min(...scans),
      findMs,
      graphMs,
      graphBytes,
      chainMs,
      steps: chain?.steps.length ?? 0,
      retainedMs,
      retained: retained?.bytes ?? 0,
    }),
  );
  image.close();
}

// Histogram of a heap: `holter core objects` against llnode 4 (`v8 findjsobjects`, lldb 14) on the same core.
//
//     npm run build && node bench/postmortem/objects.mjs [--node 20] [--count 5000000] [--runs 3] [--llnode PLUGIN] [--json FILE] [--dist dist]
//
// The core is gcore's, its page cache warm. Wall, CPU and peak RSS of whole commands; `count` is the time for the counting
// alone, within one process, and MB/s are of the pages of V8's heap. llnode reads heaps of Node 18 and 20 only, and is
// measured once: it takes a minute. Build it with bench/postmortem/run.mjs --only core, or name the plugin.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
    llnode: { type: 'string', default: join(ROOT, 'bench/peers/llnode/node_modules/llnode/llnode.so') },
    json: { type: 'string' },
    dist: { type: 'string', default: join(ROOT, 'dist') },
  },
});
const dist = resolve(options.dist);
const results = [];

async function makeCore(node, folder) {
  const child = fork(fileURLToPath(new URL('many.cjs', import.meta.url)), [options.count], {
    execPath: nodeBinary(node),
    execArgv: ['--max-old-space-size=8000'],
  });
  try {
    const [{ heapUsed }] = await once(child, 'message');
    const { status, stderr } = spawnSync('gcore', ['-o', join(folder, 'core'), String(child.pid)], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`gcore: ${stderr}`);
    return { core: join(folder, `core.${child.pid}`), heapUsed };
  } finally {
    child.kill('SIGKILL');
  }
}

/** Counting alone, the best of three: the first compiles. */
async function timeCounting(core) {
  const load = (path) => import(pathToFileURL(join(dist, 'postmortem', path)).href);
  const [{ openCore }, { openV8 }, { findHeapPages }, { countObjects }, { HeapWalk }] = await Promise.all(
    ['core-file.js', 'open-v8.js', 'heap-pages.js', 'object-table.js', 'heap-walk.js'].map(load),
  );
  const image = await openCore(core);
  const v8 = openV8(image);
  const before = performance.now();
  const pages = findHeapPages(v8);
  const findMs = performance.now() - before;
  const all = [...pages.isolates.flatMap((one) => one.pages), ...pages.readOnly];
  const bytes = all.reduce((sum, page) => sum + page.areaEnd - page.areaStart, 0);
  const best = (work) => {
    const times = [1, 2, 3].map(() => {
      const from = performance.now();
      work();
      return performance.now() - from;
    });
    return [times[0], Math.min(...times)];
  };
  const [walkFirst, walk] = best(() => new HeapWalk(v8).walk(all, () => {}));
  const [countFirst, count] = best(() => countObjects(v8, pages));
  image.close();
  return { bytes, findMs, walkFirst, walk, countFirst, count };
}

for (const node of options.node.split(',')) {
  const folder = mkdtempSync(join(tmpdir(), 'holter-bench-objects-'));
  try {
    const { core, heapUsed } = await makeCore(node, folder);
    console.log(`Node ${node}, ${(heapUsed / 1e6).toFixed(0)} MB of heap used`);
    spawnSync('cat', [core], { stdio: 'ignore' });
    const runs = [];
    for (let run = 0; run < Number(options.runs); run++)
      runs.push(runCounted(process.execPath, [join(dist, 'cli/main.js'), 'core', 'objects', core]));
    const wall = quantile(
      runs.map((run) => run.wallSeconds),
      0.5,
    );
    const rss = Math.max(...runs.map((run) => run.peakRss));
    console.log(`  holter core objects     ${wall.toFixed(2)} s, ${(rss / 1e6).toFixed(0)} MB`);
    const counting = await timeCounting(core);
    const rate = (ms) => `${(counting.bytes / ms / 1000).toFixed(0)} MB/s`;
    console.log(
      `  of that: pages found in ${counting.findMs.toFixed(0)} ms; walk ${rate(counting.walkFirst)}, warm ${rate(counting.walk)}; count ${rate(counting.countFirst)}, warm ${rate(counting.count)}`,
    );
    const row = { node, heapUsed, wall, rss, ...counting };
    if (!existsSync(options.llnode)) console.log('  llnode is not measured: it is not built');
    else if (node === '18' || node === '20') {
      const script = ['-b', '-o', `plugin load ${options.llnode}`, '-o', 'v8 findjsobjects', '-o', 'quit'];
      const peer = runCounted('lldb-14', [nodeBinary(node), '-c', core, ...script], {
        PATH: `/usr/lib/llvm-14/bin:${process.env.PATH}`,
      });
      const found = /^ *(\d+) +\d+ \(String\)/m.exec(peer.stdout ?? '')?.[1];
      console.log(
        `  llnode v8 findjsobjects ${peer.wallSeconds.toFixed(2)} s, ${(peer.peakRss / 1e6).toFixed(0)} MB, ${found ?? 'no'} strings: ${(peer.wallSeconds / wall).toFixed(0)} times`,
      );
      row.llnode = { wall: peer.wallSeconds, rss: peer.peakRss };
    }
    results.push(row);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);

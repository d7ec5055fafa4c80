// Cores of live processes: `holter core take` against gdb's gcore, the same processes, in one run.
//
//     npm run build && node bench/postmortem/take.mjs [--node 24] [--runs 5] [--heap 0,700] [--json FILE] [--dist dist] [--folder DIR]
//
// wall      of the whole command, Node's own start included; median of --runs (gcore: one run, its cores are of 1-2 GB)
// pause     how long the process stood by what holter says, and the longest gap that a 1 ms ticker within it saw
// size      on disk, against the resident size (VmRSS) of the process
//
// --heap: MB of small objects that the process holds; 0 is an idle server. A disk slower than the page cache shows in the
// pause of large ones: --folder chooses where cores are written, and each is deleted at once.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeBinary } from './targets.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IDLE = fileURLToPath(new URL('idle.cjs', import.meta.url));
const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '24' },
    runs: { type: 'string', default: '5' },
    heap: { type: 'string', default: '0,700' },
    json: { type: 'string' },
    dist: { type: 'string', default: join(ROOT, 'dist') },
    folder: { type: 'string', default: tmpdir() },
  },
});
const HOLTER = join(resolve(options.dist), 'cli/main.js');
const hasGcore = spawnSync('gcore', ['-v']).error === undefined;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const MB = 1e6;
const results = [];
let failed = false;

function timed(command, args) {
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e8 });
  const seconds = (performance.now() - begun) / 1000;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { seconds, stdout };
}

const diskBytes = (folder) =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).blocks * 512, 0);

for (const major of options.node.split(','))
  for (const heap of options.heap.split(',').map(Number)) {
    const child = fork(IDLE, [String(heap)], {
      execPath: nodeBinary(major),
      execArgv: [`--max-old-space-size=${heap * 2 + 256}`],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    const folder = mkdtempSync(join(options.folder, 'holter-bench-'));
    try {
      const rss =
        Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024;
      const runs = [];
      for (let run = 0; run < Number(options.runs); run++) {
        child.send('reset');
        await once(child, 'message');
        const path = join(folder, 'core');
        const { seconds, stdout } = timed(process.execPath, [
          HOLTER,
          'core',
          'take',
          String(child.pid),
          '-o',
          path,
          '--yes',
          '--json',
        ]);
        child.send('gap');
        const [{ gap }] = await once(child, 'message');
        const { pausedMs, copiedBytes } = JSON.parse(stdout);
        runs.push({ seconds, pausedMs, gap, copiedBytes, bytes: diskBytes(folder) });
        rmSync(path);
      }
      const row = { node: major, heap, rss };
      for (const key of ['seconds', 'pausedMs', 'gap', 'copiedBytes', 'bytes'])
        row[key] = median(runs.map((run) => run[key]));
      if (hasGcore) {
        const { seconds } = timed('gcore', ['-o', join(folder, 'core'), String(child.pid)]);
        row.gcore = { seconds, bytes: diskBytes(folder) };
      }
      results.push(row);
      const idle = heap === 0;
      const most = 200 + (row.rss / 1e9) * 1000;
      const isGood = row.pausedMs <= most && (!idle || (row.seconds <= 0.5 && row.bytes <= 1.5 * rss));
      failed ||= !isGood;
      console.log(
        `Node ${major}, ${idle ? 'idle' : `heap ${heap} MB`}: resident ${(rss / MB).toFixed(0)} MB, ${runs.length} runs`,
      );
      console.log(
        `  holter  ${row.seconds.toFixed(2)} s   ${(row.bytes / MB).toFixed(0)} MB (${(row.bytes / rss).toFixed(2)} x resident)   ` +
          `pause ${row.pausedMs.toFixed(0)} ms (most ${Math.max(...runs.map((run) => run.pausedMs)).toFixed(0)}), seen by it ${row.gap.toFixed(0)} ms   goal ${most.toFixed(0)} ms   ${isGood ? 'ok' : 'MISSED'}`,
      );
      if (row.gcore)
        console.log(
          `  gcore   ${row.gcore.seconds.toFixed(2)} s   ${(row.gcore.bytes / MB).toFixed(0)} MB   ${(row.gcore.seconds / row.seconds).toFixed(1)} x the time, ${(row.gcore.bytes / row.bytes).toFixed(0)} x the size`,
        );
    } finally {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    }
  }
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
process.exitCode = failed ? 1 : 0;

// Stacks of live processes and cores: holter against gdb and, where it works, llnode 4 with lldb 14.
//
//     npm run build && node bench/postmortem/run.mjs [--node 18,20,22,24,26] [--runs 5] [--stops 200] [--calls 50]
//                                     [--only cold,core,pause,complete,decode] [--llnode PLUGIN] [--odd] [--json FILE] [--dist dist]
//
// cold      one command from start to end, Node's own start included: wall, CPU, peak RSS; median of --runs. The page cache
//           is warm: the binary of the target runs. For a process: `holter stack PID`, gdb's `thread apply all bt`, which
//           knows no JavaScript. Needs gdb.
// core      the same of a core made by gcore: `holter core bt`, gdb, `v8 bt` of llnode.
// pause     --calls calls of `holter stack` on a 60 frames deep stack: what it says itself, and the longest gap that a 1 ms
//           ticker within the target saw meanwhile, against as many windows of the same length without a call.
// complete  share of complete stacks in --stops random stops of a hot program. --odd prints the others.
// decode    µs to read the main thread's stack again with warm caches.
//
// llnode reads no inlined frames: of this hot program it shows the function that they were inlined into.
// Do not build dist while this runs; --dist may name a copy.
//
// llnode is built on demand in bench/peers/llnode: needs lldb-14 and liblldb-14-dev, g++ and make.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { countComplete, timeDecoding } from './stops.mjs';
import { nodeBinary, quantile, runCounted, startBusy } from './targets.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PEER = join(ROOT, 'bench/peers/llnode');
const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '18,20,22,24,26' },
    runs: { type: 'string', default: '5' },
    stops: { type: 'string', default: '200' },
    calls: { type: 'string', default: '50' },
    only: { type: 'string', default: 'cold,core,pause,complete,decode' },
    llnode: { type: 'string' },
    odd: { type: 'boolean', default: false },
    json: { type: 'string' },
    dist: { type: 'string', default: join(ROOT, 'dist') },
  },
});
/** Nearly always within its functions: where it stands between two calls, a stack has 20 frames only. */
const DEEP = { depth: 55, rounds: 300_000 };
const dist = resolve(options.dist);
const HOLTER = join(dist, 'cli/main.js');
const only = new Set(options.only.split(','));
const results = [];
let failed = false;

const has = (command) => spawnSync(command, ['--version']).error === undefined;
const ms = (value) => (value === undefined ? '–' : value.toFixed(1)).padStart(8);

/** llnode's build looks for a program `lldb`, which Debian calls lldb-14 outside of this folder. */
const LLDB = {
  PATH: `/usr/lib/llvm-14/bin:${process.env.PATH}`,
  LLNODE_LLDB_INCLUDE_DIR: '/usr/lib/llvm-14/include',
};

/** The plugin of llnode, built on demand; undefined (and said) when it cannot be had. */
function llnodePlugin() {
  if (!has('lldb-14')) {
    console.log('llnode is not measured: lldb-14 is not installed');
    return undefined;
  }
  if (options.llnode !== undefined) return resolve(options.llnode);
  const plugin = join(PEER, 'node_modules/llnode/llnode.so');
  if (!existsSync(plugin)) {
    mkdirSync(PEER, { recursive: true });
    writeFileSync(join(PEER, 'package.json'), '{ "private": true, "dependencies": { "llnode": "4.0.0" } }\n');
    const { status, stderr } = spawnSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund'], {
      cwd: PEER,
      encoding: 'utf8',
      env: { ...process.env, ...LLDB },
    });
    if (status !== 0) {
      console.log(`llnode is not measured: its build failed: ${stderr.trim().split('\n').at(-1)}`);
      return undefined;
    }
  }
  return plugin;
}

/** Median of runs of a command, and whether what it printed has the functions of the target. */
function measure(node, what, command, args, env) {
  const runs = [];
  for (let run = 0; run < Number(options.runs); run++) runs.push(runCounted(command, args, env));
  const row = { node, what, status: runs[0].status, runs: runs.length };
  for (const key of ['wallSeconds', 'cpuSeconds', 'peakRss'])
    row[key] = quantile(
      runs.map((run) => run[key]),
      0.5,
    );
  row.namesFunction = runs.filter(({ stdout }) => /\bhotB\b/.test(stdout) && /\bloop\b/.test(stdout)).length;
  results.push(row);
  if (row.status !== 0) failed ||= what.startsWith('holter');
  const bad = row.status === 0 ? '' : `  exit ${row.status}: ${runs[0].stderr.trim().split('\n').at(-1)}`;
  console.log(
    `  ${what.padEnd(28)}${ms(row.wallSeconds * 1000)} ms${ms(row.cpuSeconds * 1000)} ms CPU${ms(row.peakRss / 1e6)} MB` +
      `   hotB and loop in ${row.namesFunction} of ${row.runs}${bad}`,
  );
}

async function measureCold(node) {
  const target = await startBusy(node);
  const pid = String(target.pid);
  try {
    measure(node, 'holter stack', process.execPath, [HOLTER, 'stack', pid]);
    if (has('gdb')) measure(node, 'gdb bt, live', 'gdb', ['-p', pid, '-batch', '-ex', 'thread apply all bt']);
  } finally {
    await target.end();
  }
}

async function measureCore(node, plugin) {
  const folder = mkdtempSync(join(tmpdir(), 'holter-core-'));
  const target = await startBusy(node);
  try {
    if (spawnSync('gcore', ['-o', join(folder, 'core'), String(target.pid)]).status !== 0) {
      console.log('  cores are not measured: gcore failed');
      return;
    }
    await target.end();
    const core = join(folder, `core.${target.pid}`);
    const binary = nodeBinary(node);
    console.log(`  core of ${(statSync(core).size / 1e6).toFixed(0)} MB`);
    measure(node, 'holter core bt', process.execPath, [HOLTER, 'core', 'bt', core, '--exe', binary]);
    measure(node, 'gdb bt, core', 'gdb', ['-batch', '-ex', 'thread apply all bt', binary, core]);
    if (plugin !== undefined)
      measure(node, 'llnode v8 bt', 'lldb-14', [
        ...['--batch', '-o', `plugin load ${plugin}`],
        ...['-o', `target create ${binary} --core ${core}`, '-o', 'v8 bt'],
      ]);
  } finally {
    await target.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePause(node) {
  const target = await startBusy(node, DEEP);
  const [said, seen, without, lengths, frames] = [[], [], [], [], []];
  let failures = 0;
  try {
    for (let call = 0; call < Number(options.calls); call++) {
      await target.resetGap();
      const start = performance.now();
      const run = runCounted(process.execPath, [HOLTER, 'stack', String(target.pid), '--json']);
      lengths.push(performance.now() - start);
      const gap = await target.longestGap();
      if (run.status === 0) {
        const { pausesMs, threads } = JSON.parse(run.stdout);
        seen.push(gap);
        said.push(Math.max(...pausesMs));
        frames.push(threads.find(({ role }) => role === 'main').frames.length);
      } else {
        failures++;
        console.log(`  a call ended with ${run.status}: ${run.stderr.trim().split('\n').at(-1)}`);
      }
      await target.resetGap();
      await sleep(lengths.at(-1));
      without.push(await target.longestGap());
    }
  } finally {
    await target.end();
  }
  failed ||= failures > 0;
  results.push({ node, what: 'pause', said, seen, without, frames, failures });
  console.log(
    `  ${said.length} calls, ${failures} failed; main thread of ${quantile(frames, 0.5)} frames (median, least ${Math.min(...frames)})`,
  );
  for (const [name, values] of Object.entries({
    'pause, as holter says': said,
    'longest gap seen': seen,
    'gap without a call': without,
  }))
    console.log(
      `  ${name.padEnd(28)}p50 ${ms(quantile(values, 0.5))} ms  p95 ${ms(quantile(values, 0.95))} ms`,
    );
}

/** @param rounds of hotB in a call of loop: the more, the less of the time goes to Node's own code between two calls */
async function measureComplete(node, rounds) {
  const target = await startBusy(node, { rounds, warmSeconds: 3 });
  try {
    const { counts, odd, pauses } = await countComplete(dist, target.pid, Number(options.stops));
    const total = Object.values(counts).reduce((sum, count) => sum + count);
    const share = counts.complete / (total - counts.outside);
    results.push({ node, what: 'complete', rounds, counts, share, odd });
    const text = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    console.log(
      `  ${`${total} stops, hotB(${rounds})`.padEnd(28)}${text.join(', ')}: ${(share * 100).toFixed(1)} % complete of those not outside` +
        `; paused p50 ${quantile(pauses, 0.5).toFixed(1)} ms, p95 ${quantile(pauses, 0.95).toFixed(1)} ms`,
    );
    if (options.odd) for (const stack of odd) console.log(stack.replaceAll(/^/gm, '    '));
  } finally {
    await target.end();
  }
}

async function measureDecoding(node) {
  const target = await startBusy(node, DEEP);
  try {
    const times = await timeDecoding(dist, target.pid);
    results.push({ node, what: 'decode', ...times });
    if (times === undefined) console.log('  decoding: never found in its functions');
    else
      console.log(
        `  ${`decode ${times.frames} frames`.padEnd(28)}${ms(times.warm)} µs, all warm;${ms(times.fresh)} µs with a new reader`,
      );
  } finally {
    await target.end();
  }
}

const plugin = only.has('core') ? llnodePlugin() : undefined;
for (const node of options.node.split(',')) {
  console.log(`Node ${node}`);
  if (!existsSync(nodeBinary(node))) {
    console.log('  not installed: node scripts/prepare-tests.mjs');
    failed = true;
    continue;
  }
  if (only.has('cold')) await measureCold(node);
  if (only.has('core')) await measureCore(node, plugin);
  if (only.has('pause')) await measurePause(node);
  if (only.has('complete')) for (const rounds of [30_000, 300_000]) await measureComplete(node, rounds);
  if (only.has('decode')) await measureDecoding(node);
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
if (failed) process.exitCode = 1;

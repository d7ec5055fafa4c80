// From a heap snapshot to the first screen: holter against Chrome DevTools' own worker and memlab; same files, same run.
//
//     npm run build && node bench/heap/run.mjs [--sizes 50,300,1000] [--node 20,24] [--runs 1] [--only holter,devtools,memlab]
//                                              [--reopen] [--diff] [--json FILE] [--dist dist]
//
// holter: the command `holter heap show FILE --json`, start-up included, and its stages as a library. DevTools: parse,
// dominators, retained sizes and class list of chrome-devtools-frontend (test/oracles), two threads as in Chrome. memlab:
// getFullHeapFromFile and a pass over all nodes (bench/peers). Files: generate.mjs beside this.
//
// CPU is user + system time of all threads as /usr/bin/time counts them, memory the peak RSS; with --runs the median. Wall
// time is shown, but only a quiet machine makes it mean something. Before each run memory is touched and the file read. --reopen: again with the index that the first run left.
// --diff: two snapshots of one process, and what comparing takes when both are open. Exit code 1 when something failed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEVTOOLS_CHILD, DEVTOOLS_FLAGS } from '../../test/oracles/devtools-heap.mjs';
import { installOracles } from '../../test/oracles/install.mjs';
import { snapshotOf } from './generate.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PEERS = join(ROOT, 'bench/peers');
const STAGES = fileURLToPath(new URL('holter-stages.mjs', import.meta.url));
const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '50,300' },
    node: { type: 'string', default: '20,24' },
    runs: { type: 'string', default: '1' },
    only: { type: 'string', default: 'holter,devtools,memlab' },
    reopen: { type: 'boolean', default: false },
    diff: { type: 'boolean', default: false },
    json: { type: 'string' },
    dist: { type: 'string', default: join(ROOT, 'dist') },
  },
});
const dist = resolve(options.dist);
const only = options.only.split(',');
const results = [];
let failed = false;

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/**
 * The same machine before each run: the file in the page cache, and memory that the host has already given. A guest whose
 * host takes unused memory back pays up to 2 s for the first GB, whoever happens to run first.
 */
function settle(file) {
  const touch = `
    const { openSync, readSync } = require('node:fs');
    const pieces = [];
    for (let i = 0; i < 40; i++) pieces.push(new Uint8Array(1e8).fill(1));
    const fd = openSync(process.argv[1]);
    const piece = new Uint8Array(2 ** 20);
    while (readSync(fd, piece) > 0);`;
  spawnSync(process.execPath, ['-e', touch, file], { stdio: 'inherit' });
}

/** CPU s, wall s and peak bytes of a command, and what it printed. */
function runCounted(args) {
  const folder = mkdtempSync(join(tmpdir(), 'holter-bench-'));
  const counted = join(folder, 'time');
  try {
    const { status, stdout, stderr, error } = spawnSync(
      '/usr/bin/time',
      ['-q', '-f', '%U %S %e %M', '-o', counted, process.execPath, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 28 },
    );
    if (error) throw error;
    if (status !== 0) throw new Error(stderr.trim().split('\n').slice(-3).join(' '));
    const [user, system, wall, kilobytes] = readFileSync(counted, 'utf8').trim().split(' ').map(Number);
    return { cpuSeconds: user + system, wallSeconds: wall, peakRss: kilobytes * 1024, stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Wall s until a command says its first word. */
function firstWord(args) {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve) => {
    let first;
    child.stdout.on('data', () => {
      first ??= (performance.now() - start) / 1000;
    });
    child.on('close', () => resolve(first));
  });
}

function measure(what, file, args, prepare = () => {}) {
  const runs = [];
  try {
    for (let run = 0; run < Number(options.runs); run++) {
      prepare();
      settle(file);
      runs.push(runCounted(args));
    }
  } catch (cause) {
    failed = true;
    const row = { what, file, failed: cause.message };
    results.push(row);
    return row;
  }
  const row = { what, file, bytes: statSync(file).size };
  for (const key of ['cpuSeconds', 'wallSeconds', 'peakRss']) row[key] = median(runs.map((run) => run[key]));
  row.stdout = runs[0].stdout;
  results.push(row);
  return row;
}

const seconds = (value) => (value === undefined ? '–' : value.toFixed(2)).padStart(8);

function say(row, holter, nodeCount) {
  if (row.failed !== undefined) {
    console.log(`  ${row.what.padEnd(34)} failed: ${row.failed}`);
    return;
  }
  const ratio = (value, mine) =>
    (holter === undefined || row === holter ? '' : `${(value / mine).toFixed(1)} ×`).padStart(8);
  console.log(
    `  ${row.what.padEnd(34)}${seconds(row.cpuSeconds)}${ratio(row.cpuSeconds, holter?.cpuSeconds)}${seconds(row.wallSeconds)}` +
      `${String(Math.round(row.peakRss / 1e6)).padStart(8)}${ratio(row.peakRss, holter?.peakRss)}` +
      `${String(Math.round(row.peakRss / nodeCount)).padStart(8)}`,
  );
}

/** Also measured inside, where start-up of Node does not count. */
function sayStages(args) {
  const { stdout } = runCounted([STAGES, dist, ...args]);
  const stages = JSON.parse(stdout);
  for (const [stage, { cpuSeconds, wallSeconds }] of Object.entries(stages.stages))
    console.log(
      `    ${`stage: ${stage}`.padEnd(32)}${seconds(cpuSeconds)}${''.padStart(8)}${seconds(wallSeconds)}`,
    );
  return stages;
}

async function compareWithPeers(file) {
  const index = `${file}.hsidx`;
  const forget = () => rmSync(index, { force: true });
  console.log(`\n${file}, ${(statSync(file).size / 1e6).toFixed(0)} MB`);
  const read = JSON.parse(runCounted([STAGES, dist, file, '--read']).stdout);
  const { nodeCount, edgeCount } = read;
  console.log(`  ${nodeCount} nodes, ${edgeCount} edges`);
  const columns = ['CPU s', 'ratio', 'wall s', 'RSS MB', 'ratio', 'B/node'];
  console.log(`  ${''.padEnd(34)}${columns.map((name) => name.padStart(8)).join('')}`);
  const show = [join(dist, 'cli/main.js'), 'heap', 'show', file, '--json'];
  const holter = only.includes('holter') ? measure('holter heap show --json', file, show, forget) : undefined;
  if (holter !== undefined) {
    say(holter, undefined, nodeCount);
    if (options.reopen) say(measure('holter heap show --json, again', file, show), holter, nodeCount);
    forget();
    settle(file);
    console.log(`    ${'first screen'.padEnd(32)}${''.padStart(16)}${seconds(await firstWord(show))}`);
    forget();
    const stages = sayStages([file]);
    const { cpuSeconds } = read.stages.read;
    const rate = Math.round(read.bytes / 1e6 / cpuSeconds);
    console.log(`    ${'parse alone'.padEnd(32)}${seconds(cpuSeconds)} = ${rate} MB/s of CPU`);
    if (options.reopen) {
      sayStages([file, '--index']);
      console.log('    with the index written by the line before:');
      sayStages([file, '--index']);
      forget();
    }
    results.push({ what: 'stages', file, read: read.stages.read, ...stages });
  }
  if (only.includes('devtools'))
    say(measure('DevTools worker', file, [...DEVTOOLS_FLAGS, DEVTOOLS_CHILD, file]), holter, nodeCount);
  if (only.includes('memlab'))
    say(
      measure('memlab 2.0.5', file, ['--max-old-space-size=12000', join(PEERS, 'memlab-heap.mjs'), file]),
      holter,
      nodeCount,
    );
}

function measureDiff(size, node) {
  const [older, newer] = snapshotOf(size, node, true);
  console.log(`\n${newer} against ${older}, ${(statSync(newer).size / 1e6).toFixed(0)} MB`);
  results.push({ what: 'diff', file: newer, ...sayStages([newer, '--diff', older]) });
}

await installOracles();
if (only.includes('memlab') && !existsSync(join(PEERS, 'node_modules/@memlab/heap-analysis'))) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  spawnSync('npm', args, { cwd: PEERS, stdio: ['ignore', 2, 2] });
}
for (const size of options.sizes.split(',').map(Number))
  for (const node of options.node.split(',')) {
    const [file] = snapshotOf(size, node);
    await compareWithPeers(file);
    if (options.diff) measureDiff(size, node);
  }
for (const row of results) delete row.stdout;
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
if (failed) process.exitCode = 1;

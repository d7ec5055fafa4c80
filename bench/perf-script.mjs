// How fast the text of `perf script` becomes folded stacks: holter's reader against stackcollapse-perf.pl of FlameGraph,
// on the same file, and whether the stacks and their weights are the same.
//
//     npm run build && node bench/perf-script.mjs --peer stackcollapse-perf.pl [--file perf.txt] [--mb 145] [--runs 3]
//                                                 [--node test/nodes/node_modules/node24/bin/node]
//
// Without --file it records a Node program (needs root and `perf`) for 20 s at 999 Hz with --perf-basic-prof, and repeats the
// text until it has --mb megabytes. stackcollapse-perf.pl is not part of holter (github.com/brendangregg/FlameGraph, CDDL):
// give its path, or STACKCOLLAPSE_PERF; without it only holter is measured. CPU seconds are those of the whole
// process, start included, best of --runs.
//
// "The same" is what test/oracles/stackcollapse.mjs says; the unit tests compare recorded texts with it too.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { differentStacks, stacksOfCollapsed, stacksOfTree } from '../test/oracles/stackcollapse.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    file: { type: 'string' },
    peer: { type: 'string', default: process.env.STACKCOLLAPSE_PERF ?? '' },
    mb: { type: 'string', default: '145' },
    runs: { type: 'string', default: '3' },
    node: { type: 'string', default: join(HERE, '../test/nodes/node_modules/node24/bin/node') },
    dist: { type: 'string', default: join(HERE, '../dist') },
    fold: { type: 'string' },
  },
});
const load = (path) => import(pathToFileURL(resolve(options.dist, path)).href);
const { openFile } = await load('base/byte-source.js');
const { readPerfScript } = await load('cpu/read-perf-script.js');
const { writeFolded } = await load('cpu/write-folded.js');

if (options.fold !== undefined) {
  const source = openFile(options.fold);
  for (const chunk of writeFolded(readPerfScript(source, {}).profiles[0].tree)) writeSync(1, chunk);
  writeSync(2, `peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n`);
  process.exit();
}

/** Renders, sorts, matches, parses, compresses, allocates and compiles for 20 s: many different stacks. */
const PROGRAM = `
const zlib = require('node:zlib');
const items = Array.from({ length: 2000 }, (_, i) => ({ id: i, name: 'item ' + i, tags: ['a', 'b', String(i % 7)] }));
const indent = (text) => { let out = ''; for (let i = 0; i < 40; i++) out = ' ' + text.charAt(i % text.length) + out.slice(0, 80); return out; };
function render(list) { let text = ''; for (const item of list) text += indent('<li>' + item.name + ' ' + item.tags.join(' ') + '</li>'); return text; }
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
class Store { sort() { return items.slice().sort((a, b) => (a.name < b.name ? -1 : 1)); } }
const match = (text) => (text.match(/item (\\d+) [ab]+/g) ?? []).length;
const store = new Store();
const litter = () => { const rows = []; for (let i = 0; i < 40000; i++) rows.push({ i, text: 'x' + i }); return rows.length; };
const end = Date.now() + 20000;
function turn() {
  const text = render(store.sort());
  match(text); fib(22); litter(); JSON.parse(JSON.stringify(items)); zlib.gzipSync(text);
  new Function('n', 'let s = 0; for (let i = 0; i < n; i++) s += i % 3; return s')(20000);
  if (Date.now() < end) setImmediate(turn);
}
turn();
`;

const folder = mkdtempSync(join(tmpdir(), 'holter-perf-script-'));
try {
  const text = options.file ?? record();
  const bytes = statSync(text).size;
  console.log(`${(bytes / 1e6).toFixed(0)} MB of text, Node ${process.versions.node}, ${cpus()[0].model}`);
  const self = fileURLToPath(import.meta.url);
  const holter = measure('holter', process.execPath, [self, '--dist', options.dist, '--fold', text], bytes);
  if (options.peer === '') console.log('no --peer: stackcollapse-perf.pl not measured');
  else {
    const peer = measure('stackcollapse', 'perl', [options.peer, text], bytes);
    console.log(`ratio          ${(peer.seconds / holter.seconds).toFixed(1)} x less CPU`);
    compare(peer.output, text);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function record() {
  const program = join(folder, 'shop.js');
  writeFileSync(program, PROGRAM);
  const data = join(folder, 'perf.data');
  run('perf', [
    'record',
    '-q',
    '-F',
    '999',
    '-g',
    '-k',
    'mono',
    '-o',
    data,
    '--',
    options.node,
    '--perf-basic-prof',
    program,
  ]);
  const once = join(folder, 'once.txt');
  const all = join(folder, 'perf.txt');
  const out = openSync(once, 'w');
  run('perf', ['script', '--no-inline', '-i', data], out);
  closeSync(out);
  const recorded = readFileSync(once);
  const times = Math.ceil((Number(options.mb) * 1e6) / recorded.length);
  const file = openSync(all, 'w');
  for (let i = 0; i < times; i++) writeSync(file, recorded);
  closeSync(file);
  console.log(`recorded ${(recorded.length / 1e6).toFixed(0)} MB, taken ${times} times`);
  return all;
}

function run(command, args, stdout = 'ignore') {
  const { status, error, stderr } = spawnSync(command, args, {
    cwd: folder,
    stdio: ['ignore', stdout, 'pipe'],
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}

function measure(name, command, args, bytes) {
  let best = Number.POSITIVE_INFINITY;
  const output = join(folder, `${name}.folded`);
  let said = '';
  for (let i = 0; i < Number(options.runs); i++) {
    const script = 'TIMEFORMAT="%U %S"; time "$@" >"$OUTPUT"';
    const { stderr, status } = spawnSync('bash', ['-c', script, 'bash', command, ...args], {
      env: { ...process.env, OUTPUT: output },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const lines = stderr.trim().split('\n');
    const [user, system] = lines.pop().split(' ').map(Number);
    best = Math.min(best, user + system);
    said = lines.at(-1)?.startsWith('peak') ? `, ${lines.at(-1)}` : '';
  }
  const rate = (bytes / 1e6 / best).toFixed(0);
  console.log(`${name.padEnd(14)} ${best.toFixed(2)} CPU s, ${rate} MB/s${said}`);
  return { seconds: best, output };
}

/** Prints how many stacks differ, and the first of them. */
function compare(folded, text) {
  const { profiles } = readPerfScript(openFile(text), {});
  const ours = stacksOfTree(profiles[0].tree, profiles.length > 1);
  const theirs = stacksOfCollapsed(readFileSync(folded, 'utf8'));
  const different = differentStacks(ours, theirs);
  for (const { stack, ours, theirs } of different.slice(0, 5)) {
    console.log(`  differs: holter ${ours} stackcollapse ${theirs} ${stack.slice(-300)}`);
  }
  console.log(
    `stacks         holter ${ours.size}, stackcollapse ${theirs.size}, different ${different.length}`,
  );
}

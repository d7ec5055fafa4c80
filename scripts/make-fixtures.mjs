// Makes test/fixtures/cpuprofile/<node version>/ with the real Node binaries of test/nodes.
//
//     node scripts/make-fixtures.mjs            all versions
//     node scripts/make-fixtures.mjs node24     one
//
// Each target below profiles itself through node:inspector, so that a fixture needs no connection. The files are
// what V8 wrote, except for paths: the folder a target ran in reads /app. Runs are short and sampled coarsely:
// a fixture is < 60 kB. Expectations in the tests are shares with tolerances, so a new run needs no new numbers.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODES = join(ROOT, 'test/nodes/node_modules');
const OUT = join(ROOT, 'test/fixtures/cpuprofile');
const SIZE_LIMIT = 60_000;

/** Self-profiling preamble: `await profile(file, work)` writes a .cpuprofile around `work`. CommonJS. */
const PROFILE = `
const { Session } = require('node:inspector');
const { writeFileSync } = require('node:fs');
const session = new Session();
session.connect();
const post = (method, params) =>
  new Promise((resolve, reject) => session.post(method, params, (error, result) => (error ? reject(error) : resolve(result))));
exports.profile = async (file, work, interval = 2000) => {
  await post('Profiler.enable');
  await post('Profiler.setSamplingInterval', { interval });
  await post('Profiler.start');
  await work();
  const { profile } = await post('Profiler.stop');
  writeFileSync(file, JSON.stringify(profile));
};
exports.allocations = async (file, keepFreed, work) => {
  await post('HeapProfiler.enable');
  await post('HeapProfiler.startSampling', {
    samplingInterval: 65536,
    includeObjectsCollectedByMajorGC: keepFreed,
    includeObjectsCollectedByMinorGC: keepFreed,
  });
  await work();
  const { profile } = await post('HeapProfiler.stopSampling');
  writeFileSync(file, JSON.stringify(profile));
};
`;

const SHOP_TS = {
  'src/server.ts': `import { hashPassword } from './auth/hash';
import { Catalogue } from './catalogue';

interface Request { user: string; query: string }

const catalogue = new Catalogue();

export function handleRequest(request: Request): number {
  const token = hashPassword(request.user, 60000);
  return token + catalogue.search(request.query, 400);
}

const until: number = Date.now() + 250;
export const run = (): number => {
  let sum = 0;
  while (Date.now() < until) sum += handleRequest({ user: 'ada', query: 'lamp' });
  return sum;
};
declare const globalThis: { holterWork: () => number };
globalThis.holterWork = run;
`,
  'src/auth/hash.ts': `type Rounds = number;

// The hot function of the fixture: line 4.
export function hashPassword(password: string, rounds: Rounds): number {
  let state = 7;
  for (let i = 0; i < rounds; i++) {
    state = (state * 31 + password.charCodeAt(i % password.length)) | 0;
  }
  return state;
}
`,
  'src/catalogue.ts': `export class Catalogue {
  private readonly names: string[] = Array.from({ length: 500 }, (_, i) => 'item' + i);

  search(query: string, times: number): number {
    let found = 0;
    for (let i = 0; i < times; i++) found += this.names[i]!.includes(query) ? 1 : 0;
    return found;
  }
}
`,
};

const TARGETS = {
  // Plain CommonJS with user code, a dependency, core, native, GC and idle time.
  'busy.cjs': `
const { profile } = require('./profile.cjs');
const { pbkdf2Sync } = require('node:crypto');
const { indent } = require('left-indent');
let kept = [];
function spin(ms) {
  const end = Date.now() + ms;
  let x = 0;
  while (Date.now() < end) {
    for (let i = 0; i < 1e4; i++) x += Math.sqrt(i ^ x);
  }
  return x;
}
function litter(ms) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    kept = Array.from({ length: 20000 }, (_, i) => ({ id: i, name: 'row' + i, tags: [i, i + 1] }));
  }
}
const hash = () => pbkdf2Sync('secret', 'salt', 60000, 64, 'sha512');
profile(process.argv[2], async () => {
  spin(120);
  litter(120);
  hash();
  indent(60);
  await new Promise((resolve) => setTimeout(resolve, 100));
});
`,
  // A stack far deeper than any recursion of a reader could follow.
  'deep.cjs': `
const { profile } = require('./profile.cjs');
function descend(depth) {
  if (depth === 0) {
    const end = Date.now() + 40;
    let x = 0;
    while (Date.now() < end) for (let i = 0; i < 1e3; i++) x += i;
    return x;
  }
  return descend(depth - 1) + 1;
}
profile(process.argv[2], async () => descend(2000), 4000);
`,
  // ESM: file:// URLs, top-level await, an async function and a class.
  'modules.mjs': `
import { createRequire } from 'node:module';
import { Engine } from './lib/engine.mjs';
const { profile } = createRequire(import.meta.url)('./profile.cjs');
async function digest(rounds) {
  let h = 0;
  for (let r = 0; r < rounds; r++) {
    for (let i = 0; i < 2e5; i++) h = (h * 33) ^ i;
    if (r % 20 === 0) await null;
  }
  return h;
}
await profile(process.argv[2], async () => {
  await digest(200);
  new Engine().crunch(150);
});
`,
  // A worker profiling itself; the main thread waits.
  'worker.cjs': `
const { Worker, isMainThread, workerData } = require('node:worker_threads');
if (isMainThread) new Worker(__filename, { workerData: process.argv[2] });
else {
  const { profile } = require('./profile.cjs');
  function resize(ms) {
    const end = Date.now() + ms;
    let x = 0;
    while (Date.now() < end) for (let i = 0; i < 1e4; i++) x += Math.sqrt(i);
    return x;
  }
  profile(workerData, async () => resize(150));
}
`,
  // Bundled and minified TypeScript with a source map, built below.
  'bundle.cjs': `
const { profile } = require('./profile.cjs');
require('./dist/shop.js');
profile(process.argv[2], async () => globalThis.holterWork());
`,
};

const HEAP_TARGET = `
const { allocations } = require('./profile.cjs');
const kept = [];
function remember(n) { for (let i = 0; i < n; i++) kept.push({ id: i, text: 'kept ' + i }); }
function litter(n) { let last; for (let i = 0; i < n; i++) last = { id: i, list: [i, i, i] }; return last; }
allocations(process.argv[2], process.argv[3] === 'all', async () => {
  remember(20000);
  litter(400000);
  await new Promise((resolve) => setTimeout(resolve, 10));
});
`;

const FILES = {
  'profile.cjs': PROFILE,
  'heap.cjs': HEAP_TARGET,
  'lib/engine.mjs': `export class Engine {
  table = new Float64Array(4096);
  crunch(times) {
    let sum = 0;
    for (let k = 0; k < times * 10; k++) for (let i = 0; i < 4096; i++) sum += this.table[i] + (k % 7);
    return sum;
  }
}
`,
  'node_modules/left-indent/package.json': '{ "name": "left-indent", "main": "index.cjs" }',
  'node_modules/left-indent/index.cjs': `
exports.indent = function indent(ms) {
  const end = Date.now() + ms;
  let x = 0;
  while (Date.now() < end) for (let i = 0; i < 1e4; i++) x += i % 7;
  return x;
};
`,
  ...SHOP_TS,
  ...TARGETS,
};

async function main() {
  const wanted = process.argv[2];
  const folder = mkdtempSync(join(tmpdir(), 'holter-fixtures-'));
  try {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    await buildBundle(folder);
    const common = join(OUT, 'bundle');
    rmSync(common, { recursive: true, force: true });
    cpSync(join(folder, 'dist'), common, { recursive: true });
    for (const alias of readdirSync(NODES).filter((name) => /^node\d+$/.test(name))) {
      if (wanted === undefined || wanted === alias) recordAll(folder, alias);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One minified chunk, as a service ships it, with `shop.js.map` beside it and the texts inside the map. */
async function buildBundle(folder) {
  await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    build: {
      outDir: 'dist',
      target: 'node18',
      minify: true,
      sourcemap: true,
      ssr: true,
      rollupOptions: {
        input: join(folder, 'src/server.ts'),
        output: { format: 'cjs', entryFileNames: 'shop.js' },
      },
    },
  });
}

function recordAll(folder, alias) {
  const node = join(NODES, alias, 'bin/node');
  if (!existsSync(node)) throw new Error(`${node} is missing: run node scripts/prepare-tests.mjs`);
  const version = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
  const out = join(OUT, version);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const run = (target, file, ...rest) => {
    execFileSync(node, [join(folder, target), file, ...rest], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const text = readFileSync(file, 'utf8').replaceAll(folder, '/app');
    writeFileSync(file, text);
    if (text.length > SIZE_LIMIT && target !== 'deep.cjs')
      throw new Error(`${file}: ${text.length} characters are too many`);
    console.log(`${version} ${file.slice(out.length + 1)} ${text.length}`);
  };
  for (const target of Object.keys(TARGETS)) run(target, join(out, target.replace(/\.\w+$/, '.cpuprofile')));
  run('heap.cjs', join(out, 'live.heapprofile'), 'live');
  run('heap.cjs', join(out, 'all.heapprofile'), 'all');
}

await main();

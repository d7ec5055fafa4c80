// Damages a core in many ways and asks the library about it what `holter core bt`, `info` and `threads` ask, in this process,
// and of some of them what `objects --live`, `refs` and `snapshot` ask; a line of JSON for each on stdout. A process of its own: a loop without end would take the tests along.
//
//   node damaged-core.mjs <core> <cuts> <flips> <memory>
import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const load = (path) => import(join(process.env.HOLTER_DIST ?? DIST, path));
const [{ HolterError }, { openCore }, { openV8 }, { Look }, { PagedMemory }, { openPostmortem }] =
  await Promise.all([
    load('base/errors.js'),
    load('postmortem/core-file.js'),
    load('postmortem/open-v8.js'),
    load('postmortem/look.js'),
    load('linux/memory.js'),
    load('postmortem.js'),
  ]);

const [
  { findHeapPages },
  { HeapWalk },
  { buildLiveGraph, liveTest },
  { countObjects },
  { findReferrers },
  { buildRootChain, measureRetained },
  { buildSnapshot },
  { snapshotText },
] = await Promise.all(
  [
    'heap-pages',
    'heap-walk',
    'graph-build',
    'object-table',
    'reference-find',
    'root-chain',
    'snapshot-build',
    'snapshot-write',
  ].map((name) => load(`postmortem/${name}.js`)),
);

const [file, cuts, flips, memory] = process.argv.slice(2);
const QUESTIONS = {
  bt: (dead) => dead.stacks({ values: true, async: true }),
  'bt main': (dead) => dead.stacks({ values: true, threads: 'main' }),
  info: (dead) => dead.describe({ environment: true }),
  threads: (dead) => dead.stacks(),
};

/** One damage of so many: an answer has some twenty passes over the heap. By another number than kinds of damage go by. */
const HEAP_EVERY = 5;

/** What can be told of the heap: objects in use, a snapshot, and who holds some of them. */
function askHeap(damage, image, seed) {
  const begun = performance.now();
  let outcome;
  try {
    const v8 = openV8(image);
    const pages = findHeapPages(v8);
    const walk = new HeapWalk(v8);
    const live = buildLiveGraph(v8, pages, { walk, withPaths: true });
    const { rows } = countObjects(v8, pages, { walk, isLive: liveTest(live) });
    const columns = buildSnapshot(v8, live);
    let length = 0;
    for (const text of snapshotText(columns)) length += text.length;
    const random = randomOf(seed + 99);
    let held = 0;
    for (let i = 0; i < 6 && live.graph.objects.count > 0; i++) {
      const address = live.graph.objects.addressOf(random(live.graph.objects.count));
      findReferrers(v8, walk, live.pages, address);
      if (buildRootChain(v8, live, address) !== undefined && measureRetained(live, address).objects > 0)
        held++;
    }
    outcome = {
      length: columns.nodeCount,
      found: rows.length > 20 && columns.nodeCount > 5000 && held > 0,
      text: length,
    };
  } catch (error) {
    outcome = error instanceof HolterError ? { error: error.code } : { fault: String(error?.stack ?? error) };
  }
  report(damage, 'heap', { ...outcome, ms: Math.round(performance.now() - begun) });
}

async function askHeapOfFile(damage, seed) {
  let image;
  try {
    image = await openCore(file);
  } catch (error) {
    if (!(error instanceof HolterError)) report(damage, 'heap', { fault: String(error?.stack ?? error) });
    else report(damage, 'heap', { error: error.code });
    return;
  }
  askHeap(damage, image, seed);
  image.close();
}

function report(damage, question, outcome) {
  process.stdout.write(`${JSON.stringify({ damage, question, ...outcome })}\n`);
}

/** The size of the answer, or the HolterError; anything else thrown is told as `fault`. */
async function ask(damage, questions) {
  for (const question of questions) {
    let outcome;
    const begun = performance.now();
    let dead;
    try {
      dead = await openPostmortem(file);
      const text = JSON.stringify(await QUESTIONS[question](dead));
      outcome = {
        length: text.length,
        found: text.includes('Session.close'),
        problems: /cut|missing/.test(text),
      };
    } catch (error) {
      outcome =
        error instanceof HolterError ? { error: error.code } : { fault: String(error?.stack ?? error) };
    } finally {
      dead?.close();
    }
    report(damage, question, { ...outcome, ms: Math.round(performance.now() - begun) });
  }
}

function randomOf(seed) {
  let state = (Math.imul(seed, 2_654_435_761) + 12_345) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor(((state >>> 1) / 2 ** 31) * below);
  };
}

/** Where header and segments end, and where the notes lie: behind them, or at the end of the file (gcore). */
function steeringParts() {
  const head = Buffer.alloc(64 + 56);
  const fd = openSync(file, 'r');
  readSync(fd, head, 0, head.length, 0);
  closeSync(fd);
  return {
    table: 64 + head.readUInt16LE(56) * 56,
    notes: Number(head.readBigUInt64LE(64 + 8)),
    size: Number(head.readBigUInt64LE(64 + 32)),
  };
}

/** Memory with `share` of its bytes damaged and some pages missing, the same for the same seed. */
function flipped(whole, seed, share) {
  const random = randomOf(seed * 77);
  const pages = new Map();
  const pageAt = (key) => {
    const known = pages.get(key);
    if (known !== undefined) return known;
    const page = whole.bytes(key * 4096, 4096);
    const hits = Math.floor(page.length * share) + random(2);
    for (let hit = 0; hit < hits && page.length >= 16; hit++) {
      const at = random(page.length - 8);
      const way = random(5);
      if (way < 2) page[at] ^= 1 << random(8);
      else if (way === 2) page[at] = random(256);
      else page.fill(way === 3 ? 0xff : 0, at - (at % 8), at - (at % 8) + 8);
    }
    const result = random(1000) < share * 10_000 ? page.subarray(0, 0) : page;
    pages.set(key, result);
    return result;
  };
  return {
    read(address, into) {
      let done = 0;
      while (done < into.length) {
        const page = pageAt(Math.floor((address + done) / 4096));
        const part = page.subarray((address + done) % 4096, ((address + done) % 4096) + into.length - done);
        if (part.length === 0) break;
        into.set(part, done);
        done += part.length;
      }
      return done;
    },
  };
}

await ask('none', Object.keys(QUESTIONS));
await askHeapOfFile('none', 0);

const steering = steeringParts();
for (let seed = 1; seed <= Number(flips); seed++) {
  const random = randomOf(seed);
  const fd = openSync(file, 'r+');
  const undo = [];
  for (let hit = 0; hit < 1 + (seed % 12); hit++) {
    const at = seed % 3 === 0 ? random(steering.table - 8) : steering.notes + random(steering.size - 8);
    const old = Buffer.alloc(8);
    readSync(fd, old, 0, 8, at);
    const now = Buffer.from(old);
    const way = random(4);
    if (way === 0) now[0] ^= 1 << random(8);
    else if (way === 1) now.fill(0xff);
    else if (way === 2) now.writeUInt32LE(random(2 ** 31));
    else now.fill(0);
    writeSync(fd, now, 0, 8, at);
    undo.unshift([at, old]);
  }
  await ask(`flip ${seed}`, [Object.keys(QUESTIONS)[seed % 4], 'bt']);
  if (seed % HEAP_EVERY === 0) await askHeapOfFile(`flip ${seed}`, seed);
  for (const [at, old] of undo) writeSync(fd, old, 0, 8, at);
  closeSync(fd);
}

// Segments that claim to be larger than any machine.
{
  const fd = openSync(file, 'r+');
  const table = Buffer.alloc(steering.table);
  readSync(fd, table, 0, table.length, 0);
  const claimed = Buffer.from(table);
  for (let row = 64, nth = 0; row + 56 <= table.length; row += 56, nth++)
    if (nth % 10 === 5) claimed.fill(0x7f, row + 40, row + 48);
  writeSync(fd, claimed, 0, claimed.length, 0);
  await askHeapOfFile('sizes', 1);
  writeSync(fd, table, 0, table.length, 0);
  closeSync(fd);
}

const image = await openCore(file);
for (let seed = 1; seed <= Number(memory); seed++) {
  const damage = `memory ${seed}`;
  const begun = performance.now();
  try {
    const damaged = flipped(image.memory, seed, [0.00002, 0.0002, 0.003][seed % 3]);
    const { kind, name, pid, mappings, threads: list, executable, crash } = image;
    const damagedImage = {
      kind,
      name,
      pid,
      mappings,
      threads: list,
      executable,
      crash,
      memory: new PagedMemory(damaged, 12, 4096),
      problems: [],
      fileOf: (mapping) => image.fileOf(mapping),
      close: () => {},
    };
    if (seed % HEAP_EVERY === 0) askHeap(damage, damagedImage, seed);
    const look = new Look(openV8(damagedImage));
    look.describe({ environment: true });
    look.handles();
    const { threads: found } = look.stacks({ values: true, async: true });
    const frames = found[0]?.frames ?? [];
    const own = frames.findIndex(({ kind: of, name: called }) => of === 'js' && called === 'Session.close');
    for (const index of [own, 0, frames.findIndex(({ kind: of }) => of === 'js')].filter((at) => at >= 0))
      look.frame(index, { depth: 3 });
    report(damage, 'library', {
      length: frames.length,
      found: own >= 0,
      ms: Math.round(performance.now() - begun),
    });
  } catch (error) {
    report(
      damage,
      'library',
      error instanceof HolterError ? { error: error.code } : { fault: String(error?.stack ?? error) },
    );
  }
}
image.close();

// Last, and from the end on: nothing has to be put back. Half of the cuts fall into header, segments and notes.
const size = statSync(file).size;
const half = Math.ceil(Number(cuts) / 2);
for (let part = 2 * half; part >= 1; part--) {
  const at = Math.floor(
    part > half
      ? (size * (part - half)) / (half + 1)
      : ((steering.table + steering.size) * part) / (half + 1),
  );
  truncateSync(file, at);
  await ask(`cut at ${at} of ${size}`, Object.keys(QUESTIONS));
  if (part % HEAP_EVERY === 0) await askHeapOfFile(`cut at ${at} of ${size}`, part);
}

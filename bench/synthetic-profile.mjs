// Makes `.cpuprofile` files of any size, as V8 would write them for a busy service, for the other programs of bench/.
//
//     node bench/synthetic-profile.mjs out.cpuprofile [--seconds 60] [--hz 10000] [--nodes 60000] [--depth 60]
//
// The same numbers give the same bytes. Opens in DevTools, 0x and speedscope.
import { closeSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const WORDS =
  'handle parse resolve render query load merge encode decode validate route compile flush read write find apply map reduce session order cart user price stock token cache'.split(
    ' ',
  );
const PACKAGES = ['express', 'pg', '@fastify/ajv-compiler', 'lodash', 'zod', 'ioredis'];
const CORE = ['node:internal/timers', 'node:events', 'node:net', 'node:internal/streams/readable'];

/**
 * @param {string} path
 * @param {{seconds?: number, hz?: number, nodes?: number, depth?: number, seed?: number}} options
 *   `depth` is the deepest stack; samples fall on leaves
 * @returns {{path: string, bytes: number, samples: number, nodes: number}}
 */
export function writeSyntheticProfile(path, options = {}) {
  const { seconds = 60, hz = 10_000, nodes = 60_000, depth = 60, seed = 1 } = options;
  const random = randomNumbers(seed);
  const functions = makeFunctions(Math.max(50, Math.round(nodes / 25)), random);
  const tree = makeTree(nodes, depth, functions.length, random);
  const samples = Math.round(seconds * hz);
  const sampled = new Int32Array(samples);
  const hits = new Int32Array(nodes);
  for (let i = 0; i < samples; i++) {
    // Squared: few leaves are hot, as in life.
    const leaf = tree.leaves[Math.floor(random() ** 2 * tree.leaves.length)];
    sampled[i] = leaf + 1;
    hits[leaf]++;
  }

  const file = new ChunkedFile(path);
  file.write('{"nodes":[');
  for (let node = 0; node < nodes; node++) {
    const { name, scriptId, url, line, column } =
      node === 0 ? { name: '(root)', scriptId: 0, url: '', line: -1, column: -1 } : functions[tree.fn[node]];
    const children = [];
    for (let child = tree.firstChild[node]; child !== 0; child = tree.nextSibling[child])
      children.push(child + 1);
    const ticks =
      hits[node] > 0 && url !== '' ? `,"positionTicks":[{"line":${line + 3},"ticks":${hits[node]}}]` : '';
    file.write(
      `${node === 0 ? '' : ','}{"id":${node + 1},"callFrame":{"functionName":"${name}","scriptId":"${scriptId}",` +
        `"url":"${url}","lineNumber":${line},"columnNumber":${column}},"hitCount":${hits[node]}` +
        `${children.length === 0 ? '' : `,"children":[${children}]`}${ticks}}`,
    );
  }
  const start = 5_000_000_000;
  const step = 1e6 / hz;
  let time = start;
  const deltas = new Int32Array(samples);
  for (let i = 0; i < samples; i++) {
    // Now and then V8 is late, and its next sample early; a few are written out of order.
    deltas[i] = random() < 0.0005 ? -Math.floor(step / 3) : Math.round(step * (0.93 + random() * 0.14));
    time += deltas[i];
  }
  file.write(`],"startTime":${start},"endTime":${time + Math.round(step)},"samples":[`);
  file.writeNumbers(sampled);
  file.write('],"timeDeltas":[');
  file.writeNumbers(deltas);
  file.write(']}');
  return { path, bytes: file.close(), samples, nodes };
}

/** Children follow their parents: the tree of a walk that goes down more often than up, until it is deep. */
function makeTree(nodes, depth, functions, random) {
  const parent = new Int32Array(nodes);
  const fn = new Int32Array(nodes);
  const firstChild = new Int32Array(nodes);
  const lastChild = new Int32Array(nodes);
  const nextSibling = new Int32Array(nodes);
  const path = [0];
  for (let node = 1; node < nodes; node++) {
    while (path.length > 1 && (path.length > depth - 1 || random() < 0.45)) path.pop();
    const above = path[path.length - 1];
    parent[node] = above;
    fn[node] = Math.floor(random() ** 2 * functions);
    if (lastChild[above] === 0) firstChild[above] = node;
    else nextSibling[lastChild[above]] = node;
    lastChild[above] = node;
    path.push(node);
  }
  const leaves = [];
  for (let node = 1; node < nodes; node++) if (firstChild[node] === 0) leaves.push(node);
  return { fn, firstChild, nextSibling, leaves };
}

function makeFunctions(count, random) {
  const word = () => WORDS[Math.floor(random() * WORDS.length)];
  const pick = (list) => list[Math.floor(random() * list.length)];
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const special = ['(garbage collector)', '(idle)', '(program)', 'writev', 'stringify'].map((name) => ({
    name,
    scriptId: 0,
    url: '',
    line: -1,
    column: -1,
  }));
  const made = Array.from({ length: count - special.length }, () => {
    const kind = random();
    const url =
      kind < 0.55
        ? `file:///app/src/${word()}/${word()}.js`
        : kind < 0.85
          ? `file:///app/node_modules/${pick(PACKAGES)}/lib/${word()}.js`
          : pick(CORE);
    const name = random() < 0.08 ? '' : `${word()}${capital(word())}`;
    return {
      name,
      scriptId: 50 + Math.floor(random() * 400),
      url,
      line: Math.floor(random() * 900),
      column: Math.floor(random() * 40),
    };
  });
  return [...made, ...special];
}

/** xorshift32: the same file in every run and on every machine. */
function randomNumbers(seed) {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

class ChunkedFile {
  #fd;
  #parts = [];
  #length = 0;
  #written = 0;

  constructor(path) {
    this.#fd = openSync(path, 'w', 0o600);
  }

  write(text) {
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length > 2 ** 20) this.#flush();
  }

  writeNumbers(numbers) {
    for (let from = 0; from < numbers.length; from += 8192)
      this.write(`${from === 0 ? '' : ','}${numbers.subarray(from, from + 8192).join(',')}`);
  }

  #flush() {
    this.#written += writeSync(this.#fd, this.#parts.join(''));
    this.#parts = [];
    this.#length = 0;
  }

  close() {
    this.#flush();
    closeSync(this.#fd);
    return this.#written;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      hz: { type: 'string' },
      nodes: { type: 'string' },
      depth: { type: 'string' },
    },
  });
  const numbers = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value)]));
  console.log(writeSyntheticProfile(positionals[0] ?? 'synthetic.cpuprofile', numbers));
}

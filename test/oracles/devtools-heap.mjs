// What Chrome DevTools says about a heap snapshot; see devtools-heap.d.mts.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { installOracles } from './install.mjs';

export const DEVTOOLS_CHILD = fileURLToPath(new URL('devtools-heap-child.mjs', import.meta.url));
/** Strings of a large snapshot need more than V8's default. */
export const DEVTOOLS_FLAGS = ['--max-old-space-size=12000'];

const known = new Map();

export async function readWithDevTools(path, { comparison } = {}) {
  const key = `${await hashOf(path)} ${comparison === undefined ? '' : await hashOf(comparison)}`;
  const answer = known.get(key) ?? read(path, comparison);
  known.set(key, answer);
  return answer;
}

async function read(path, older) {
  await installOracles();
  const folder = mkdtempSync(join(tmpdir(), 'holter-devtools-'));
  try {
    const out = join(folder, 'heap');
    const took = await run([path, '--out', out, ...(older === undefined ? [] : ['--older', older])]);
    const { nodeCount, ...rest } = JSON.parse(readFileSync(`${out}.json`, 'utf8'));
    const { buffer, byteOffset } = readFileSync(`${out}.bin`);
    const bytes = buffer.slice(byteOffset);
    return {
      nodeCount,
      self: new Float64Array(bytes, 0, nodeCount),
      retained: new Float64Array(bytes, nodeCount * 8, nodeCount),
      dominator: new Uint32Array(bytes, nodeCount * 16, nodeCount),
      distance: new Int32Array(bytes, nodeCount * 20, nodeCount),
      classOf: new Uint32Array(bytes, nodeCount * 24, nodeCount),
      detachedness: new Uint8Array(bytes, nodeCount * 28, nodeCount),
      took,
      ...rest,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(args) {
  const child = spawn(process.execPath, [...DEVTOOLS_FLAGS, DEVTOOLS_CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(stdout));
      else reject(new Error(`DevTools' worker ended with ${code}: ${stderr}`));
    });
  });
}

async function hashOf(path) {
  const hash = createHash('sha1');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

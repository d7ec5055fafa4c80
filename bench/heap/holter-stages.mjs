// CPU of each stage of holter over a heap snapshot, in this process: node holter-stages.mjs DIST FILE [--read | --diff OLDER] [--index].
// Prints one line of JSON. CPU is that of all threads, so a stage that runs beside another is counted in the one that waits.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    read: { type: 'boolean', default: false },
    index: { type: 'boolean', default: false },
    diff: { type: 'string' },
  },
});
const [dist, file] = positionals;
const load = (path) => import(pathToFileURL(join(dist, 'heap', path)).href);
const { openStream } = await import(pathToFileURL(join(dist, 'base/byte-stream.js')).href);
const { readSnapshot } = await load('read-snapshot.js');
const { openHeap } = await load('open-heap.js');

const stages = {};
async function measure(name, work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  stages[name] = { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - start) / 1000 };
  return result;
}

let heap;
if (options.diff !== undefined) {
  const { compareHeaps } = await load('compare-heaps.js');
  const older = await measure('open older', () => openHeap(options.diff, { index: options.index }));
  heap = await measure('open', () => openHeap(file, { index: options.index }));
  await measure('compare', () => compareHeaps(older, heap));
} else if (options.read) heap = { snapshot: await measure('read', () => readSnapshot(openStream(file))) };
else {
  heap = await measure('open', () => openHeap(file, { index: options.index }));
  if (options.index) await measure('write index', () => heap.indexWritten);
  await measure('classes', () => heap.classes.count);
  await measure('retainers', () => heap.retainers);
}
const { nodeCount, edgeCount } = heap.snapshot;
const peakRss = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ bytes: statSync(file).size, nodeCount, edgeCount, stages, peakRss }));
process.exit(0);

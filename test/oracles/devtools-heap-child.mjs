// Runs the heap snapshot worker of Chrome DevTools over a file, in a process of its own so that its time and memory can be
// measured: node devtools-heap-child.mjs FILE [--older FILE] [--out PREFIX]. Prints one line of JSON: what it took. With
// --out it writes PREFIX.json and PREFIX.bin for devtools-heap.mjs.
//
// Two threads as in Chrome: here the loader and the first half, in a worker what SecondaryInitManager does. In Chrome a
// third thread, the page, reads the file and posts it in pieces; that copy is left out, in favour of DevTools.
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, MessageChannel, parentPort, Worker } from 'node:worker_threads';
import './with-resolvers.mjs';

const { HeapSnapshot, HeapSnapshotLoader } = await import('./dist/devtools-heap-worker.mjs');
/** ChunkedFileReader of the page reads this much at a time. */
const CHUNK = 10_000_000;

if (isMainThread) await main();
else {
  parentPort.once('message', (port) => new HeapSnapshot.SecondaryInitManager(port));
  parentPort.postMessage('ready');
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { older: { type: 'string' }, out: { type: 'string' } },
  });
  const started = performance.now();
  const { snapshot, parsed } = await open(positionals[0]);
  const aggregates = snapshot.getAggregatesByClassKey(false, 'allObjects');
  const cpu = process.cpuUsage();
  const took = {
    nodeCount: snapshot.nodeCount,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    parseCpuSeconds: parsed,
    wallSeconds: (performance.now() - started) / 1000,
    peakRss: process.resourceUsage().maxRSS * 1024,
  };
  if (values.out !== undefined) {
    let comparison;
    if (values.older !== undefined) {
      const { snapshot: older } = await open(values.older);
      comparison = compare(older, snapshot);
    }
    write(values.out, snapshot, aggregates, comparison);
  }
  console.log(JSON.stringify(took));
  process.exit(0);
}

async function open(path) {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => worker.once('message', resolve));
  worker.postMessage(port2, [port2]);
  const loader = new HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent() {} });
  const before = process.cpuUsage();
  const file = openSync(path, 'r');
  const bytes = new Uint8Array(CHUNK);
  const decoder = new TextDecoder();
  for (let count = -1; count !== 0; ) {
    count = readSync(file, bytes);
    loader.write(decoder.decode(bytes.subarray(0, count), { stream: count !== 0 }));
    // The loader takes what there is before more is read.
    await new Promise((resolve) => setImmediate(resolve));
  }
  closeSync(file);
  loader.close();
  await loader.parsingComplete;
  const { user, system } = process.cpuUsage(before);
  const snapshot = await loader.buildSnapshot(port1);
  port1.close();
  await worker.terminate();
  return { snapshot, parsed: (user + system) / 1e6 };
}

function compare(older, newer) {
  const base = older.aggregatesForDiff(newer.interfaceDefinitions());
  return Object.entries(newer.calculateSnapshotDiff('older', base)).map(([key, row]) => ({
    key,
    name: row.name,
    addedCount: row.addedCount,
    removedCount: row.removedCount,
    addedSize: row.addedSize,
    removedSize: row.removedSize,
  }));
}

/** Columns by node one behind the other (see devtools-heap.mjs), the rest as JSON. */
function write(prefix, snapshot, aggregates, comparison) {
  const { nodeCount, nodeFieldCount } = snapshot;
  const self = new Float64Array(nodeCount);
  const classOf = new Uint32Array(nodeCount).fill(0xffff_ffff);
  const detachedness = new Uint8Array(nodeCount);
  const node = snapshot.createNode(0);
  for (let ordinal = 0; ordinal < nodeCount; ordinal++) {
    node.nodeIndex = ordinal * nodeFieldCount;
    self[ordinal] = node.selfSize();
    detachedness[ordinal] = node.detachedness();
  }
  const rows = Object.entries(aggregates).map(([key, row], index) => {
    for (const nodeIndex of row.idxs) classOf[nodeIndex / nodeFieldCount] = index;
    return {
      key,
      name: row.name,
      count: row.count,
      self: row.self,
      maxRet: row.maxRet,
      distance: row.distance,
    };
  });
  const file = openSync(`${prefix}.bin`, 'w');
  for (const column of [
    self,
    snapshot.retainedSizes,
    snapshot.dominatorsTree.subarray(0, nodeCount),
    snapshot.nodeDistances,
    classOf,
    detachedness,
  ]) {
    const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  }
  closeSync(file);
  const duplicates = snapshot.getDuplicateStrings().map((group) => ({
    value: group.value,
    count: group.count,
    self: group.totalSelfSize,
    retained: group.totalRetainedSize,
  }));
  writeFileSync(
    `${prefix}.json`,
    JSON.stringify({
      nodeCount,
      total: snapshot.totalSize,
      statistics: snapshot.getStatistics(),
      aggregates: rows,
      duplicates,
      ...(comparison === undefined ? {} : { comparison }),
    }),
  );
}

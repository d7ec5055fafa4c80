// Writes three snapshots of itself: plain, exposing internals, and with allocation tracking (each file as V8 streams it).
const { closeSync, openSync, writeSync } = require('node:fs');
const { Session } = require('node:inspector');
const v8 = require('node:v8');

const [, , plain, internals, tracked] = process.argv;
class Umlaut {
  constructor(text) {
    this.text = text;
  }
}
globalThis.kept = [new Umlaut('häßlich \u2028 "q" \\ 😀'), new Umlaut('\ud800 lone')];
globalThis.large = Buffer.alloc(1 << 20);

const session = new Session();
session.connect();

/** From Node 22 on answers come in a later turn of the event loop. */
function post(method, parameters) {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

async function write(path, method, parameters) {
  const fd = openSync(path, 'w', 0o600);
  const onChunk = ({ params }) => writeSync(fd, params.chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', onChunk);
  await post(method, parameters);
  session.removeListener('HeapProfiler.addHeapSnapshotChunk', onChunk);
  closeSync(fd);
}

async function main() {
  v8.writeHeapSnapshot(plain);
  await write(internals, 'HeapProfiler.takeHeapSnapshot', {
    exposeInternals: true,
    captureNumericValue: true,
  });
  await post('HeapProfiler.startTrackingHeapObjects', { trackAllocations: true });
  globalThis.more = Array.from({ length: 2000 }, (_, at) => new Umlaut(`tracked ${at}`));
  await write(tracked, 'HeapProfiler.stopTrackingHeapObjects', {});
}

void main();

// holter-expect {"kind":"healthy","load":{"path":"/","connections":6}}
import { createServer } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';

const block = Buffer.from('a line of a log that compresses quite well, number 17\n'.repeat(1_000));

// Compression runs on the pool; the main thread only moves chunks.
const server = createServer((req, res) => {
  res.setHeader('content-encoding', 'gzip');
  pipeline(Readable.from([block, block, block, block]), createGzip(), res, () => {});
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

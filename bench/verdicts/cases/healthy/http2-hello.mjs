// holter-expect {"kind":"healthy","load":{"loader":"http2.mjs","connections":30}}
import { createServer } from 'node:http2';

const server = createServer();
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end('hello over h2');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

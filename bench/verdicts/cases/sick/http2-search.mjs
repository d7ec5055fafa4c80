// holter-expect {"kind":"event-loop-blocked","functions":["grep","onStream"],"line":11,"lines":[9,10,11,12],"load":{"loader":"http2.mjs","connections":4}}
import { createServer } from 'node:http2';

const log = Array.from(
  { length: 120_000 },
  (_, i) => `2026-11-22T00:00:00Z host${i % 9} request ${i} took ${i % 700} ms`,
);

const grep = (pattern) => {
  const regex = new RegExp(pattern, 'i');
  return log.filter((line) => regex.test(line)).length;
};

const server = createServer();
server.on('stream', (stream) => {
  const found = grep('.*host[3-5].*took (1|2)\\d\\d ms$');
  stream.respond({ ':status': 200 });
  stream.end(String(found));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

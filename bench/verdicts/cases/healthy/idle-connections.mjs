// holter-expect {"kind":"healthy","load":{"loader":"idle-connections.mjs","connections":1000}}
import { createServer } from 'node:http';

const server = createServer({ keepAliveTimeout: 300_000 }, (req, res) => res.end('ok'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":100}}
import { createServer } from 'node:http';

const frames = [];

const server = createServer((req, res) => {
  frames.push(new Uint8ClampedArray(128 * 128 * 4).fill(255));
  if (frames.length > 20) frames.shift();
  res.end(String(frames.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"cpu-starved","functions":[],"starve":4,"load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

// Nothing is wrong with this code: the machine gives it no CPU. The harness pins it beside busy neighbours.
const items = Array.from({ length: 300 }, (_, id) => ({ id, name: `n${id}` }));

const server = createServer((req, res) => {
  res.end(JSON.stringify(items));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"healthy"}
import { createServer } from 'node:http';

const server = createServer((req, res) => res.end('nobody comes'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

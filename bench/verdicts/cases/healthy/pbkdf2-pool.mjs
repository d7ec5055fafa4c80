// holter-expect {"kind":"healthy","also":["threadpool-saturated"],"load":{"path":"/login","connections":4}}
import { pbkdf2 } from 'node:crypto';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const hash = promisify(pbkdf2);

const server = createServer(async (req, res) => {
  const key = await hash('password', 'salt', 40_000, 32, 'sha512');
  res.end(key.toString('hex'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

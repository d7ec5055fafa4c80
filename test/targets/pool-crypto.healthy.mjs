// holter-expect {"kind":"healthy","load":{"path":"/","connections":40,"rate":300}}
import { pbkdf2 } from 'node:crypto';
import { createServer } from 'node:http';

// The same pool, with work that is done before the next comes.
const server = createServer((_, res) => {
  pbkdf2('password', 'salt', 200, 64, 'sha512', (error, key) =>
    res.end(error?.message ?? key.toString('hex')),
  );
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

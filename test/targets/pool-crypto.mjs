// holter-expect {"kind":"threadpool-saturated","functions":[],"load":{"path":"/","connections":40}}
import { pbkdf2 } from 'node:crypto';
import { createServer } from 'node:http';

// Each request asks the pool for 20 ms of hashing: forty at once stand in line for four threads.
const server = createServer((_, res) => {
  pbkdf2('password', 'salt', 20_000, 64, 'sha512', (error, key) =>
    res.end(error?.message ?? key.toString('hex')),
  );
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

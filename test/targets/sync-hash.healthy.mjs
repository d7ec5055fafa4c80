// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":30}}
import { pbkdf2 } from 'node:crypto';
import { createServer } from 'node:http';

const server = createServer((req, res) => {
  pbkdf2(req.url, 'pepper', 5_000, 32, 'sha512', (error, key) => {
    res.end(error ? 'no' : key.toString('hex'));
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

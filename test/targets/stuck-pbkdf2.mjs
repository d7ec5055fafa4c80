// holter-expect {"kind":"event-loop-stuck","functions":["deriveKey"],"line":6,"trigger":"/key"}
import { pbkdf2Sync } from 'node:crypto';
import { createServer } from 'node:http';

function deriveKey() {
  return pbkdf2Sync('secret', 'salt', 2_000_000_000, 64, 'sha512').toString('hex');
}

const server = createServer((req, res) => {
  if (req.url === '/key') res.end(deriveKey());
  else res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

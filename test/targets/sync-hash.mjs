// holter-expect {"kind":"event-loop-blocked","function":"hashPassword","line":6,"load":{"path":"/","connections":10}}
import { pbkdf2Sync } from 'node:crypto';
import { createServer } from 'node:http';

function hashPassword(password) {
  return pbkdf2Sync(password, 'pepper', 150_000, 32, 'sha512').toString('hex');
}

const server = createServer((req, res) => {
  res.end(hashPassword(req.url));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"event-loop-blocked","functions":["audit"],"line":15,"lines":[13,14,15,16],"load":{"path":"/","connections":5,"rate":12}}
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'holter-case-'));
process.on('SIGTERM', () => {
  rmSync(folder, { recursive: true });
  process.exit(0);
});

function audit(events) {
  for (const event of events) {
    appendFileSync(join(folder, 'audit.log'), `${event}\n`);
  }
}

const server = createServer((req, res) => {
  audit(Array.from({ length: 14_000 }, (_, i) => `saw ${i}`));
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

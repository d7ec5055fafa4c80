// holter-expect {"kind":"event-loop-stuck","functions":["readSettings"],"line":12,"trigger":"/settings"}
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const pipe = join(mkdtempSync(join(tmpdir(), 'holter-target-')), 'settings.json');
execFileSync('mkfifo', [pipe]);

function readSettings() {
  return readFileSync(pipe, 'utf8');
}

const server = createServer((req, res) => {
  if (req.url === '/settings') res.end(readSettings());
  else res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"threadpool-blocked","functions":[],"load":{"path":"/","connections":10}}
import { execFileSync } from 'node:child_process';
import { mkdtempSync, open, stat } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A named pipe that nobody writes to: four opens of it take all threads of the pool, and every stat waits for ever.
const pipe = join(mkdtempSync(join(tmpdir(), 'holter-fifo-')), 'jobs');
execFileSync('mkfifo', [pipe]);
for (let i = 0; i < 4; i++) open(pipe, 'r', () => {});

const server = createServer((_, res) => {
  stat('/etc/hosts', () => res.end('ok'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":200}}
import { execFileSync } from 'node:child_process';
import { mkdtempSync, open, stat } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// One thread waits for the pipe; the other three are enough.
const pipe = join(mkdtempSync(join(tmpdir(), 'holter-fifo-')), 'jobs');
execFileSync('mkfifo', [pipe]);
open(pipe, 'r', () => {});

const server = createServer((_, res) => {
  stat('/etc/hosts', () => res.end('ok'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"healthy"}
// No server: takes small files from a folder, one after the other, and sleeps when there is none.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const folder = await mkdtemp(join(tmpdir(), 'holter-case-'));
process.on('SIGTERM', () => void rm(folder, { recursive: true }).finally(() => process.exit(0)));
let n = 0;
setInterval(() => void writeFile(join(folder, `job${n++}.json`), JSON.stringify({ n })).catch(() => {}), 20);

async function work() {
  for (;;) {
    for (const name of await readdir(folder)) {
      await readFile(join(folder, name), 'utf8');
      await rm(join(folder, name));
    }
    await delay(50);
  }
}

console.log('ready');
await work();

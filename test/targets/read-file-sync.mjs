// holter-expect {"kind":"event-loop-blocked","function":"readReport","line":16,"load":{"path":"/","connections":4}}
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'holter-target-'));
const report = join(folder, 'report.txt');
writeFileSync(report, 'one line of a report, not a short one\n'.repeat(4_000_000));
process.on('SIGTERM', () => {
  rmSync(folder, { recursive: true });
  process.exit(0);
});

function readReport() {
  return readFileSync(report, 'latin1').length;
}

const server = createServer((req, res) => {
  res.end(String(readReport()));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

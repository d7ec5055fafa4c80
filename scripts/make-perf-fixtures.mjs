// Makes test/fixtures/perf-data/<node version>/ with `holter perf` and the real Node binaries of test/nodes. As root, with
// perf installed and holter built:
//
//     npm run build && node scripts/make-perf-fixtures.mjs          all versions
//     node scripts/make-perf-fixtures.mjs node22                    one
//
// Kept, gzipped: perf.data, the perf map and its times, native symbols; and the text of `perf script` of the same recording,
// made while the map was in /tmp. Binaries and the program run from a folder that is nobody's, so that no path of a
// machine is in a fixture.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODES = join(ROOT, 'test/nodes/node_modules');
const OUT = join(ROOT, 'test/fixtures/perf-data');
const STAGE = '/srv/holter-fixtures';
/** perf itself loses half of the names of these two with it; of Node 26 it names half of the frames. */
const INTERPRETED = '--interpreted-frames-native-stack';

const wanted = process.argv.slice(2);
for (const name of readdirSync(NODES).filter((each) => each.startsWith('node'))) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  rmSync(STAGE, { recursive: true, force: true });
  mkdirSync(join(STAGE, name), { recursive: true });
  linkSync(join(NODES, name, 'bin/node'), join(STAGE, name, 'node'));
  cpSync(join(ROOT, 'test/targets/perf/mixed.cjs'), join(STAGE, 'mixed.cjs'));
  const binary = join(STAGE, name, 'node');
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  const flags = ['--perf-basic-prof'];
  const child = spawn(binary, [...flags, INTERPRETED, join(STAGE, 'mixed.cjs')], {
    cwd: STAGE,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const folder = join(STAGE, 'recording');
  const to = join(OUT, version);
  mkdirSync(to, { recursive: true });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    execFileSync(
      process.execPath,
      [join(ROOT, 'dist/cli/main.js'), 'perf', String(child.pid), '-d', '2s', '-F', '149', '-o', folder],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const text = execFileSync('perf', ['script', '--no-inline', '-i', join(folder, 'perf.data')], {
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const keep = (file, bytes) => writeFileSync(join(to, `${file}.gz`), gzipSync(bytes, { level: 9 }));
    keep('perf-script.txt', text);
    keep('perf.data', readFileSync(join(folder, 'perf.data')));
    keep('perf.map', readFileSync(join(folder, `perf-${child.pid}.map`)));
    keep('perf-map-times.json', readFileSync(join(folder, `perf-${child.pid}-times.json`)));
    keep('perf-symbols.json', readFileSync(join(folder, 'perf-symbols.json')));
    keep('perf-code.json', readFileSync(join(folder, 'perf-code.json')));
  } finally {
    child.kill();
    rmSync(`/tmp/perf-${child.pid}.map`, { force: true });
  }
}
rmSync(STAGE, { recursive: true, force: true });

// How fast large `.cpuprofile` files are read into a call tree, and in how much memory, against JSON.parse of the same
// bytes, which makes no tree yet and ends at V8's limit of 512 MB for a string.
//
//     npm run build && node bench/read-large.mjs [--runs 5] [--small]
//
// Every reading is a process of its own; CPU time (all threads, compiling included) is from after start-up to the end,
// the best of the runs, memory the largest seen (VmHWM, with the 45 MB of Node itself). `warm` is the third reading in
// one process. `reads nothing` skips the file with the same tokenizer.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openFile } from '../dist/base/byte-source.js';
import { JsonReader } from '../dist/base/json-reader.js';
import { readCpuProfile } from '../dist/cpu/cpuprofile.js';
import { writeSyntheticProfile } from './synthetic-profile.mjs';

const FILES = [
  { name: '60 s, 10 kHz, 60 000 nodes', seconds: 60, hz: 10_000, nodes: 60_000 },
  { name: 'mostly nodes (10^6)', seconds: 1060, hz: 10_000, nodes: 1_060_000, large: true },
  { name: 'mostly samples (3 × 10^7)', seconds: 3000, hz: 10_000, nodes: 100_000, large: true },
];
const WAYS = {
  'JSON.parse': (path) => JSON.parse(readFileSync(path, 'utf8')),
  'reads nothing': (path) => new JsonReader(openFile(path)).skip(),
  'call tree': (path) => readCpuProfile(openFile(path)),
  'call tree, warm': (path) => readCpuProfile(openFile(path)),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, small: { type: 'boolean' } },
});
if (positionals.length === 2) {
  const [way, path] = positionals;
  if (way.endsWith('warm')) for (let round = 0; round < 2; round++) WAYS[way](path);
  const before = process.cpuUsage();
  WAYS[way](path);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ cpu: (user + system) / 1e6, rss: peakMegabytes() }));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'holter-large-'));
  try {
    console.log(`node ${process.version}`);
    for (const { name, large, ...shape } of FILES)
      if (!(large && values.small))
        compare(name, join(folder, 'synthetic.cpuprofile'), shape, large ? 2 : Number(values.runs));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Not ru_maxrss: a child inherits that of its parent. */
function peakMegabytes() {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

function compare(name, path, shape, runs) {
  writeSyntheticProfile(path, shape);
  const mb = statSync(path).size / 1e6;
  console.log(`\n${name}: ${mb.toFixed(1)} MB\n${''.padEnd(18)}CPU s    MB/s  × JSON.parse   RSS MB  × file`);
  let parse;
  for (const way of Object.keys(WAYS)) {
    const found = Array.from({ length: runs }, () =>
      JSON.parse(
        execFileSync(process.execPath, [fileURLToPath(import.meta.url), way, path], { encoding: 'utf8' }),
      ),
    );
    const cpu = Math.min(...found.map((run) => run.cpu));
    const rss = Math.max(...found.map((run) => run.rss));
    parse ??= cpu;
    const cells = [
      cpu.toFixed(3),
      (mb / cpu).toFixed(0),
      (cpu / parse).toFixed(2),
      rss.toFixed(0),
      ((rss * 1.048576) / mb).toFixed(2),
    ];
    console.log(way.padEnd(16) + cells.map((cell, i) => cell.padStart([7, 8, 14, 9, 8][i])).join(''));
  }
}

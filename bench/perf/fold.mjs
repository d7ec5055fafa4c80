// perf.data → folded stacks, in a process of its own: bench/perf/run.mjs measures it.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '../../dist');
const { openFile } = await import(join(DIST, 'base/byte-source.js'));
const { openPerfData } = await import(join(DIST, 'perf/open-perf-data.js'));
const { writeFolded } = await import(join(DIST, 'cpu/write-folded.js'));
const { compileLater } = await import(join(DIST, 'perf/compile-later.js'));
const [, , from, to] = process.argv;
// As the command line does.
compileLater();
const isFolder = statSync(from).isDirectory();
const source = openFile(isFolder ? join(from, 'perf.data') : from);
const { profiles, quality } = openPerfData(source, {}, isFolder ? await readBeside(from) : {});
const pieces = [...writeFolded(profiles[0].tree)];
writeFileSync(to, pieces.join(''));
console.log(
  JSON.stringify({
    ...quality,
    stacks: pieces.join('').split('\n').length - 1,
    rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);

/** What a recording of holter perf keeps, as the command line reads it. */
async function readBeside(folder) {
  const { parseMapTimes } = await import(join(DIST, 'perf/map-times.js'));
  const { readKeptSymbols } = await import(join(DIST, 'perf/open-perf-data.js'));
  const names = readdirSync(folder);
  const map = names.find((name) => /^perf-\d+\.map$/.test(name));
  const times = names.find((name) => /^perf-\d+-times\.json$/.test(name));
  const read = parseMapTimes(readFileSync(join(folder, times), 'utf8'), times);
  return {
    pid: read.pid,
    map: readFileSync(join(folder, map)),
    mapTimes: read.times,
    symbols: readKeptSymbols(join(folder, 'perf-symbols.json')),
    foreign: true,
  };
}

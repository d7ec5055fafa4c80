// perf.data → folded stacks, in a process of its own: bench/perf/run.mjs measures it.
import { writeFileSync } from 'node:fs';
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
const source = openFile(from);
const { profiles, quality } = openPerfData(source, {});
const pieces = [...writeFolded(profiles[0].tree)];
writeFileSync(to, pieces.join(''));
console.log(
  JSON.stringify({
    ...quality,
    stacks: pieces.join('').split('\n').length - 1,
    rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);

// How much CPU time a recording costs until it is folded stacks: holter's reader, with what `holter perf` keeps beside perf.data
// and without, against `perf script` and stackcollapse-perf.pl of
// FlameGraph, on the same recording; how many samples have a frame without a name in each; memory.
//
//     npm run build && node bench/perf/run.mjs --peer stackcollapse-perf.pl [--node 24] [--samples 45000] [--runs 3]
//                                              [--flags "--interpreted-frames-native-stack"]
//
// As root, with perf installed. Records test/targets/perf/server.cjs with --perf-basic-prof at 4999 Hz for as long as that many
// samples take. stackcollapse-perf.pl is not part of holter (github.com/brendangregg/FlameGraph, CDDL): give its path.
// CPU seconds are those of whole processes, start included, best of --runs.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { values: options } = parseArgs({
  options: {
    peer: { type: 'string', default: process.env.STACKCOLLAPSE_PERF ?? '' },
    node: { type: 'string', default: '24' },
    samples: { type: 'string', default: '45000' },
    runs: { type: 'string', default: '3' },
    flags: { type: 'string', default: '' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'holter-bench-perf-'));

/** CPU seconds and peak memory of a command, by the shell's own account. */
function measure(command) {
  const { stderr, status } = spawnSync('bash', ['-c', `TIMEFORMAT='cpu %U %S'; time (${command})`], {
    encoding: 'utf8',
    cwd: folder,
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr);
  return Number(user) + Number(system);
}

const best = (command) => Math.min(...Array.from({ length: Number(options.runs) }, () => measure(command)));

const binary = join(ROOT, `test/nodes/node_modules/node${options.node}/bin/node`);
const child = spawn(
  binary,
  [
    '--perf-basic-prof',
    ...options.flags.split(' ').filter(Boolean),
    join(ROOT, 'test/targets/perf/server.cjs'),
  ],
  { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const seconds = Math.ceil(Number(options.samples) / 4200);
  const recording = join(folder, 'recording');
  execFileSync(
    process.execPath,
    [
      join(ROOT, 'dist/cli/main.js'),
      'perf',
      String(child.pid),
      '-F',
      '4999',
      '-d',
      `${seconds}s`,
      '--no-memory',
      '-o',
      recording,
    ],
    { stdio: 'ignore' },
  );
  const data = join(recording, 'perf.data');
  const fold = join(ROOT, 'bench/perf/fold.mjs');
  const told = JSON.parse(
    execFileSync(process.execPath, [fold, data, join(folder, 'holter.folded')], { encoding: 'utf8' }),
  );
  const kept = best(`${process.execPath} ${fold} ${recording} kept.folded`);
  const alone = best(`${process.execPath} ${fold} ${data} alone.folded`);
  const script = best(`perf script --no-inline -i ${data} > perf.txt`);
  const text = readFileSync(join(folder, 'perf.txt'), 'latin1');
  const collapse =
    options.peer === '' ? Number.NaN : best(`perl ${options.peer} --all perf.txt > peer.folded`);
  const unknown = text.split('\n\n').filter((sample) => sample.includes('[unknown]')).length;
  const row = (name, cpu, rest = '') =>
    console.log(`${name.padEnd(44)}${cpu.toFixed(2).padStart(7)} s CPU   ${rest}`);
  console.log(
    `Node ${options.node} ${options.flags}, ${told.samples} samples, ${(statSync(data).size / 1e6).toFixed(1)} MB, ${cpus()[0].model}`,
  );
  row('holter: recording → folded', kept, `${told.stacks} stacks`);
  row('holter: perf.data alone → folded', alone, `${told.rssMb} MB at most`);
  row('perf script', script, `${(text.length / 1e6).toFixed(0)} MB of text`);
  if (options.peer !== '') {
    row('stackcollapse-perf.pl --all', collapse);
    const times = (cpu) => ((script + collapse) / cpu).toFixed(1);
    console.log(`less CPU: recording ${times(kept)} ×, perf.data alone ${times(alone)} ×`);
  }
  console.log(
    `samples with a frame without a name: holter ${((100 * told.unknown) / told.samples).toFixed(1)} %, perf script ${((100 * unknown) / told.samples).toFixed(1)} %`,
  );
} finally {
  child.kill();
  rmSync(`/tmp/perf-${child.pid}.map`, { force: true });
  rmSync(folder, { recursive: true, force: true });
}

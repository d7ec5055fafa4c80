/**
 * All examples and all programs of test/targets × all rules of `holter doctor`, as one confusion table.
 *   node bench/doctor-matrix/run.mjs [--node 20] [--only name,name] [--seconds 6] [--out results.md]
 * Needs: npm run build, test/nodes. One program at a time, each under the load its first line asks for (examples: examples.json).
 * Every row is printed as it came out; nothing is repeated or left out. Columns are the kinds of findings:
 *   ●  expected and found      ○  expected, not found      ✗  found, not expected (a false alarm)
 *   +  also true of it         –  could not be checked     ·  rightly silent
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { end, endAllNow, REPO, runDoctor, startBurners, startCase, startLoad } from '../verdicts/machine.mjs';
import { prepareCase } from '../verdicts/prepare.mjs';

const MARK = '// holter-expect ';
const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '20' },
    only: { type: 'string' },
    seconds: { type: 'string', default: '6' },
    out: { type: 'string' },
  },
});
const seconds = Number(options.seconds);
const { FINDING_KINDS } = await import(join(REPO, 'dist/doctor/report.js'));

function listPrograms() {
  const targets = readdirSync(join(REPO, 'test/targets'))
    .filter((name) => /\.(mjs|cjs|ts)$/.test(name))
    .map((name) => {
      const path = join(REPO, 'test/targets', name);
      const [first] = readFileSync(path, 'utf8').split('\n', 1);
      if (!first.startsWith(MARK)) throw new Error(`${name}: no expectation in its first line`);
      return { name, path, ...JSON.parse(first.slice(MARK.length)) };
    });
  const examples = JSON.parse(readFileSync(new URL('examples.json', import.meta.url), 'utf8'));
  const all = [
    ...examples.map((one) => ({ ...one, path: join(REPO, 'examples', one.file) })),
    // Each sick program, and its healthy twin after it.
    ...targets.sort((a, b) => a.name.localeCompare(b.name)),
  ];
  const wanted = options.only?.split(',');
  return wanted === undefined ? all : all.filter(({ name }) => wanted.some((word) => name.includes(word)));
}

async function diagnose(program) {
  const file = program.path.endsWith('.ts') ? await prepareCase(program.path) : program.path;
  const target = await startCase(file, {
    node: options.node,
    nodeArgs: program.nodeArgs,
    env: program.env,
    pinned: program.starve > 0,
  });
  const extras = [];
  try {
    if (program.starve > 0) extras.push(...startBurners(program.starve, true));
    if (program.load) {
      const { rate } = program.load;
      const load = startLoad(target.port, { ...program.load, rate: undefined }, seconds + 60, rate);
      extras.push(load.child);
    }
    if (program.trigger)
      void fetch(`http://127.0.0.1:${target.port}${program.trigger}`, {
        signal: AbortSignal.timeout((seconds + 30) * 1000),
      }).catch(() => {});
    await new Promise((wake) => setTimeout(wake, program.wait ?? 1000));
    return await runDoctor(target.child.pid, seconds);
  } finally {
    await Promise.all([...extras, target.child].map(end));
  }
}

/** Expected kinds: all of `kinds` are as good as `kind`, `also` are true as well. */
function compare(program, report) {
  const found = new Set(
    report.findings.filter(({ suspended }) => suspended !== true).map(({ kind }) => kind),
  );
  const good = program.kind === 'healthy' ? [] : [program.kind, ...(program.kinds ?? [])];
  const also = new Set(program.also ?? []);
  const hit = good.find((kind) => found.has(kind));
  const cells = FINDING_KINDS.map((kind) => {
    if (good.includes(kind))
      return found.has(kind) ? '●' : hit === undefined && kind === program.kind ? '○' : '·';
    if (found.has(kind)) return also.has(kind) ? '+' : '✗';
    return report.checked.includes(kind) ? '·' : '–';
  });
  const [first] = report.findings;
  const lines = program.lines ?? (program.line ? [program.line] : []);
  const place = report.findings.find(({ kind }) => kind === hit)?.where[0];
  const isLineRight = hit === undefined || lines.length === 0 ? undefined : lines.includes(place?.line);
  return { cells, hit, isLineRight, isFirst: first !== undefined && first.kind === hit };
}

const rows = [];
const lines = [];
const say = (text) => {
  lines.push(text);
  console.log(text);
};
const widest = Math.max(...FINDING_KINDS.map(({ length }) => length));
say('```');
for (let at = 0; at < widest; at++)
  say(`${' '.repeat(46)}${FINDING_KINDS.map((kind) => kind.padStart(widest)[at]).join(' ')}`);
for (const program of listPrograms()) {
  let row;
  try {
    const { report, seconds: took, error, code } = await diagnose(program);
    if (report?.findings === undefined) throw new Error(`exit ${code}: ${error.split('\n').at(-1)}`);
    row = { program, took, ...compare(program, report) };
  } catch (error) {
    row = { program, took: Number.NaN, cells: [], failure: error.message };
  }
  rows.push(row);
  const state = row.failure ?? (row.isLineRight === false ? 'other line' : '');
  say(
    `${basename(program.name).padEnd(36)} ${row.took.toFixed(1).padStart(5)} s  ${row.cells.join(' ')}  ${state}`.trimEnd(),
  );
}
say('```');

const sick = rows.filter(({ program }) => program.kind !== 'healthy');
const healthy = rows.filter(({ program }) => program.kind === 'healthy');
const alarms = rows.filter(({ cells }) => cells.includes('✗'));
const judged = sick.filter(({ isLineRight }) => isLineRight !== undefined);
say('');
say(
  `Node ${options.node}, ${cpus().length} CPUs, windows of ${seconds} s: of ${sick.length} sick programs ${sick.filter(({ hit }) => hit !== undefined).length} have their kind found (${sick.filter(({ isFirst }) => isFirst).length} as the first finding), ${judged.filter(({ isLineRight }) => isLineRight).length} of ${judged.length} the line; of ${healthy.length} healthy ones ${healthy.filter(({ cells }) => cells.includes('✗')).length} raised a false alarm; findings beside the truth in ${alarms.length} of ${rows.length} rows; ${rows.filter(({ failure }) => failure !== undefined).length} runs failed; the longest answer took ${Math.max(...rows.map(({ took }) => took || 0)).toFixed(1)} s.`,
);
say('');
say('| rule | found | missed | false alarms |');
say('|---|---|---|---|');
for (const [index, kind] of FINDING_KINDS.entries()) {
  const count = (mark) => rows.filter(({ cells }) => cells[index] === mark).length;
  say(`| ${kind} | ${count('●')} | ${count('○')} | ${count('✗')} |`);
}
if (options.out !== undefined) writeFileSync(options.out, `${lines.join('\n')}\n`);
process.on('exit', endAllNow);
process.exit();

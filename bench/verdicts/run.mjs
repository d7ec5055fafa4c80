/**
 * Judges `holter doctor` on cases it was not written for.
 *   node bench/verdicts/run.mjs [--node 22] [--only name,name] [--group sick|healthy] [--loads 10,50,100]
 *                               [--no-neighbour] [--duration 10] [--targets] [--json]
 * Sick cases run once, under their own load; healthy ones at each share of their measured capacity, and once at half
 * of it beside two busy neighbours. `--targets` takes the programs of test/targets instead. Sequential: two runs at a
 * time would be neighbours themselves. `HOLTER_MAIN` names another doctor to run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { judge } from './judge.mjs';
import { end, endAllNow, REPO, runDoctor, startBurners, startCase, startLoad } from './machine.mjs';
import { installFrameworks, listCases, prepareCase } from './prepare.mjs';

const CAPACITY_SECONDS = 2;
const MARK = '// holter-expect ';

const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '22' },
    only: { type: 'string' },
    group: { type: 'string' },
    loads: { type: 'string', default: '10,50,100' },
    'no-neighbour': { type: 'boolean', default: false },
    duration: { type: 'string', default: '10' },
    targets: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.duration);

function readExpectation(file) {
  const first = readFileSync(file, 'utf8').split('\n', 1)[0];
  if (!first.startsWith(MARK)) throw new Error(`${file}: no expectation in its first line`);
  return JSON.parse(first.slice(MARK.length));
}

function listTargets() {
  const folder = join(REPO, 'test/targets');
  return readdirSync(folder)
    .filter((name) => /\.(mjs|cjs|ts)$/.test(name))
    .sort()
    .map((name) => {
      const group = name.includes('.healthy.') ? 'healthy' : 'sick';
      return {
        name: name.replace(/\.(mjs|cjs|ts)$/, ''),
        group,
        path: join(folder, name),
        source: join(folder, name),
      };
    });
}

/** Fires the request that gets the process stuck; its answer never comes, so nobody waits for it. */
function pull(trigger, port) {
  void fetch(`http://127.0.0.1:${port}${trigger}`, {
    signal: AbortSignal.timeout((seconds + 30) * 1_000),
  }).catch(() => {});
}

async function runOnce(file, expect, { share, neighbour }) {
  const pinned = expect.starve > 0;
  const target = await startCase(file, {
    node: options.node,
    nodeArgs: expect.nodeArgs,
    env: expect.env,
    pinned,
  });
  const extras = [];
  try {
    let rate = expect.load?.rate;
    if (share !== undefined && expect.load && !expect.load.loader) {
      if (rate === undefined) {
        const capacity = startLoad(target.port, expect.load, CAPACITY_SECONDS);
        const measured = await capacity.result;
        await end(capacity.child);
        rate = measured ? measured.rps : 10;
      }
      // 100 % means as fast as it can, not the average of a warm-up.
      rate =
        share === 100 && expect.load.rate === undefined
          ? undefined
          : Math.max(1, Math.round((rate * share) / 100));
    }
    if (pinned) extras.push(...startBurners(expect.starve, true));
    if (neighbour) extras.push(...startBurners(2, false));
    if (expect.load) {
      const load = startLoad(target.port, { ...expect.load, rate: undefined }, seconds + 60, rate);
      extras.push(load.child);
    }
    if (expect.trigger) pull(expect.trigger, target.port);
    await new Promise((wake) => setTimeout(wake, expect.wait ?? 1_000));
    let run = await runDoctor(target.child.pid, seconds);
    // Somebody else's inspector on this machine says nothing about the verdict.
    for (let again = 0; again < 5 && run.error.includes('E_INSPECTOR_PORT_TAKEN'); again++) {
      await new Promise((wake) => setTimeout(wake, 2_000));
      run = await runDoctor(target.child.pid, seconds);
    }
    const { exitCode, signalCode } = target.child;
    const died =
      exitCode === null && signalCode === null
        ? ''
        : ` (the target died: ${signalCode ?? `code ${exitCode}`})`;
    return { ...run, died, stderr: target.stderr() };
  } finally {
    await Promise.all([...extras, target.child].map(end));
  }
}

function variants(group, expect) {
  if (group === 'sick') return [{ label: 'own load', share: undefined, neighbour: false }];
  if (!expect.load || expect.load.loader || expect.once) {
    const own = [{ label: 'own load', share: undefined, neighbour: false }];
    return options['no-neighbour']
      ? own
      : [...own, { label: 'neighbour', share: undefined, neighbour: true }];
  }
  const shares = options.loads.split(',').map(Number);
  const list = shares.map((share) => ({ label: `${share} %`, share, neighbour: false }));
  if (!options['no-neighbour']) list.push({ label: '50 % + neighbour', share: 50, neighbour: true });
  return list;
}

async function main() {
  const wanted = options.only?.split(',');
  const cases = (options.targets ? listTargets() : listCases()).filter(
    ({ name, group }) => (!wanted || wanted.includes(name)) && (!options.group || options.group === group),
  );
  if (cases.length === 0) throw new Error('no case of that name');
  if (!options.targets) installFrameworks();
  const rows = [];
  for (const { name, group, path, source } of cases) {
    const expect = readExpectation(source);
    const file = await prepareCase(path);
    for (const variant of variants(group, expect)) {
      let row;
      try {
        const run = await runOnce(file, expect, variant);
        const verdict = judge(expect, run.report, { ...variant, source: basename(source) });
        verdict.detail += run.died;
        if (verdict.result === 'failed')
          verdict.detail = `exit ${run.code}: ${run.error.split('\n').slice(-3).join(' | ')}`;
        row = {
          name,
          group,
          variant: variant.label,
          expected: expect.kind,
          ...verdict,
          said: run.report?.verdict ?? '',
          seconds: run.seconds,
        };
      } catch (error) {
        row = {
          name,
          group,
          variant: variant.label,
          expected: expect.kind,
          result: 'failed',
          detail: error.message,
          said: '',
          seconds: 0,
        };
      }
      rows.push(row);
      if (!options.json) print(row);
    }
  }
  const summary = summarise(rows);
  if (options.json)
    console.log(
      JSON.stringify({ schema: 'holter.bench-verdicts/1', node: options.node, rows, summary }, null, 2),
    );
  else console.log(`\n${summary.text}`);
}

function print(row) {
  const left = `${row.result.padEnd(12)} ${row.name.padEnd(28)} ${row.variant.padEnd(16)} ${row.seconds.toFixed(1).padStart(5)} s`;
  const expected = row.group === 'sick' ? `expected ${row.expected}: ` : '';
  console.log(`${left}  ${expected}${row.detail}`);
  if (row.said) console.log(`${' '.repeat(13)}${row.said}`);
}

function summarise(rows) {
  const sick = rows.filter(({ group }) => group === 'sick');
  const healthy = rows.filter(({ group }) => group === 'healthy');
  const count = (list, ...results) => list.filter(({ result }) => results.includes(result)).length;
  const kindRight = count(sick, 'right', 'kind');
  const lineRight = count(sick, 'right');
  const falseAlarms = count(healthy, 'false alarm');
  const failed = count(rows, 'failed');
  const text = `sick ${sick.length}: kind right ${kindRight}, line right ${lineRight}; healthy ${healthy.length}: false alarms ${falseAlarms}${failed > 0 ? `; failed runs ${failed}` : ''}`;
  return { sick: sick.length, kindRight, lineRight, healthy: healthy.length, falseAlarms, failed, text };
}

process.on('exit', endAllNow);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
await main();

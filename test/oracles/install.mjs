// Installs the programs that tests hold holter's files against (package.json beside this file) into test/oracles, which
// git ignores. Does nothing when they are there. As a script: node test/oracles/install.mjs
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleDevTools } from './bundle-devtools.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Names of packages that are missing or of another version than asked for. */
function missingPackages() {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));
  return Object.entries(dependencies).filter(([name, version]) => {
    const manifest = join(HERE, 'node_modules', name, 'package.json');
    return !existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== version;
  });
}

/** Installs what is missing with `npm ci` and bundles DevTools' worker; returns the folder. Throws Error when it cannot. */
export async function installOracles() {
  installPackages();
  await bundleDevTools();
  return HERE;
}

function installPackages() {
  if (missingPackages().length === 0) return;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  // Once more when it failed: registries do hiccup.
  for (let attempt = 1; attempt <= 2; attempt++) {
    spawnSync('npm', args, { cwd: HERE, stdio: ['ignore', 2, 2] });
    if (missingPackages().length === 0) return;
  }
  const names = missingPackages().map(([name]) => name);
  throw new Error(
    `could not install ${names.join(', ')}: check the network, then run npm ci in test/oracles`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await installOracles();

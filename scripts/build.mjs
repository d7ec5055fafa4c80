// Builds dist/: TypeScript → ESM, the page → one HTML template, and non-code files the product reads.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { buildAgent } from './build-agent.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(bin, ...args) {
  const { status } = spawnSync(process.execPath, [`${root}node_modules/${bin}`, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(`${root}dist`, { recursive: true, force: true });
run('typescript/bin/tsc', '-p', 'tsconfig.build.json');
if (existsSync(`${root}ui/vite.config.ts`))
  run('vite/bin/vite.js', 'build', '--config', 'ui/vite.config.ts', '--logLevel', 'warn');
cpSync(`${root}src/doctor/advice`, `${root}dist/doctor/advice`, { recursive: true });

// The command line is about a hundred small modules, and resolving them takes longer than many a command: it is put
// together into one file per command and one for what they share. Dependencies stay outside. The modules beside it
// stay what the public subpaths and the tests import.
await build({
  configFile: false,
  root,
  logLevel: 'warn',
  build: {
    ssr: 'dist/cli/main.js',
    outDir: 'dist/bundle',
    minify: false,
    target: 'node20',
    reportCompressedSize: false,
    rolldownOptions: {
      output: { entryFileNames: 'main.js', chunkFileNames: '[name]-[hash].js' },
    },
  },
});
rmSync(`${root}dist/cli`, { recursive: true });
cpSync(`${root}dist/bundle`, `${root}dist/cli`, { recursive: true });
rmSync(`${root}dist/bundle`, { recursive: true });
chmodSync(`${root}dist/cli/main.js`, 0o755);

await buildAgent(`${root}dist`);
// Its modules are in the bundles; their types stay.
for (const name of readdirSync(`${root}dist/agent`))
  if (name.endsWith('.js')) rmSync(`${root}dist/agent/${name}`);

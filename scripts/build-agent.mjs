// Builds holter/agent: one file without dependencies, as ES module and as CommonJS, because it is loaded before programs of
// every kind. Its worker is a text inside, so that a bundler that swallows the agent has all of it.
// Alone: node scripts/build-agent.mjs [outDir]
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

async function bundle(input, outDir, name, format, define) {
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    define,
    ssr: { noExternal: true },
    build: {
      ssr: input,
      outDir,
      emptyOutDir: false,
      minify: false,
      target: 'node18',
      reportCompressedSize: false,
      rolldownOptions: { output: { format, entryFileNames: name, codeSplitting: false } },
    },
  });
  return `${outDir}/${name}`;
}

export async function buildAgent(outDir) {
  mkdirSync(outDir, { recursive: true });
  const worker = await bundle('src/agent/worker.ts', outDir, 'agent-worker.cjs', 'cjs', {});
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const texts = {
    HOLTER_WORKER_SOURCE: JSON.stringify(readFileSync(worker, 'utf8')),
    HOLTER_PACKAGE_VERSION: JSON.stringify(version),
  };
  rmSync(worker);
  await bundle('src/agent.ts', outDir, 'agent.js', 'es', { ...texts, HOLTER_SELF: 'import.meta.url' });
  await bundle('src/agent.ts', outDir, 'agent.cjs', 'cjs', { ...texts, HOLTER_SELF: '__filename' });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildAgent(resolve(process.argv[2] ?? `${root}dist`));

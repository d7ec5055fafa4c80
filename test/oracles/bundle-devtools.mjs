// Bundles the heap snapshot worker of Chrome DevTools (npm chrome-devtools-frontend, TypeScript sources) into one module
// for Node: dist/devtools-heap-worker.mjs, which git ignores. Called by install.mjs; done when the bundle is of this version.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = join(HERE, 'node_modules/chrome-devtools-frontend');
const ENTRY = join(PACKAGE, 'front_end/entrypoints/heap_snapshot_worker/heap_snapshot_worker.ts');
const OUT = join(HERE, 'dist');
const BUNDLE = join(OUT, 'devtools-heap-worker.mjs');
const STAMP = join(OUT, 'devtools-heap-worker.version');

/** Where the bundle is. Throws Error when the package is not installed or cannot be bundled. */
export async function bundleDevTools() {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  if (existsSync(BUNDLE) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === version) return BUNDLE;
  // Only here, so that nothing else of the oracles needs the repository's node_modules.
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: HERE,
    logLevel: 'error',
    plugins: [locales()],
    ssr: { noExternal: true },
    build: {
      ssr: ENTRY,
      outDir: OUT,
      emptyOutDir: false,
      minify: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'devtools-heap-worker.mjs', codeSplitting: false } },
    },
  });
  writeFileSync(STAMP, version);
  return BUNDLE;
}

/** The package lacks locales.js, which DevTools' own build generates; the worker needs its names only. */
function locales() {
  const name = '\0locales';
  return {
    name: 'devtools-locales',
    enforce: 'pre',
    resolveId: (id) => (id === './locales.js' ? name : undefined),
    load: (id) =>
      id === name
        ? `export const BUNDLED_LOCALES = ['en-US'], LOCALES = ['en-US'], DEFAULT_LOCALE = 'en-US';
           export const LOCAL_FETCH_PATTERN = '', REMOTE_FETCH_PATTERN = '';`
        : undefined,
  };
}

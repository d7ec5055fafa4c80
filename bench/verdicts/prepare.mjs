/**
 * Makes the cases runnable: installs their frameworks here, compiles the TypeScript cases with source maps and bundles
 * the cases under bundles/ (minified, with and without a map) into dist/. Nothing of holter itself is built.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const REPO = resolve(HERE, '../..');
const DIST = join(HERE, 'dist');

function installFrameworks() {
  if (existsSync(join(HERE, 'node_modules/express')) && existsSync(join(HERE, 'node_modules/react-dom')))
    return;
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], {
    cwd: HERE,
    stdio: ['ignore', 2, 2],
  });
}

function newer(output, input) {
  return existsSync(output) && statSync(output).mtimeMs >= statSync(input).mtimeMs;
}

/** `x.es2016.ts` is compiled down to that target, so that async functions become generators. */
function compileTypeScript(file) {
  const target = /\.(es\d+)\.ts$/.exec(file)?.[1] ?? 'es2022';
  const output = join(DIST, basename(file).replace(/\.ts$/, '.js'));
  if (newer(output, file)) return output;
  const tsc = join(REPO, 'node_modules/typescript/bin/tsc');
  const options = ['--outDir', DIST, '--sourceMap', '--target', target, '--module', 'es2022'];
  options.push(
    '--moduleResolution',
    'bundler',
    '--types',
    'node',
    '--typeRoots',
    join(REPO, 'node_modules/@types'),
  );
  options.push('--skipLibCheck', '--experimentalDecorators', '--ignoreConfig', '--strict');
  execFileSync(process.execPath, [tsc, file, ...options], { stdio: ['ignore', 2, 2] });
  return output;
}

async function bundle(folder) {
  const { build } = await import('vite');
  const mapped = !folder.endsWith('-nomap');
  const entry = join(folder, 'main.ts');
  const outDir = join(DIST, basename(folder));
  await build({
    configFile: false,
    root: folder,
    logLevel: 'error',
    publicDir: false,
    build: {
      ssr: entry,
      target: 'es2022',
      outDir,
      emptyOutDir: true,
      minify: true,
      sourcemap: mapped,
      rollupOptions: { output: { format: 'es', entryFileNames: 'server.mjs' } },
    },
  });
  return join(outDir, 'server.mjs');
}

/** Prepares one case file or bundle folder and returns the path to start. */
export async function prepareCase(path) {
  mkdirSync(DIST, { recursive: true });
  copyFileSync(join(HERE, 'package.json'), join(DIST, 'package.json'));
  if (statSync(path).isDirectory()) return await bundle(path);
  return path.endsWith('.ts') ? compileTypeScript(path) : path;
}

/** All cases: {name, group, path, source}; `source` holds the expectation line. */
export function listCases() {
  return ['sick', 'healthy'].flatMap((group) => {
    const folder = join(HERE, 'cases', group);
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.') && name !== 'README.md')
      .sort()
      .map((name) => {
        const path = join(folder, name);
        const isFolder = statSync(path).isDirectory();
        return {
          name: name.replace(/\.(mjs|cjs|ts)$/, ''),
          group,
          path,
          source: isFolder ? join(path, 'main.ts') : path,
        };
      });
  });
}

export { installFrameworks };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  installFrameworks();
  for (const { path } of listCases()) await prepareCase(path);
}

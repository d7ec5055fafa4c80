import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPO = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Compiles a TypeScript target to JavaScript with a source map beside it, as a deployed service has it (Node 18 and 20
 * run no TypeScript). Returns the path of the `.js`, in a new folder under the temporary directory.
 */
export function compileTarget(file: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'holter-compiled-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  const options = ['--outDir', folder, '--sourceMap', '--target', 'es2022', '--module', 'es2022'];
  options.push('--moduleResolution', 'bundler', '--types', 'node', '--typeRoots', 'node_modules/@types');
  options.push('--skipLibCheck', '--strict', '--ignoreConfig');
  execFileSync(process.execPath, [join(REPO, 'node_modules/typescript/bin/tsc'), resolve(file), ...options], {
    cwd: REPO,
    stdio: 'pipe',
  });
  return join(folder, basename(file).replace(/\.ts$/, '.js'));
}

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HolterError } from '../base/errors.ts';

const NAMES = ['ts', 'mjs', 'js', 'json'].map((ending) => `holter.config.${ending}`);

/** The configuration file of a folder; undefined: there is none. */
export function findConfig(folder: string): string | undefined {
  return NAMES.map((name) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * What a configuration file gives, unchecked: its default export, or the JSON. Code in it runs in holter.
 * @throws HolterError E_FILE_NOT_FOUND, E_FILE_FORMAT
 */
export async function loadConfig(path: string): Promise<unknown> {
  const file = resolve(path);
  if (!existsSync(file)) throw new HolterError('E_FILE_NOT_FOUND', `there is no ${path}`);
  const ending = extname(file);
  if (!['.json', '.ts', '.mts', '.js', '.mjs', '.cjs'].includes(ending))
    throw new HolterError('E_FILE_FORMAT', `${path}: a configuration ends in .ts, .js, .mjs or .json`);
  if (/^\.m?ts$/.test(ending) && !stripsTypes())
    throw new HolterError(
      'E_FILE_FORMAT',
      `${path}: Node ${process.versions.node}, which runs holter, does not read TypeScript`,
      { hint: 'use Node 22.18 or later for holter, or write the rules as .mjs or .json' },
    );
  try {
    if (ending === '.json') return JSON.parse(await readFile(file, 'utf8'));
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    if (module.default === undefined)
      throw new HolterError('E_FILE_FORMAT', `${path}: it has no default export`, {
        hint: 'export default { rules: [ … ] }',
      });
    return module.default;
  } catch (cause) {
    if (cause instanceof HolterError) throw cause;
    throw new HolterError(
      'E_FILE_FORMAT',
      `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

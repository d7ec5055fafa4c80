import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Spent } from './limits.ts';

/** What the next watch of the same folder must know, so that limits hold over a restart. */
export interface WatchState {
  schema: 'holter.watch-state/1';
  spent: readonly Spent[];
}

const FILE = 'state.json';

/** Nothing known when there is none, or when it cannot be read: limits then begin anew. */
export async function readState(out: string): Promise<WatchState> {
  const none: WatchState = { schema: 'holter.watch-state/1', spent: [] };
  try {
    const value = JSON.parse(await readFile(join(out, FILE), 'utf8')) as Partial<WatchState> | null;
    if (value?.schema !== none.schema || !Array.isArray(value.spent)) return none;
    const spent = (value.spent as Partial<Spent>[]).filter(
      (one): one is Spent =>
        typeof one?.rule === 'string' && typeof one.life === 'string' && typeof one.at === 'number',
    );
    return { ...none, spent };
  } catch {
    return none;
  }
}

/** Whole or not at all. A full disk costs the limits of a restart only: nothing is thrown. */
export async function writeState(out: string, spent: readonly Spent[]): Promise<void> {
  const partial = join(out, `.${FILE}.${randomBytes(4).toString('hex')}`);
  const state: WatchState = { schema: 'holter.watch-state/1', spent };
  try {
    await writeFile(partial, JSON.stringify(state), { mode: 0o600, flag: 'wx' });
    await rename(partial, join(out, FILE));
  } catch {
    await rm(partial, { force: true }).catch(() => {});
  }
}

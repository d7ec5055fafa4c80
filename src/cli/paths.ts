import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';

/**
 * Where a recording or page goes that nobody named: the temporary directory, in a folder of the user's own, because
 * production folders are often read-only or watched. `suffix` `.html` for a page, '' for a folder.
 */
export function temporaryPath(label: string, suffix: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const safe = basename(label)
    .replace(/[^\w.-]+/g, '_')
    .slice(0, 60);
  return join(tmpdir(), `holter-${process.getuid?.() ?? 0}`, `${safe}-${time}${suffix}`);
}

/** A path as it can be pasted into a shell. */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) && !path.startsWith('-') ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Relative when that is shorter. */
export function shorten(path: string): string {
  const near = relative(process.cwd(), path);
  return near.length < path.length && !near.startsWith('../..') ? near : path;
}

import { appendFileSync, chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Lines of all sessions that are kept in mind. */
export const MOST_LINES = 500;

/** Lines typed before, latest first. */
export interface LineHistory {
  lines: string[];
  add(line: string): void;
}

/**
 * History of a prompt, `explore` or `core`: a file in the user's state folder that only they can read. Where that cannot be
 * (a read-only home), this session's lines are all there is.
 */
export function openHistory(prompt: string): LineHistory {
  const folder = join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'holter');
  const file = join(folder, `${prompt}-history`);
  let lines: string[] = [];
  try {
    // Lines name what was looked for in a process's memory.
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    lines = readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(-MOST_LINES).reverse();
  } catch {
    // None yet, or not to be read.
  }
  return {
    lines,
    add(line) {
      if (line.trim() === '') return;
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        appendFileSync(file, `${line}\n`, { mode: 0o600 });
      } catch {
        // In memory it is anyway.
      }
    },
  };
}

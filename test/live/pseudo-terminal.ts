import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { HOLTER } from './built.ts';

const HELPER = fileURLToPath(new URL('programs/run-on-terminal.py', import.meta.url));

/** Why no pseudo terminal can be had here; undefined when one can. */
export const NO_TERMINAL: string | undefined =
  spawnSync('python3', ['-c', 'import fcntl, termios']).status === 0
    ? undefined
    : 'no python3 to open a terminal with';

/** holter on a terminal of its own, as a user sees it. */
export interface TerminalRun {
  /** Pid of holter. */
  pid(): number;
  /** The rows as they are shown now. */
  screen(): string;
  /** Everything that was written, with its control sequences. */
  raw(): string;
  press(keys: string): void;
  resize(rows: number, columns: number): void;
  /** Settles when holter has ended. `modes`: flags of the terminal before it and after it. */
  ended: Promise<{ code: number; before: number[]; after: number[] }>;
}

/** Starts `holter …` on a terminal of that size. The helper ends with it, and with us. */
export function runOnTerminal(
  args: readonly string[],
  size: { rows: number; columns: number },
  env: Record<string, string> = {},
): TerminalRun {
  const child = spawn(
    'python3',
    [HELPER, String(size.rows), String(size.columns), process.execPath, HOLTER, ...args],
    {
      env: { ...process.env, TERM: 'xterm', LANG: 'C.UTF-8', NO_COLOR: '', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let raw = '';
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    raw += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const act = (what: object): void => void child.stdin.write(`${JSON.stringify(what)}\n`);
  const ended = new Promise<{ code: number; before: number[]; after: number[] }>((resolve, reject) => {
    child.on('close', () => {
      const last = told.trim().split('\n').at(-1) ?? '';
      if (last.includes('"code"')) resolve(JSON.parse(last));
      else reject(new Error(`the terminal ended early: ${told}`));
    });
  });
  // A test that fails before it waits for the end has told enough.
  ended.catch(() => {});
  return {
    pid: () => Number(/"pid": (\d+)/.exec(told)?.[1]),
    screen: () => drawScreen(raw),
    raw: () => raw,
    press: (keys) => act({ keys }),
    resize: (rows, columns) => act({ size: [rows, columns] }),
    ended,
  };
}

/** As much of a terminal as `top` needs: rows written from their begin, erased screens; colours are left out. */
function drawScreen(raw: string): string {
  let rows: string[] = [];
  const at = raw.lastIndexOf('\x1b[2J');
  if (at === -1 || raw.lastIndexOf('\x1b[?1049l') > at) return '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal gets
  for (const [, row, text] of raw.slice(at).matchAll(/\x1b\[(\d+);1H((?:[^\x1b]|\x1b\[[0-9;]*m)*)/g))
    rows[Number(row) - 1] = stripVTControlCharacters(text!);
  rows = Array.from(rows, (row) => row ?? '');
  return rows.join('\n');
}

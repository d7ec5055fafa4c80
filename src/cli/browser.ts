import { spawn } from 'node:child_process';

/** Opens a file in the user's browser, if there is one; on a server without a desktop nothing happens. */
export function openInBrowser(path: string): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(command, [path], { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write(`holter: no browser to open here: ${path}\n`));
  child.unref();
}

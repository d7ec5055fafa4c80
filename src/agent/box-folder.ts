import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { BOX_FILES, type BoxDescription, type BoxEvent } from '../metrics/black-box.ts';
import { overQuota } from './capture-limits.ts';

/** A storm of events must not fill the disk: after this the file stays as it is. */
const MAX_EVENT_BYTES = 2e6;
/** Black boxes of ended processes that are kept at most, whatever their size. */
const MAX_BOXES = 50;
/** A living agent writes every second. */
const BEING_WRITTEN_MS = 10_000;

/** Folder of all black boxes of this user. */
export function defaultFolder(): string {
  const uid = process.getuid?.() ?? userInfo().username;
  return join(tmpdir(), `holter-agent-${uid}`);
}

/**
 * Makes the folder of this process in `base`, 0700. The temporary directory is everybody's: a folder or link that
 * somebody else has put there is refused. A folder that was named is taken as it is.
 * @throws Error with the reason
 */
export function makeBoxFolder(base: string, name: string, isDefault: boolean): string {
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const entry = lstatSync(base);
  const uid = process.getuid?.();
  if (isDefault && !entry.isDirectory()) throw new Error(`${base} is no folder`);
  if (isDefault && uid !== undefined && entry.uid !== uid) throw new Error(`${base} belongs to another user`);
  const clean = name.replace(/[^\w.-]+/g, '_').slice(0, 60) || 'node';
  const folder = join(base, `${clean}-${process.pid}-${Date.now().toString(36)}`);
  mkdirSync(folder, { mode: 0o700 });
  chmodSync(folder, 0o700);
  return folder;
}

/** Name of the process for people: that of its script. */
export function scriptName(): string {
  const script = process.argv[1];
  return script === undefined ? 'node' : basename(script).replace(/\.[cm]?[jt]sx?$/, '');
}

/** Writes a small file of the box, 0600; returns whether it could. */
export function writeBoxFile(folder: string, name: string, content: string | Uint8Array): boolean {
  try {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

/** Adds one event; a full disk or a removed folder costs the event, never the process. */
export function appendEvent(folder: string, event: BoxEvent): void {
  const path = join(folder, BOX_FILES.events);
  try {
    if (existsSync(path) && statSync(path).size > MAX_EVENT_BYTES) return;
    appendFileSync(path, `${JSON.stringify(event)}\n`, { mode: 0o600 });
  } catch {
    // Nowhere to tell it.
  }
}

/** Removes the oldest black boxes of processes that are gone, beyond the quota and the number kept. */
export function removeOldBoxes(base: string, own: string, quota: number): void {
  try {
    const boxes = readdirSync(base).flatMap((name) => {
      const folder = join(base, name);
      const description = readDescription(folder);
      if (description === undefined) return [];
      const sizes = readdirSync(folder).map((file) => statSync(join(folder, file)));
      const changed = Math.max(0, ...sizes.map(({ mtimeMs }) => mtimeMs));
      return [
        {
          name,
          bytes: sizes.reduce((sum, { size }) => sum + size, 0),
          changed,
          // A box that is being written may be of a process in another container, whose pid says nothing here.
          kept: folder === own || isAlive(description.target.pid) || Date.now() - changed < BEING_WRITTEN_MS,
        },
      ];
    });
    const gone = new Set(overQuota(boxes, quota));
    const ended = boxes.filter(({ kept, name }) => !kept && !gone.has(name));
    ended.sort((a, b) => a.changed - b.changed);
    for (const { name } of ended.slice(0, Math.max(0, ended.length - MAX_BOXES))) gone.add(name);
    for (const name of gone) rmSync(join(base, name), { recursive: true, force: true });
  } catch {
    // Another process cleans up at the same moment, or the folder cannot be read: next time.
  }
}

/** Only folders with a description of ours are ever removed. */
function readDescription(folder: string): BoxDescription | undefined {
  try {
    const text = readFileSync(join(folder, BOX_FILES.description), 'utf8');
    const description = JSON.parse(text) as Partial<BoxDescription> | null;
    return description?.schema === 'holter.black-box/1' && typeof description.target?.pid === 'number'
      ? (description as BoxDescription)
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

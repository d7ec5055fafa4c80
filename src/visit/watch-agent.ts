import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BOX_FILES, type BoxDescription, type BoxEvent, readEvents } from '../metrics/black-box.ts';

export interface SeenBoxEvent {
  pid: number;
  folder: string;
  event: BoxEvent;
}

const MOST_AT_ONCE = 2 ** 20;

/** Events that holter/agent writes into the black boxes of a folder, as they come; those before the first look are old. */
export class AgentWatch {
  readonly #folder: string;
  readonly #read = new Map<string, number>();
  readonly #pids = new Map<string, number>();
  #isFirst = true;

  constructor(folder: string) {
    this.#folder = folder;
  }

  look(): SeenBoxEvent[] {
    const seen: SeenBoxEvent[] = [];
    for (const name of listFolder(this.#folder)) {
      const folder = join(this.#folder, name);
      const path = join(folder, BOX_FILES.events);
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      const from = this.#read.get(folder) ?? (this.#isFirst ? size : 0);
      if (size <= from) {
        this.#read.set(folder, size);
        continue;
      }
      const text = readPart(path, from, Math.min(size - from, MOST_AT_ONCE));
      // The last line may still be on its way.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      this.#read.set(folder, from + Buffer.byteLength(whole));
      for (const event of readEvents(whole)) seen.push({ pid: this.#pidOf(folder), folder, event });
    }
    this.#isFirst = false;
    return seen;
  }

  #pidOf(folder: string): number {
    const known = this.#pids.get(folder);
    if (known !== undefined) return known;
    try {
      const box = JSON.parse(
        readFileSync(join(folder, BOX_FILES.description), 'utf8'),
      ) as Partial<BoxDescription>;
      const pid = box.target?.pid ?? 0;
      this.#pids.set(folder, pid);
      return pid;
    } catch {
      return 0;
    }
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readPart(path: string, from: number, bytes: number): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const buffer = Buffer.alloc(bytes);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, bytes, from));
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes } from '../base/units.ts';

/** Every recording of a watch has it, from its first moment on: nothing else in the folder is ever removed. */
export const EVENT_FILE = 'event.json';

export interface KeptRecording {
  folder: string;
  bytes: Bytes;
  /** Begin of the event, ms since 1970. */
  at: number;
}

/** Recordings of earlier events, the oldest first. */
export async function listEvents(out: string): Promise<KeptRecording[]> {
  const found: KeptRecording[] = [];
  for (const name of await readdir(out).catch(() => [] as string[])) {
    const folder = join(out, name);
    const event = await lstat(join(folder, EVENT_FILE)).catch(() => undefined);
    if (event?.isFile() !== true) continue;
    const stat = await lstat(folder);
    found.push({ folder, bytes: await sizeOf(folder), at: stat.birthtimeMs || stat.mtimeMs });
  }
  return found.sort((a, b) => a.at - b.at || a.folder.localeCompare(b.folder));
}

/** Which of them must go, the oldest first, so that the rest fits. Pure. */
export function surplus(kept: readonly KeptRecording[], limitBytes: Bytes): KeptRecording[] {
  let total = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  const going: KeptRecording[] = [];
  for (const one of kept) {
    if (total <= limitBytes) break;
    total -= one.bytes;
    going.push(one);
  }
  return going;
}

/** Removes the oldest recordings that do not fit, but none of `busy`. @returns what was removed */
export async function keepQuota(
  out: string,
  limitBytes: Bytes,
  busy: ReadonlySet<string>,
): Promise<KeptRecording[]> {
  const removed: KeptRecording[] = [];
  for (const one of surplus(await listEvents(out), limitBytes)) {
    if (busy.has(one.folder)) continue;
    await rm(one.folder, { recursive: true, force: true });
    removed.push(one);
  }
  return removed;
}

async function sizeOf(folder: string): Promise<Bytes> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(path);
    else bytes += ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * 512;
  }
  return bytes;
}

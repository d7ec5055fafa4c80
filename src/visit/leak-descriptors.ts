import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LeakDescriptors } from '../async/leak-log.ts';
import type { Milliseconds } from '../base/units.ts';
import { readLimits } from '../linux/process-limits.ts';
import { addressText, readDescriptors } from '../linux/sockets.ts';

/** Watches what the descriptors of a process point to, from outside. */
export interface DescriptorWatch {
  /** More and more files are open. */
  filesGrow(): boolean;
  /** Undefined when they may not be read. */
  stop(): LeakDescriptors | undefined;
}

const EVERY_MS = 250;
/** Share of our own time a look may take: ten thousand descriptors are 30 ms. */
const LOOK_SHARE = 0.05;
const MOST_PATHS = 5000;
const FILES_SEEM_TO_GROW = 5;

/** Reads `/proc/PID/fd` four times a second until `stop`; costs the target nothing. */
export function watchDescriptors(pid: number, now: () => Milliseconds): DescriptorWatch {
  const times: Milliseconds[] = [];
  const looks: Map<string, number>[] = [];
  let firstFiles: Map<string, number> | undefined;
  let lastFiles = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const look = (): void => {
    const begun = performance.now();
    const seen = countDescriptors(pid);
    if (seen !== undefined) {
      times.push(now());
      looks.push(seen.counts);
      firstFiles ??= seen.files;
      lastFiles = seen.files;
    }
    const cost = performance.now() - begun;
    if (!ended && seen !== undefined) {
      timer = setTimeout(look, Math.max(EVERY_MS, cost / LOOK_SHARE));
      timer.unref();
    }
  };
  look();
  return {
    filesGrow() {
      const half = Math.floor(looks.length / 2);
      const low = (part: Map<string, number>[]) => Math.min(...part.map((counts) => counts.get('file') ?? 0));
      return looks.length >= 3 && low(looks.slice(half)) - low(looks.slice(0, half)) >= FILES_SEEM_TO_GROW;
    },
    stop() {
      ended = true;
      clearTimeout(timer);
      look();
      if (looks.length === 0) return undefined;
      const names = new Set(looks.flatMap((counts) => [...counts.keys()]));
      return {
        times,
        counts: Object.fromEntries(
          [...names].map((name) => [name, looks.map((counts) => counts.get(name) ?? 0)]),
        ),
        limit: limitOf(pid),
        files: grownFiles(firstFiles ?? new Map(), lastFiles),
      };
    },
  };
}

function limitOf(pid: number): number | null {
  const limit = readLimits(pid)?.find(({ name }) => name === 'Max open files')?.soft ?? Number.NaN;
  return Number.isFinite(limit) ? limit : null;
}

/** Paths, and folders of many paths, of which at least three more are open; most growth first. */
export function grownFiles(
  first: Map<string, number>,
  last: Map<string, number>,
): [string, number, number][] {
  const withFolders = (files: Map<string, number>) => {
    const all = new Map(files);
    for (const [path, count] of files) {
      const folder = `${dirname(path)}/`;
      all.set(folder, (all.get(folder) ?? 0) + count);
    }
    return all;
  };
  const before = withFolders(first);
  return [...withFolders(last)]
    .map(([path, count]): [string, number, number] => [path, before.get(path) ?? 0, count])
    .filter(([, early, late]) => late - early >= 3)
    .sort((a, b) => b[2] - b[1] - (a[2] - a[1]) || Number(a[0].endsWith('/')) - Number(b[0].endsWith('/')))
    .slice(0, 20);
}

/** Documentation/networking/proc_net_tcp.rst: `st`. */
const STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
];

function countDescriptors(
  pid: number,
): { counts: Map<string, number>; files: Map<string, number> } | undefined {
  const links = readDescriptors(pid);
  if (links === undefined) return undefined;
  const counts = new Map<string, number>();
  const files = new Map<string, number>();
  const add = (to: Map<string, number>, key: string) => to.set(key, (to.get(key) ?? 0) + 1);
  const inodes = new Set<string>();
  for (const link of links.values()) {
    const socket = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (socket !== undefined) inodes.add(socket);
    else if (link.startsWith('/') && !link.startsWith('/dev/')) {
      add(counts, 'file');
      if (files.size < MOST_PATHS || files.has(link)) add(files, link);
    } else add(counts, /^(?:anon_inode:)?\[?(\w+)/.exec(link)?.[1] ?? 'other');
  }
  const found = inodes.size === 0 ? [] : readTcp(pid, inodes);
  const ports = new Set(found.filter(({ state }) => state === 'LISTEN').map(({ port }) => port));
  for (const { inode, state, port, local, peer } of found) {
    inodes.delete(inode);
    if (state === 'LISTEN') add(counts, 'listening');
    else add(counts, ports.has(port) ? `in ${state} ${local}` : `out ${state} ${peer}`);
  }
  // Neither TCP nor known: Unix and UDP sockets.
  if (inodes.size > 0) counts.set('socket', inodes.size);
  return { counts, files };
}

interface TcpRow {
  inode: string;
  state: string;
  port: number;
  local: string;
  peer: string;
}

function readTcp(pid: number, inodes: ReadonlySet<string>): TcpRow[] {
  const rows: TcpRow[] = [];
  for (const file of ['tcp', 'tcp6']) {
    let text: string;
    try {
      text = readFileSync(`/proc/${pid}/net/${file}`, 'utf8');
    } catch {
      continue;
    }
    for (const line of text.split('\n')) {
      const fields = line.trim().split(/\s+/, 10);
      if (!inodes.has(fields[9] ?? '')) continue;
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      const [peer = '', peerPort = ''] = (fields[2] ?? '').split(':');
      const local = Number.parseInt(port, 16);
      rows.push({
        inode: fields[9]!,
        state: STATES[Number.parseInt(fields[3] ?? '', 16)] ?? '',
        port: local,
        local: endText(address, local),
        peer: endText(peer, Number.parseInt(peerPort, 16)),
      });
    }
  }
  return rows;
}

function endText(hex: string, port: number): string {
  const address = addressText(hex);
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

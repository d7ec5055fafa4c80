import { PROC, readFolderIfAny, readLinkIfAny, readTextIfAny } from './proc-file.ts';

/** A TCP socket somebody listens on. */
export interface ListeningSocket {
  address: string;
  port: number;
  inode: number;
}

const LISTEN = '0A';

/** Parses `/proc/net/tcp` or `tcp6` (Documentation/networking/proc_net_tcp.rst) and keeps listeners. */
export function parseListeningSockets(text: string): ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] !== LISTEN) continue;
    const local = /^([0-9A-F]+):([0-9A-F]{4})$/i.exec(fields[1] ?? '');
    const inode = Number(fields[9]);
    if (local === null || !Number.isInteger(inode)) continue;
    sockets.push({ address: addressText(local[1]!), port: Number.parseInt(local[2]!, 16), inode });
  }
  return sockets;
}

/** Listeners of the network namespace the process lives in, its own and those of others; readable by everyone. */
export function readListeningSockets(pid: number | 'self', proc: string = PROC): ListeningSocket[] {
  return ['tcp', 'tcp6'].flatMap((file) => {
    return parseListeningSockets(readTextIfAny(`${proc}/${pid}/net/${file}`) ?? '');
  });
}

/** What the open descriptors of a process point to, e.g. `socket:[4711]`, `/var/log/app.log`, by number. */
export function readDescriptors(pid: number, proc: string = PROC): Map<number, string> | undefined {
  const names = readFolderIfAny(`${proc}/${pid}/fd`);
  if (names === undefined) return undefined;
  const descriptors = new Map<number, string>();
  for (const name of names) {
    const link = readLinkIfAny(`${proc}/${pid}/fd/${name}`);
    if (link !== undefined) descriptors.set(Number(name), link);
  }
  return descriptors;
}

/** An internet socket with both its ends. */
export interface InternetSocket {
  protocol: 'tcp' | 'udp';
  local: { address: string; port: number };
  /** Port 0: not connected. */
  peer: { address: string; port: number };
  isListening: boolean;
  inode: number;
}

/** Parses `/proc/net/{tcp,tcp6,udp,udp6}` whole: two ends, state and inode of each. */
export function parseInternetSockets(text: string, protocol: 'tcp' | 'udp'): InternetSocket[] {
  const sockets: InternetSocket[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [local, peer] = [fields[1], fields[2]].map((field) =>
      /^([0-9A-F]+):([0-9A-F]{4})$/i.exec(field ?? ''),
    );
    const inode = Number(fields[9]);
    if (!local || !peer || !Number.isInteger(inode)) continue;
    sockets.push({
      protocol,
      local: { address: addressText(local[1]!), port: Number.parseInt(local[2]!, 16) },
      peer: { address: addressText(peer[1]!), port: Number.parseInt(peer[2]!, 16) },
      isListening: fields[3] === LISTEN && protocol === 'tcp',
      inode,
    });
  }
  return sockets;
}

/** Internet sockets that a process holds, by descriptor; empty without the right to look. */
export function readInternetSockets(pid: number, proc: string = PROC): Map<number, InternetSocket> {
  const sockets = new Map<number, InternetSocket>();
  const descriptors = readDescriptors(pid, proc);
  if (descriptors === undefined) return sockets;
  const byInode = new Map<string, InternetSocket>();
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const file of [protocol, `${protocol}6`])
      for (const socket of parseInternetSockets(readTextIfAny(`${proc}/${pid}/net/${file}`) ?? '', protocol))
        byInode.set(`socket:[${socket.inode}]`, socket);
  }
  for (const [fd, link] of descriptors) {
    const socket = byInode.get(link);
    if (socket !== undefined) sockets.set(fd, socket);
  }
  return sockets;
}

/** Inodes of the sockets a process holds; undefined without the right to look. */
export function readSocketInodes(pid: number, proc: string = PROC): Set<number> | undefined {
  const descriptors = readDescriptors(pid, proc);
  if (descriptors === undefined) return undefined;
  const inodes = new Set<number>();
  for (const link of descriptors.values()) {
    const socket = /^socket:\[(\d+)\]$/.exec(link);
    if (socket !== null) inodes.add(Number(socket[1]));
  }
  return inodes;
}

/**
 * An address out of `/proc/net/*`, eight or 32 hexadecimal digits. The kernel prints them as 32-bit words in host order;
 * both supported architectures are little-endian.
 */
export function addressText(hex: string): string {
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8) {
    for (let byte = 6; byte >= 0; byte -= 2)
      bytes.push(Number.parseInt(hex.slice(word + byte, word + byte + 2), 16));
  }
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, group) => (bytes[group * 2]! << 8) | bytes[group * 2 + 1]!);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return bytes.slice(12).join('.');
  if (groups.every((group) => group === 0)) return '::';
  if (groups.slice(0, 7).every((group) => group === 0)) return `::${groups[7]!.toString(16)}`;
  return groups.map((group) => group.toString(16)).join(':');
}

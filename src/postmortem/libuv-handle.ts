import type { PagedMemory } from '../linux/memory.ts';

/**
 * A uv_handle_t as memory has it. Offsets are those of libuv 1.44 to 1.52 on 64-bit Linux (include/uv.h, include/uv/unix.h,
 * include/uv/linux.h), measured equal in Node 18, 20, 22, 24, 26.
 */
export interface LibuvHandle {
  type: string;
  isActive: boolean;
  /** Keeps the loop alive while it is active. */
  isReferenced: boolean;
  /** uv_close was called. */
  isClosing: boolean;
  /** Accepts connections. */
  isListening: boolean;
  fd?: number;
  /** Of a child process. */
  pid?: number;
  signal?: number;
  /** What a uv_fs_event_t watches. */
  path?: string;
  /** Of its loop. */
  loop: number;
}

/** enum uv_handle_type. */
const TYPES: readonly string[] =
  'unknown async check fs-event fs-poll handle idle pipe poll prepare process stream tcp timer tty udp signal file'.split(
    ' ',
  );
/** src/uv-common.h. */
const FLAG = { closing: 1, closed: 2, active: 4, referenced: 8 } as const;
const OFFSET = {
  loop: 8,
  type: 16,
  /** Link in the loop's list of handles. */
  queue: 32,
  flags: 88,
  /** Where the fields of the type begin. */
  own: 96,
  processId: 104,
  signal: 104,
  streamFd: 184,
  connectionCallback: 224,
  udpFd: 176,
  pollFd: 152,
  timeout: 128,
} as const;
/** In uv_loop_t: the list of handles, and the time of its last look at the clock, ms of CLOCK_MONOTONIC. */
const LOOP = { handles: 16, time: 544 } as const;
const LONGEST_PATH = 4096;
const MOST_HANDLES = 100_000;

/** Undefined: there is no handle at this address. */
export function readLibuvHandle(memory: PagedMemory, handle: number): LibuvHandle | undefined {
  const type = TYPES[memory.u32(handle + OFFSET.type)];
  const flags = memory.u32(handle + OFFSET.flags);
  if (type === undefined || Number.isNaN(flags)) return undefined;
  const isStream = /^(?:tcp|pipe|tty)$/.test(type);
  const found: LibuvHandle = {
    type,
    isActive: (flags & FLAG.active) !== 0,
    isReferenced: (flags & FLAG.referenced) !== 0,
    isClosing: (flags & (FLAG.closing | FLAG.closed)) !== 0,
    isListening: isStream && memory.word(handle + OFFSET.connectionCallback) > 0,
    loop: memory.word(handle + OFFSET.loop),
  };
  const fdAt = isStream
    ? OFFSET.streamFd
    : type === 'udp'
      ? OFFSET.udpFd
      : type === 'poll'
        ? OFFSET.pollFd
        : undefined;
  const fd = fdAt === undefined ? Number.NaN : memory.i32(handle + fdAt);
  if (fd >= 0) found.fd = fd;
  if (type === 'process') found.pid = memory.i32(handle + OFFSET.processId);
  if (type === 'signal') found.signal = memory.i32(handle + OFFSET.signal);
  if (type === 'fs-event' && found.isActive) {
    const path = utf8At(memory, memory.word(handle + OFFSET.own));
    if (path !== '') found.path = path;
  }
  return found;
}

/** Time of the loop's last look at the clock, ms of CLOCK_MONOTONIC; NaN unknown. */
export function loopTime(memory: PagedMemory, loop: number): number {
  return memory.word(loop + LOOP.time);
}

/** When the active timers of a loop that lie within a structure are due, ms of CLOCK_MONOTONIC. */
export function timersWithin(memory: PagedMemory, loop: number, from: number, to: number): number[] {
  const head = loop + LOOP.handles;
  const due: number[] = [];
  let node = memory.word(head);
  for (let i = 0; i < MOST_HANDLES && node !== head && node > 0; i++) {
    const handle = node - OFFSET.queue;
    if (handle >= from && handle < to) {
      const found = readLibuvHandle(memory, handle);
      if (found?.type === 'timer' && found.isActive) due.push(memory.word(handle + OFFSET.timeout));
    }
    node = memory.word(node);
  }
  return due;
}

/** A uv_req_t: of file operations which, and on what path. */
export interface LibuvRequest {
  type: string;
  /** Of `fs`: `open`, `stat` … */
  operation?: string;
  path?: string;
}

/** enum uv_req_type. */
const REQUESTS: readonly string[] =
  'unknown request connect write shutdown udp-send fs work getaddrinfo getnameinfo random'.split(' ');
/** enum uv_fs_type, from UV_FS_CUSTOM = 0. */
const OPERATIONS: readonly string[] =
  'custom open close read write sendfile stat lstat fstat ftruncate utime futime access chmod fchmod fsync fdatasync unlink rmdir mkdir mkdtemp rename scandir link symlink readlink chown fchown realpath copyfile lchown opendir readdir closedir statfs mkstemp lutime'.split(
    ' ',
  );
const REQUEST = { type: 8, operation: 64, path: 104 } as const;

/** Undefined: there is no request at this address. */
export function readLibuvRequest(memory: PagedMemory, request: number): LibuvRequest | undefined {
  const type = REQUESTS[memory.u32(request + REQUEST.type)];
  if (type === undefined || type === 'unknown') return undefined;
  if (type !== 'fs') return { type };
  const operation = OPERATIONS[memory.u32(request + REQUEST.operation)];
  const path = utf8At(memory, memory.word(request + REQUEST.path));
  return {
    type,
    ...(operation === undefined ? {} : { operation }),
    ...(path === '' ? {} : { path }),
  };
}

function utf8At(memory: PagedMemory, address: number): string {
  if (!(address > 0)) return '';
  return Buffer.from(memory.text(address, LONGEST_PATH), 'latin1').toString('utf8');
}

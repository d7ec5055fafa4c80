import type { PagedMemory } from '../linux/memory.ts';
import type { ImageSymbols } from '../linux/native-symbol.ts';

/** Something that waits for a thread of libuv's pool. */
export interface PoolWork {
  /** Of libuv's structure: the same work has the same address as long as it is not done. */
  address: number;
  /** `fs`, `dns` (getaddrinfo, getnameinfo), or what Node calls it: `crypto`, `zlib`, `node_api`, `fs.readfile`; `other` unknown. */
  kind: string;
  /** `open /var/run/fifo`, `api.example.com`; '' unknown. */
  subject: string;
}

/** libuv's pool as its own variables have it. One pool serves all threads of a process. */
export interface ThreadPool {
  /** 0: nothing has used it yet. */
  threads: number;
  idle: number;
  /** Waiting for a thread, `slow` (dns) included. */
  queued: number;
  /** Name look-ups: at most half of the threads, rounded up, run them. */
  slowQueued: number;
  slowRunning: number;
  /** The first of the queue, 1000 at most. */
  work: PoolWork[];
}

const MOST_LISTED = 1000;
const MOST_QUEUED = 1_000_000;
const MOST_THREADS = 1024;
const MOST_PATH = 1024;

/**
 * Offsets in libuv's request structures (uv.h, uv/unix.h, uv/threadpool.h; the same in libuv 1.44 to 1.51, x86-64), from
 * the queue node that the pool's lists have: `uv__work` is {work, done, loop, wq}.
 */
const NODE = { work: -24 } as const;
const FS = { node: 360, type: 64, path: 104 } as const;
const GETADDRINFO = { node: 96, hostname: 128 } as const;
/** node::ThreadPoolWork {vtable, env, uv_work_t of 128 bytes, type}. */
const WORK = { node: 112, before: 16, size: 128 } as const;

/** uv_fs_type. */
const FS_NAMES =
  'custom open close read write sendfile stat lstat fstat ftruncate utime futime access chmod fchmod fsync fdatasync unlink rmdir mkdir mkdtemp rename scandir link symlink readlink chown fchown realpath copyfile lchown opendir readdir closedir statfs mkstemp lutime'.split(
    ' ',
  );

/** What the pool's threads run: first words of `uv__work`, by their names in libuv. */
const WORK_FUNCTIONS =
  'uv__fs_work uv__getaddrinfo_work uv__getnameinfo_work uv__queue_work uv__random_work'.split(' ');
/** Of a stack, from its pointer up: `worker()` of libuv is at most so far above what it called. */
const SEARCHED = 64 * 1024;
const VARIABLES = ['nthreads', 'idle_threads', 'slow_io_work_running', 'wq', 'slow_io_pending_wq'] as const;
/** A list that changes under our eyes is read anew, so often. */
const MOST_TRIES = 5;

/** Reads libuv's pool of a process that may run meanwhile. Where its variables lie is looked up once: that takes a while. */
export class ThreadPoolReader {
  readonly #memory: PagedMemory;
  readonly #symbols: ImageSymbols;
  readonly #at: Record<(typeof VARIABLES)[number], number>;
  readonly #marker: number;
  readonly #functions: ReadonlySet<number>;

  constructor(memory: PagedMemory, symbols: ImageSymbols) {
    const addressOf = (name: string): number => symbols.addressOf(name) ?? Number.NaN;
    this.#memory = memory;
    this.#symbols = symbols;
    this.#at = Object.fromEntries(VARIABLES.map((name) => [name, addressOf(name)])) as Record<
      (typeof VARIABLES)[number],
      number
    >;
    this.#marker = addressOf('run_slow_work_message');
    this.#functions = new Set(WORK_FUNCTIONS.map(addressOf));
  }

  /** Undefined: the binary has no symbols of libuv, or the process does not use it. */
  read(): ThreadPool | undefined {
    const memory = this.#memory;
    memory.forget();
    const threads = memory.u32(this.#at.nthreads);
    const idle = memory.u32(this.#at.idle_threads);
    const slowRunning = memory.u32(this.#at.slow_io_work_running);
    if (!(threads <= MOST_THREADS && idle <= threads && slowRunning <= threads)) return undefined;
    // The marker stands in the queue for all slow work.
    const fast = threads === 0 ? [] : this.#nodes(this.#at.wq).filter((node) => node !== this.#marker);
    const slow = threads === 0 ? [] : this.#nodes(this.#at.slow_io_pending_wq);
    return {
      threads,
      idle,
      queued: fast.length + slow.length,
      slowQueued: slow.length,
      slowRunning,
      work: [...fast, ...slow]
        .slice(0, MOST_LISTED)
        .map((node) => describe(memory, this.#symbols, node + NODE.work)),
    };
  }

  #nodes(head: number): number[] {
    let longest: number[] = [];
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      const { nodes, isWhole } = listNodes(this.#memory, head);
      if (isWhole) return nodes;
      if (nodes.length > longest.length) longest = nodes;
      this.#memory.forget();
    }
    return longest;
  }

  /**
   * What a thread of the pool does, from its stack: libuv keeps the queue node of the work that it runs in a register, which
   * what it calls saves there; work that runs is linked to itself (src/threadpool.c, so that it cannot be cancelled).
   * @param sp stack pointer of the thread; @param end of its stack
   * @returns undefined: nothing runs, or nothing tells
   */
  runningWork(sp: number, end: number): PoolWork | undefined {
    const memory = this.#memory;
    const asked = new Set<number>();
    let found: PoolWork | undefined;
    for (let at = Math.ceil(sp / 8) * 8; at < Math.min(end, sp + SEARCHED); at += 8) {
      const node = memory.word(at);
      // Small numbers, code, and what was looked at before: most words of a stack.
      if (!(node > 65_536) || node % 8 !== 0 || asked.has(node)) continue;
      asked.add(node);
      if (memory.word(node) !== node) continue;
      // The outermost counts: leftovers of earlier calls lie below.
      if (this.#functions.has(memory.word(node + NODE.work)))
        found = describe(memory, this.#symbols, node + NODE.work);
    }
    return found;
  }
}

/** A list of libuv (src/queue.h): the head and each node are {next, prev}; an empty one is its head alone. */
function listNodes(memory: PagedMemory, head: number): { nodes: number[]; isWhole: boolean } {
  const nodes: number[] = [];
  let before = head;
  let node = memory.word(head);
  while (node !== head && node > 0 && nodes.length < MOST_QUEUED) {
    // Taken out while we read, or no list at all.
    if (memory.word(node + 8) !== before) break;
    nodes.push(node);
    before = node;
    node = memory.word(node);
  }
  return { nodes, isWhole: node === head };
}

function describe(memory: PagedMemory, symbols: ImageSymbols, work: number): PoolWork {
  const name = symbols.at(memory.word(work))?.name ?? '';
  if (name === 'uv__fs_work') {
    const request = work - NODE.work - FS.node;
    const type = memory.u32(request + FS.type);
    const path = textAt(memory, memory.word(request + FS.path));
    return {
      address: work,
      kind: 'fs',
      subject: `${FS_NAMES[type] ?? 'fs'}${path === '' ? '' : ` ${path}`}`,
    };
  }
  if (name === 'uv__getaddrinfo_work') {
    const request = work - NODE.work - GETADDRINFO.node;
    return {
      address: work,
      kind: 'dns',
      subject: textAt(memory, memory.word(request + GETADDRINFO.hostname)),
    };
  }
  if (name === 'uv__getnameinfo_work') return { address: work, kind: 'dns', subject: '' };
  if (name === 'uv__queue_work') {
    const type = textAt(memory, memory.word(work - NODE.work - WORK.node + WORK.size));
    return { address: work, kind: /^[a-z][a-z._-]{1,30}$/.test(type) ? type : 'other', subject: '' };
  }
  return { address: work, kind: 'other', subject: '' };
}

/** '' for no pointer, and for bytes that are no text. */
function textAt(memory: PagedMemory, address: number): string {
  if (!(address > 4096)) return '';
  const text = Buffer.from(memory.text(address, MOST_PATH), 'latin1').toString('utf8');
  return /\p{Cc}/u.test(text) ? '' : text;
}

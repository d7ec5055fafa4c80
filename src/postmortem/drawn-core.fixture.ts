/** What a core shall hold; all of it may be left out, or be wrong in any way. */
export interface DrawnCore {
  pid?: number;
  threads?: readonly { tid: number; rip?: number; rsp?: number; rbp?: number }[];
  /** Of the first thread; 0 none. */
  signal?: number;
  /** si_addr of a SIGINFO note. */
  fault?: number;
  files?: readonly DrawnFile[];
  loads?: readonly DrawnLoad[];
  /** e_type, e_machine, EI_CLASS (1: 32 bits), EI_DATA (2: big-endian). */
  header?: { type?: number; machine?: number; class?: number; data?: number };
  /** More notes behind those of threads: type and content. */
  notes?: readonly { type: number; bytes: Uint8Array }[];
  /** As the kernel does from 65 535 segments on; more empty segments to have so many. */
  segments?: number;
}

export interface DrawnFile {
  start: number;
  end: number;
  /** Bytes, of whole pages. */
  offset?: number;
  path: string;
}

export interface DrawnLoad {
  start: number;
  bytes?: Uint8Array;
  /** In memory; default: of `bytes`. */
  size?: number;
  /** 1 executable, 2 writable, 4 readable; default 6. */
  flags?: number;
}

const EHDR = 64;
const PHDR = 56;
const PAGE = 4096;
const PRSTATUS_BYTES = 336;
const MANY = 0xffff;

/** An ELF64 core as the kernel lays it out: header, segments, notes, memory from page borders on. */
export function drawCore(drawn: DrawnCore = {}): Buffer {
  const { pid = 100, threads = [{ tid: pid }], signal = 6, files, loads = [] } = drawn;
  const notes = [
    note(1, prstatus(threads[0] ?? { tid: pid }, signal), threads.length > 0),
    note(3, prpsinfo(pid)),
    note(0x53494749, siginfo(signal, drawn.fault ?? 0), drawn.fault !== undefined),
    note(6, Buffer.alloc(16)),
    note(0x46494c45, files === undefined ? Buffer.alloc(0) : fileNote(files), files !== undefined),
    ...threads.slice(1).map((thread) => note(1, prstatus(thread, 0))),
    ...(drawn.notes ?? []).map(({ type, bytes }) => note(type, Buffer.from(bytes))),
  ];
  const noteBytes = Buffer.concat(notes);
  const count = Math.max(drawn.segments ?? 0, 1 + loads.length);
  const noteOffset = EHDR + count * PHDR;
  let offset = Math.ceil((noteOffset + noteBytes.length) / PAGE) * PAGE;
  const table = Buffer.alloc(count * PHDR);
  segment(table, 0, { type: 4, flags: 0, offset: noteOffset, start: 0, size: noteBytes.length, memory: 0 });
  const parts: { at: number; bytes: Uint8Array }[] = [];
  for (const [index, { start, bytes = new Uint8Array(0), size, flags = 6 }] of loads.entries()) {
    const memory = size ?? bytes.length;
    segment(table, index + 1, { type: 1, flags, offset, start, size: bytes.length, memory });
    parts.push({ at: offset, bytes });
    offset = Math.ceil((offset + bytes.length) / PAGE) * PAGE;
  }
  const isMany = count >= MANY;
  const core = Buffer.alloc(offset + (isMany ? 64 : 0));
  header(core, drawn.header ?? {}, isMany ? MANY : count, isMany ? offset : 0);
  table.copy(core, EHDR);
  noteBytes.copy(core, noteOffset);
  for (const { at, bytes } of parts) core.set(bytes, at);
  // sh_info of the only section header.
  if (isMany) core.writeUInt32LE(count, offset + 44);
  return core;
}

function header(
  core: Buffer,
  { type = 4, machine = 62, class: bits = 2, data = 1 }: NonNullable<DrawnCore['header']>,
  count: number,
  sections: number,
): void {
  core.set([0x7f, 0x45, 0x4c, 0x46, bits, data, 1]);
  if (data === 2) {
    core.writeUInt16BE(type, 16);
    core.writeUInt16BE(machine, 18);
  } else {
    core.writeUInt16LE(type, 16);
    core.writeUInt16LE(machine, 18);
  }
  word(core, 32, EHDR);
  word(core, 40, sections);
  core.writeUInt16LE(PHDR, 54);
  core.writeUInt16LE(count, 56);
  core.writeUInt16LE(64, 58);
  core.writeUInt16LE(sections === 0 ? 0 : 1, 60);
}

function segment(
  table: Buffer,
  index: number,
  { type, flags, offset, start, size, memory }: Record<string, number>,
): void {
  const at = index * PHDR;
  table.writeUInt32LE(type!, at);
  table.writeUInt32LE(flags!, at + 4);
  word(table, at + 8, offset!);
  word(table, at + 16, start!);
  word(table, at + 32, size!);
  word(table, at + 40, memory!);
}

/** Name `CORE`, as the kernel has it, content padded to four bytes. */
function note(type: number, bytes: Buffer, isThere = true): Buffer {
  if (!isThere) return Buffer.alloc(0);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(5, 0);
  head.writeUInt32LE(bytes.length, 4);
  head.writeUInt32LE(type, 8);
  head.write('CORE', 12);
  return Buffer.concat([head, bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** struct elf_prstatus: signal at 12, pid at 32, user_regs_struct at 112 (rbp 4, rip 16, rsp 19). */
function prstatus(
  { tid, rip = 0, rsp = 0, rbp = 0 }: NonNullable<DrawnCore['threads']>[number],
  signal: number,
): Buffer {
  const bytes = Buffer.alloc(PRSTATUS_BYTES);
  bytes.writeInt16LE(signal, 12);
  bytes.writeInt32LE(tid, 32);
  word(bytes, 112 + 4 * 8, rbp);
  word(bytes, 112 + 16 * 8, rip);
  word(bytes, 112 + 19 * 8, rsp);
  return bytes;
}

/** struct elf_prpsinfo: pid at 24, name at 40, arguments at 56. */
function prpsinfo(pid: number): Buffer {
  const bytes = Buffer.alloc(136);
  bytes.writeInt32LE(pid, 24);
  bytes.write('node', 40);
  bytes.write('node app.js', 56);
  return bytes;
}

function siginfo(signal: number, fault: number): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.writeInt32LE(signal, 0);
  // si_code above 0: by the kernel, with an address.
  bytes.writeInt32LE(1, 8);
  word(bytes, 16, fault);
  return bytes;
}

function fileNote(files: readonly DrawnFile[]): Buffer {
  const rows = Buffer.alloc(16 + 24 * files.length);
  word(rows, 0, files.length);
  word(rows, 8, PAGE);
  for (const [index, { start, end, offset = 0 }] of files.entries()) {
    word(rows, 16 + index * 24, start);
    word(rows, 24 + index * 24, end);
    word(rows, 32 + index * 24, offset / PAGE);
  }
  return Buffer.concat([rows, Buffer.from(files.map(({ path }) => `${path}\0`).join(''))]);
}

function word(bytes: Buffer, at: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}

/** The first page of a binary with a build-id: an ELF header, a PT_LOAD, a PT_NOTE; of a file also its section. */
export function drawBinary(buildId: string): Buffer {
  const id = Buffer.from(buildId, 'hex');
  const bytes = Buffer.alloc(PAGE);
  header(bytes, { type: 2 }, 2, 1024);
  const base = 0x40_0000;
  segment(bytes.subarray(EHDR), 0, { type: 1, flags: 5, offset: 0, start: base, size: PAGE, memory: PAGE });
  const gnu = Buffer.concat([
    Buffer.from([4, 0, 0, 0, id.length, 0, 0, 0, 3, 0, 0, 0]),
    Buffer.from('GNU\0'),
    id,
  ]);
  segment(bytes.subarray(EHDR), 1, {
    type: 4,
    flags: 4,
    offset: 512,
    start: base + 512,
    size: gnu.length,
    memory: gnu.length,
  });
  gnu.copy(bytes, 512);
  const names = '\0.note.gnu.build-id\0.names\0';
  bytes.write(names, 768, 'latin1');
  bytes.writeUInt16LE(3, 60);
  bytes.writeUInt16LE(2, 62);
  section(bytes, 1, { name: 1, type: 7, offset: 512, size: gnu.length });
  section(bytes, 2, { name: 20, type: 3, offset: 768, size: names.length });
  return bytes;
}

function section(bytes: Buffer, index: number, { name, type, offset, size }: Record<string, number>): void {
  const at = 1024 + index * 64;
  bytes.writeUInt32LE(name!, at);
  bytes.writeUInt32LE(type!, at + 4);
  word(bytes, at + 24, offset!);
  word(bytes, at + 32, size!);
}

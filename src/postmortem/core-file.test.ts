import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import { type ProcessImage, REGISTER } from '../linux/process-image.ts';
import { openCore } from './core-file.ts';
import { type DrawnCore, drawBinary, drawCore } from './drawn-core.fixture.ts';
import { listBinaries } from './image-binaries.ts';
import { readStartArguments } from './start-arguments.ts';

const NODE = '/nowhere/bin/node';
const BASE = 0x40_0000;
const STACK = 0x7ffc_0000_0000;
const BUILD = 'aa11bb22cc33dd44ee55ff6600778899aabbccdd';

let folder: string;
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holter-cores-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function saved(bytes: Uint8Array, name = `core.${count++}`): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function using<T>(
  core: Uint8Array,
  look: (image: ProcessImage) => T,
  options: Parameters<typeof openCore>[1] = {},
): Promise<T> {
  const image = await openCore(saved(core, 'core.now'), options);
  try {
    return look(image);
  } finally {
    image.close();
  }
}

async function refusal(path: string): Promise<{ code: string; text: string; hint: string }> {
  try {
    (await openCore(path)).close();
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
    return { code: error.code, text: error.message.replace(path, 'IT'), hint: error.hint ?? '' };
  }
  throw new Error('it was opened');
}

/** One binary whose first page is in the core, a stack, and a mapping that only NT_FILE knows. */
const WHOLE: DrawnCore = {
  pid: 4711,
  threads: [
    { tid: 4712, rip: BASE + 0x10, rsp: STACK + 0x100, rbp: STACK + 0x120 },
    { tid: 4711, rsp: STACK + 0x200 },
  ],
  signal: 11,
  fault: 0xdead_0000,
  files: [
    { start: BASE, end: BASE + 0x2000, path: NODE },
    { start: BASE + 0x2000, end: BASE + 0x4000, offset: 0x2000, path: NODE },
    { start: 0x7f00_0000_0000, end: 0x7f00_0000_1000, path: '/lib/libc.so.6' },
  ],
  loads: [
    { start: BASE, bytes: drawBinary(BUILD), size: 0x2000, flags: 5 },
    { start: BASE + 0x2000, size: 0x2000, flags: 4 },
    { start: STACK, bytes: Buffer.alloc(0x2000, 7), flags: 6 },
  ],
};

describe('a whole core', () => {
  it('gives threads, registers, signal, mappings and memory', async () => {
    await using(drawCore(WHOLE), (image) => {
      // A worker crashed: the process is that of the leader.
      expect(image.pid).toBe(4711);
      expect(image.threads.map(({ tid }) => tid)).toEqual([4712, 4711]);
      expect(image.threads[0]!.registers[REGISTER.rip]).toBe(BASE + 0x10);
      expect(image.threads[0]!.registers[REGISTER.rbp]).toBe(STACK + 0x120);
      expect(image.crash).toEqual({ signal: 11, name: 'SIGSEGV', address: 0xdead_0000 });
      expect(image.executable).toBe(NODE);
      expect(
        image.mappings.map(({ start, permissions, path, offset }) => [start, permissions, path, offset]),
      ).toEqual([
        [BASE, 'r-xp', NODE, 0],
        [BASE + 0x2000, 'r--p', NODE, 0x2000],
        [0x7f00_0000_0000, 'r-xp', '/lib/libc.so.6', 0],
        [STACK, 'rw-p', '', 0],
      ]);
      expect(image.memory.u8(STACK + 5)).toBe(7);
      expect(image.memory.u32(BASE)).toBe(0x464c457f);
      expect(image.memory.isReadable(STACK + 0x2000)).toBe(false);
      expect(image.memory.isReadable(BASE + 0x3000)).toBe(false);
      image.close();
    });
  });

  it('with 65 535 segments and more, by the section header and without it', async () => {
    const core = drawCore({ ...WHOLE, segments: 70_000 });
    expect(core.readUInt16LE(56)).toBe(0xffff);
    const seen = (image: ProcessImage) => [
      image.threads.length,
      image.mappings.length,
      image.memory.u8(STACK),
    ];
    expect(await using(core, seen)).toEqual([2, 4, 7]);
    // Cut: the kernel writes that header behind all memory.
    const cut = core.subarray(0, core.length - 64);
    expect(await using(cut, seen)).toEqual([2, 4, 7]);
  });

  it('with 10 000 threads', async () => {
    const threads = Array.from({ length: 10_000 }, (_, index) => ({ tid: index + 1, rsp: STACK }));
    expect(await using(drawCore({ ...WHOLE, threads }), ({ threads: found }) => found.length)).toBe(10_000);
  });

  it('with more threads than any machine has: the rest is left out, and said', async () => {
    const threads = Array.from({ length: 20_010 }, (_, index) => ({ tid: index + 1 }));
    await using(drawCore({ ...WHOLE, threads }), (image) => {
      expect(image.threads).toHaveLength(20_000);
      expect(image.problems.join()).toContain('more than 20000 threads');
    });
  });

  it('without NT_FILE says what that means', async () => {
    const { files: _, ...bare } = WHOLE;
    await using(drawCore(bare), (image) => {
      expect(image.executable).toBe('');
      expect(image.problems.join()).toContain('no NT_FILE');
      expect(listBinaries(image)).toEqual([]);
      expect(image.memory.u8(STACK)).toBe(7);
    });
  });
});

describe('binaries', () => {
  const withExe = (executable: string | undefined) =>
    using(
      drawCore(WHOLE),
      (image) => {
        const [node] = listBinaries(image);
        return { node, problems: image.problems };
      },
      executable === undefined ? {} : { executable },
    );

  it('the build that ran, named by --exe', async () => {
    const path = saved(drawBinary(BUILD), 'right-node');
    const { node, problems } = await withExe(path);
    expect(node).toEqual({ path: NODE, buildId: BUILD, file: path, fileBuildId: BUILD, match: 'right' });
    expect(problems).toEqual([]);
  });

  it('another build is told by its id and not used', async () => {
    const path = saved(drawBinary(BUILD.replace('aa', 'ab')), 'wrong-node');
    const { node, problems } = await withExe(path);
    expect(node).toMatchObject({ buildId: BUILD, file: '', match: 'missing' });
    expect(problems).toEqual([
      `${path} is another build than the one that ran (build-id ${BUILD}): it is not used`,
    ]);
  });

  it('a wrong --exe is told also when the right binary lies where it was', async () => {
    const wrong = saved(drawBinary(BUILD.replace('aa', 'ab')), 'wrong-node');
    const sysroot = join(folder, 'root');
    mkdirSync(join(sysroot, '/nowhere/bin'), { recursive: true });
    writeFileSync(join(sysroot, NODE), drawBinary(BUILD));
    await using(
      drawCore(WHOLE),
      (image) => {
        expect(listBinaries(image)[0]).toMatchObject({ file: join(sysroot, NODE), match: 'right' });
        expect(image.problems).toEqual([
          `${wrong} is another build than the one that ran (build-id ${BUILD}): it is not used`,
        ]);
      },
      { executable: wrong, sysroot },
    );
  });

  it('a missing one is said, and a missing --exe', async () => {
    expect((await withExe(undefined)).problems).toEqual([
      `${NODE} is not here: names of native functions and Node's own sources are missing`,
    ]);
    const gone = join(folder, 'gone');
    expect((await withExe(gone)).problems[0]).toBe(`${gone} is no file: it is not used`);
  });

  it('one without build-id is used, and that nobody can tell is said', async () => {
    const path = saved(Buffer.concat([drawBinary(BUILD).subarray(0, 512), Buffer.alloc(4096)]), 'idless');
    const { node, problems } = await withExe(path);
    expect(node).toMatchObject({ file: path, match: 'unknown' });
    expect(problems.join()).toContain(`whether ${path} is the build that ran cannot be told`);
  });
});

describe('what is no core of x86-64 is refused with what to do', () => {
  it.each<[string, () => string, string, string, string]>([
    ['nothing there', () => join(folder, 'nothing'), 'E_FILE_NOT_FOUND', 'there is no such file', ''],
    ['a folder', () => folder, 'E_FILE_FORMAT', 'IT is a folder', 'name the core file'],
    ['an empty file', () => saved(Buffer.alloc(0)), 'E_FILE_TRUNCATED', 'IT is empty', 'ulimit -c'],
    [
      'text',
      () => saved(Buffer.from('a text of some length, and no more\n'.repeat(9))),
      'E_FILE_FORMAT',
      'IT is no core file',
      'gcore <pid>',
    ],
    [
      'a snapshot',
      () => saved(Buffer.from('{"snapshot":{}}')),
      'E_FILE_FORMAT',
      'looks like JSON',
      'holter open',
    ],
    ['a minidump', () => saved(Buffer.from('MDMP and more')), 'E_FILE_FORMAT', 'a minidump', 'gcore'],
    [
      'a program',
      () => saved(drawBinary(BUILD)),
      'E_FILE_FORMAT',
      'IT is a program, not a core',
      'holter core CORE --exe',
    ],
    [
      'a library',
      () => saved(drawCore({ header: { type: 3 } })),
      'E_FILE_FORMAT',
      'a program or library',
      '--exe',
    ],
    [
      '32 bits',
      () => saved(drawCore({ header: { class: 1, machine: 3 } })),
      'E_FILE_FORMAT',
      'a core of a 32-bit program: 32-bit x86',
      'x86-64',
    ],
    [
      'arm64',
      () => saved(drawCore({ header: { machine: 183 } })),
      'E_FILE_FORMAT',
      'a core of arm64',
      'gdb or lldb',
    ],
    [
      'big-endian',
      () => saved(drawCore({ header: { data: 2, machine: 22 } })),
      'E_FILE_FORMAT',
      'a big-endian machine: s390x',
      'gdb or lldb',
    ],
    [
      'cut in its header',
      () => saved(drawCore().subarray(0, 40)),
      'E_FILE_TRUNCATED',
      'cut in its header',
      'disk was full',
    ],
    [
      'cut before its notes',
      () => saved(drawCore().subarray(0, 130)),
      'E_FILE_TRUNCATED',
      'cut before its notes',
      'gcore writes them last',
    ],
    ['no segments', () => saved(drawCore().fill(0, 56, 58)), 'E_FILE_TRUNCATED', 'cut before its notes', ''],
    [
      'no threads',
      () => saved(drawCore({ threads: [] })),
      'E_FILE_FORMAT',
      'no notes of threads',
      'gcore <pid>',
    ],
    [
      'segments of another size',
      () => saved(drawCore().fill(0xff, 54, 56)),
      'E_FILE_TRUNCATED',
      'nothing can be read',
      '',
    ],
  ])('%s', async (_what, path, code, text, hint) => {
    const found = await refusal(path());
    expect(found.code).toBe(code);
    expect(found.text).toContain(text);
    expect(found.hint).toContain(hint);
  });

  it('a pipe, which would be waited for', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    expect(await refusal(path)).toMatchObject({ code: 'E_FILE_FORMAT' });
  });
});

/** Asks all that a core is asked for before V8 comes into it; anything but HolterError fails the test. */
async function askAll(core: Uint8Array): Promise<void> {
  try {
    await using(core, (image) => {
      listBinaries(image);
      readStartArguments(image);
      for (const { start, end } of image.mappings.slice(0, 50)) {
        image.memory.word(start);
        image.memory.bytes(end - 8, 16);
      }
      for (const { registers } of image.threads.slice(0, 50))
        image.memory.word(registers[REGISTER.rsp] ?? Number.NaN);
    });
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
  }
}

describe('damage gives HolterError at most', () => {
  const core = drawCore(WHOLE);
  /** Up to where memory begins: all of it steers. */
  const steering = core.indexOf(Buffer.from([0x7f, 0x45, 0x4c, 0x46]), 64);

  it('cut at every place of header, segments and notes', async () => {
    for (let at = 0; at <= steering; at += at < 300 ? 1 : 13) await askAll(core.subarray(0, at));
  });

  it('cut in its memory: says how much is missing, and gives the rest', async () => {
    await using(core.subarray(0, core.length - 0x1000), (image) => {
      expect(image.problems).toEqual(['the core is cut: 1 MB of memory are missing']);
      expect(image.memory.u8(STACK + 0xfff)).toBe(7);
      expect(image.memory.isReadable(STACK + 0x1000)).toBe(false);
    });
    // The stacks are gone with the second half.
    await using(core.subarray(0, core.length - 0x1e80), ({ problems }) =>
      expect(problems).toEqual([
        'the core is cut: 1 MB of memory are missing, the stacks of 1 of 2 threads among them',
      ]),
    );
  });

  it('bytes flipped and words replaced', async () => {
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom(
        0n,
        1n,
        2n ** 31n,
        2n ** 32n - 1n,
        2n ** 40n,
        2n ** 47n,
        2n ** 53n,
        2n ** 63n,
        2n ** 64n - 1n,
      ),
    );
    const damage = fc.array(fc.record({ at: fc.nat(steering + 1024), word, isByte: fc.boolean() }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(damage, async (places) => {
        const bytes = Buffer.from(core);
        for (const { at, word: value, isByte } of places) {
          if (isByte) bytes[at]! ^= 1 << Number(value % 8n);
          else bytes.writeBigUInt64LE(value, at - (at % 4));
        }
        await askAll(bytes);
      }),
      { numRuns: 600 },
    );
  });

  it.each<[string, DrawnCore]>([
    ['a note of 4 GB', { notes: [{ type: 1, bytes: Buffer.alloc(0) }] }],
    [
      'segments that overlap',
      {
        loads: Array.from({ length: 300 }, (_, i) => ({
          start: BASE + i,
          bytes: Buffer.alloc(5000, i),
          size: 2 ** 40,
        })),
      },
    ],
    [
      'files that overlap',
      {
        files: Array.from({ length: 3000 }, (_, i) => ({
          start: BASE,
          end: BASE + 2 ** 40 + i,
          path: `/x/${i}`,
        })),
      },
    ],
    [
      'segments at the end of all addresses',
      { loads: [{ start: 2 ** 63, bytes: Buffer.alloc(100), size: 2 ** 62 }] },
    ],
  ])('%s', async (what, drawn) => {
    const bytes = drawCore({ ...WHOLE, ...drawn });
    if (what === 'a note of 4 GB') bytes.writeUInt32LE(0xffff_fffc, bytes.lastIndexOf('CORE') - 8);
    await askAll(bytes);
  });

  it('NT_FILE that tells of 2^40 files gives those it has', async () => {
    const bytes = drawCore(WHOLE);
    const at = bytes.indexOf(Buffer.from('ELIF')) + 12;
    expect(bytes.readBigUInt64LE(at)).toBe(3n);
    bytes.writeBigUInt64LE(2n ** 40n, at);
    await askAll(bytes);
  });

  it('half a million files and as many segments take no quadratic time', async () => {
    const files = Array.from({ length: 200_000 }, (_, i) => ({
      start: i * 8192,
      end: i * 8192 + 4096,
      path: '/x',
    }));
    const loads = Array.from({ length: 60_000 }, (_, i) => ({ start: i * 8192 + 4096, size: 4096 }));
    const before = process.cpuUsage().user;
    await using(drawCore({ ...WHOLE, files, loads }), ({ mappings }) =>
      expect(mappings).toHaveLength(260_000),
    );
    // Quadratic it would be minutes.
    expect(process.cpuUsage(undefined).user - before).toBeLessThan(20e6);
  });

  it('a sparse file of a terabyte whose table of segments has no end takes the memory of its header', async () => {
    const bytes = drawCore(WHOLE);
    bytes.writeUInt16LE(0xffff, 56);
    bytes.writeBigUInt64LE(2n ** 39n, 40);
    const path = saved(bytes, 'endless');
    truncateSync(path, 2 ** 40);
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(4, 0xff), 0, 4, 2 ** 39 + 44);
    closeSync(fd);
    const before = process.memoryUsage().rss;
    try {
      (await openCore(path)).close();
    } catch (error) {
      expect(error).toBeInstanceOf(HolterError);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(600e6);
    rmSync(path);
  });

  it('leaves no descriptor open', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (const bytes of [core, core.subarray(0, 70), Buffer.from('text'), drawCore({ threads: [] })])
      for (let i = 0; i < 5; i++) await askAll(bytes);
    expect(open()).toBe(before);
  });
});

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { built } from './built.ts';
import { type NodeMajor, nodeBinary, targetFile } from './target-process.ts';

const hasGdb = spawnSync('gdb', ['--version']).error === undefined;

let linux: typeof import('../../src/linux/stopped-process.ts');
let symbols: typeof import('../../src/linux/image-symbols.ts');
let unwinding: typeof import('../../src/linux/unwind.ts');
let maps: typeof import('../../src/linux/memory-map.ts');
let target: ChildProcess | undefined;

beforeAll(async () => {
  linux = await built('linux/stopped-process.js');
  symbols = await built('linux/image-symbols.js');
  unwinding = await built('linux/unwind.js');
  maps = await built('linux/memory-map.js');
});
afterEach(() => {
  for (const pid of childrenOf(target?.pid ?? 0)) process.kill(pid, 'SIGKILL');
  target?.kill('SIGKILL');
  target = undefined;
});

function childrenOf(pid: number): number[] {
  if (pid === 0) return [];
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(/\s+/).filter(Boolean).map(Number);
}

function stateOf(pid: number, tid = pid): string {
  const text = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2)[0] as string;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * Where all threads of a process that stands were called from, innermost first, as gdb finds it. Without debug information
 * of libc: from that it makes frames that are not on the stack (tail calls).
 */
function framesOfGdb(pid: number): Map<number, number[]> {
  const { stdout } = spawnSync(
    'gdb',
    [
      '-nx',
      '-batch',
      ...['-iex', 'set debug-file-directory /nonexistent', '-p', String(pid)],
      ...['-ex', 'set width 0', '-ex', 'thread apply all bt'],
    ],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
    },
  );
  const threads = new Map<number, number[]>();
  let frames: number[] = [];
  for (const line of stdout.split('\n')) {
    const tid = /^Thread \d+ \((?:Thread 0x[0-9a-f]+ \()?LWP (\d+)/.exec(line)?.[1];
    if (tid !== undefined) {
      frames = [];
      threads.set(Number(tid), frames);
    }
    // Inlined functions have no address of their own; the innermost has none at the beginning of a line.
    const pc = /^#[1-9]\d*\s+0x([0-9a-f]+) in /.exec(line)?.[1];
    if (pc !== undefined) frames.push(Number.parseInt(pc, 16));
  }
  return threads;
}

const CASES: [NodeMajor, string][] = [
  [18, 'idle'],
  [20, 'exec'],
  [22, 'idle'],
  [24, 'exec'],
  [26, 'idle'],
];

describe(
  hasGdb ? 'native frames of all threads' : 'native frames: not compared, gdb is not installed',
  () => {
    test.runIf(hasGdb).each(CASES)('Node %i, main thread %s: as gdb finds them', async (node, what) => {
      target = spawn(nodeBinary(node), [targetFile('stack/native-threads.cjs'), what], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(target.stdout!, 'data');
      const pid = target.pid as number;
      if (what === 'exec') await until(() => childrenOf(pid).length > 0);
      await until(() => stateOf(pid) === 'S');
      // It stands for both: what runs would be elsewhere when gdb comes.
      process.kill(pid, 'SIGSTOP');
      await until(() => stateOf(pid) === 'T');
      const image = await linux.stopProcess(pid);
      const ours = new Map<number, { pcs: number[]; isLost: boolean }>();
      try {
        const table = symbols.symbolsOf(image);
        for (const thread of image.threads) {
          const frames = unwinding.unwind(image, thread, table);
          // Code of V8 has no call frame information: gdb guesses from there on.
          const end = frames.findIndex(
            ({ pc }) =>
              !maps.mappingAt(image.mappings, pc)?.path.startsWith('/') ||
              table.at(pc - 1)?.mangled.startsWith('Builtins_') === true,
          );
          const native = end < 0 ? frames : frames.slice(0, end + 1);
          ours.set(thread.tid, {
            pcs: native.slice(1).map(({ pc }) => pc),
            isLost: native.some(({ lost }) => lost === true),
          });
        }
      } finally {
        image.close();
      }
      expect(stateOf(pid)).toBe('T');
      const theirs = framesOfGdb(pid);
      expect(theirs.size).toBeGreaterThanOrEqual(11);
      for (const [tid, frames] of theirs) {
        const { pcs, isLost } = ours.get(tid) ?? { pcs: [], isLost: false };
        expect(pcs.length, `thread ${tid}`).toBeGreaterThanOrEqual(2);
        // A live process tells pc and sp only: of assembler code that keeps its caller elsewhere a frame is lost, and said.
        const expected = isLost ? frames.filter((pc) => pcs.includes(pc)) : frames.slice(0, pcs.length);
        if (isLost) expect(frames.length - expected.length, `thread ${tid}`).toBeLessThanOrEqual(2);
        expect(
          pcs.map((pc) => pc.toString(16)),
          `thread ${tid}`,
        ).toEqual(expected.map((pc) => pc.toString(16)));
      }
    });
  },
);

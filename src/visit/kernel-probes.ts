import { readlinkSync, statSync } from 'node:fs';
import { HolterError } from '../base/errors.ts';
import { ElfFile } from '../linux/elf.ts';
import { ElfSymbolTable } from '../linux/elf-symbol-table.ts';
import { MappedBinary } from '../linux/mapped-binary.ts';
import { readMemoryMap } from '../linux/memory-map.ts';
import type { TraceProbe } from '../linux/tracefs.ts';

/** A place in a binary that is probed. */
export interface KernelProbe {
  /** Part of the report it is for. */
  part: string;
  probe: TraceProbe;
  /** Address in the file, for bpftrace; of tracepoints NaN. */
  address: number;
}

export interface KernelProbes {
  /** The binary as this machine can open it. */
  file: string;
  probes: KernelProbe[];
  missing: { part: string; why: string }[];
}

/** What is probed: function, events, where its arguments are (System V ABI: %di, %si). */
const FUNCTIONS: readonly {
  part: string;
  symbol: string;
  begin: string;
  end?: string;
  arguments?: string;
  /** Not in every version; another has its place. */
  optional?: boolean;
}[] = [
  { part: 'pool', symbol: 'uv_queue_work', begin: 'queue_work', arguments: 'w=%si:u64' },
  { part: 'pool', symbol: 'uv__work_submit', begin: 'submit', arguments: 'w=%si:u64' },
  {
    part: 'pool',
    symbol: 'uv__queue_work',
    begin: 'run_work_begin',
    end: 'run_work_end',
    arguments: 'w=%di:u64',
  },
  { part: 'pool', symbol: 'uv__fs_work', begin: 'run_fs_begin', end: 'run_fs_end', arguments: 'w=%di:u64' },
  {
    part: 'pool',
    symbol: 'uv__getaddrinfo_work',
    begin: 'run_getaddrinfo_begin',
    end: 'run_getaddrinfo_end',
    arguments: 'w=%di:u64',
  },
  {
    part: 'pool',
    symbol: 'uv__getnameinfo_work',
    begin: 'run_getnameinfo_begin',
    end: 'run_getnameinfo_end',
    arguments: 'w=%di:u64',
    optional: true,
  },
  {
    part: 'pool',
    symbol: 'uv__random_work',
    begin: 'run_random_begin',
    end: 'run_random_end',
    arguments: 'w=%di:u64',
    optional: true,
  },
  { part: 'loop', symbol: 'uv__io_poll', begin: 'poll_begin' },
  {
    part: 'gc',
    symbol: '_ZN2v88internal4Heap24PerformGarbageCollectionE',
    begin: 'gc_begin',
    end: 'gc_end',
    arguments: 'c=%si:u32',
  },
];

const TRACEPOINTS: readonly { part: string; name: string }[] = [
  { part: 'system calls', name: 'raw_syscalls/sys_enter' },
  { part: 'system calls', name: 'raw_syscalls/sys_exit' },
  { part: 'off-CPU', name: 'sched/sched_switch' },
];

/**
 * Places in the binary of a process, by its own symbols, static functions included.
 * @throws HolterError E_NO_SUCH_PROCESS, E_PERMISSION
 */
export function findKernelProbes(pid: number): KernelProbes {
  const file = binaryOf(pid);
  const missing: KernelProbes['missing'] = [];
  const probes: KernelProbe[] = [];
  let elf: ElfFile | undefined;
  try {
    elf = ElfFile.open(file);
  } catch {
    throw new HolterError('E_PERMISSION', `the binary of process ${pid} cannot be read`, {
      hint: 'run it with sudo',
    });
  }
  if (elf === undefined || process.arch !== 'x64') {
    missing.push({ part: 'pool, loop, gc', why: 'only binaries for x86-64 are probed' });
  } else {
    const table = new ElfSymbolTable(elf);
    const binary = new MappedBinary(file, elf);
    for (const { part, symbol, begin, end, arguments: given, optional } of FUNCTIONS) {
      const found = [...table.withPrefix(symbol)].find(
        ([name, { isFunction }]) => isFunction && (name === symbol || symbol.startsWith('_Z')),
      )?.[1];
      const offset = found === undefined ? undefined : binary.offsetOfAddress(found.value);
      if (found === undefined || offset === undefined) {
        if (optional !== true) missing.push({ part, why: `the binary has no symbol ${symbol}` });
        continue;
      }
      const at = { file, offset };
      const argumentsOf = given === undefined ? {} : { arguments: given };
      probes.push({
        part,
        address: found.value,
        probe: { kind: 'entry', name: begin, ...at, ...argumentsOf },
      });
      if (end !== undefined)
        probes.push({ part, address: found.value, probe: { kind: 'return', name: end, ...at } });
    }
    elf.close();
  }
  for (const { part, name } of TRACEPOINTS)
    probes.push({ part, address: Number.NaN, probe: { kind: 'tracepoint', name } });
  return { file, probes, missing };
}

/** The file with libuv in it, under a path this machine can open: the executable, or libnode beside it. */
function binaryOf(pid: number): string {
  let path: string;
  try {
    path = readlinkSync(`/proc/${pid}/exe`);
  } catch (cause) {
    throw new HolterError('E_NO_SUCH_PROCESS', `there is no process ${pid}, or it is not ours to see`, {
      hint: 'holter ps; run it with sudo',
      cause,
    });
  }
  const library = readMemoryMap(pid)?.find((mapping) => /\/libnode\.so[^/]*$/.test(mapping.path))?.path;
  const named = (library ?? path).replace(/ \(deleted\)$/, '');
  const inside = `/proc/${pid}/root${named}`;
  // In a container the path leads elsewhere, or nowhere.
  return isSameFile(named, inside) ? named : inside;
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statSync(one, { throwIfNoEntry: false }), statSync(other, { throwIfNoEntry: false })];
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

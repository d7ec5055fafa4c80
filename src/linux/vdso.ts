import { closeSync, openSync, readSync } from 'node:fs';
import { readMemoryMap } from './memory-map.ts';
import { PROC } from './proc-file.ts';

const MOST_BYTES = 256 * 1024;

/** The ELF file the kernel puts into every process (vdso(7)), out of our own memory: it is the same in all of one kernel. */
export function readVdso(): Buffer | undefined {
  const mapping = readMemoryMap(process.pid)?.find(({ path }) => path === '[vdso]');
  if (mapping === undefined || mapping.end - mapping.start > MOST_BYTES) return undefined;
  const bytes = Buffer.alloc(mapping.end - mapping.start);
  let fd: number | undefined;
  try {
    fd = openSync(`${PROC}/self/mem`, 'r');
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, mapping.start));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

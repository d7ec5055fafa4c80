import { closeSync, openSync, readSync } from 'node:fs';
import { errnoOf, HolterError } from '../base/errors.ts';
import { PROC } from './proc-file.ts';

const PAGE = 4096;
const ENTRY = 8;
/** Entries read at once: 64 MiB of addresses. */
const CHUNK = 16_384;
/** Bits of the upper half of an entry (Documentation/admin-guide/mm/pagemap.rst): present 63, swapped 62. */
const PRESENT = 0x8000_0000;
const SWAPPED = 0x4000_0000;

/** Addresses that have memory behind them. */
export interface PopulatedRange {
  start: number;
  end: number;
}

/**
 * Parts of a range of a process that hold something: pages in memory or in swap. The rest was never touched and reads as
 * zeroes (or as its file): V8 reserves gigabytes of addresses of which it uses some megabytes.
 * @param start of a page, as `end`
 * @throws HolterError E_PERMISSION; E_NO_SUCH_PROCESS
 */
export function populatedRanges(pid: number, start: number, end: number): PopulatedRange[] {
  const fd = openPagemap(pid);
  try {
    const ranges: PopulatedRange[] = [];
    const bytes = Buffer.alloc(CHUNK * ENTRY);
    let open: PopulatedRange | undefined;
    for (let from = start; from < end; ) {
      const wanted = Math.min(CHUNK, Math.ceil((end - from) / PAGE));
      const length = readSync(fd, bytes, 0, wanted * ENTRY, (from / PAGE) * ENTRY);
      const count = Math.floor(length / ENTRY);
      if (count === 0) break;
      for (let index = 0; index < count; index++) {
        const flags = bytes.readUInt32LE(index * ENTRY + 4);
        if ((flags & (PRESENT | SWAPPED)) === 0) {
          open = undefined;
          continue;
        }
        const address = from + index * PAGE;
        if (open === undefined) {
          open = { start: address, end: address };
          ranges.push(open);
        }
        open.end = address + PAGE;
      }
      from += count * PAGE;
    }
    return ranges;
  } finally {
    closeSync(fd);
  }
}

function openPagemap(pid: number): number {
  try {
    return openSync(`${PROC}/${pid}/pagemap`, 'r');
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'EACCES' || code === 'EPERM')
      throw new HolterError(
        'E_PERMISSION',
        `cannot read which pages of process ${pid} are in memory: not allowed`,
        {
          hint: 'run holter as root (sudo), or as the user of the process',
          cause,
        },
      );
    throw new HolterError('E_NO_SUCH_PROCESS', `process ${pid} has ended`, { cause });
  }
}

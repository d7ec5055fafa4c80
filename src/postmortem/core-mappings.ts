import type { Mapping } from '../linux/memory-map.ts';
import { type CoreSegment, LOAD } from './core-header.ts';
import type { CoreNotes } from './core-notes.ts';

const EXECUTABLE = 1;
const WRITABLE = 2;

/** User space of x86-64 ends there; the kernel's own pages that cores may list lie above it. */
const USER_END = 2 ** 47;

/** Files of NT_FILE with the rights of the segments they lie in, and segments of no file; ascending. */
export function joinMappings(files: CoreNotes['files'], segments: readonly CoreSegment[]): Mapping[] {
  const loads = segments.filter(({ type }) => type === LOAD).sort((a, b) => a.start - b.start);
  const mapped = [...files].sort((a, b) => a.start - b.start);
  const mappings: Mapping[] = [];
  let next = 0;
  for (const [index, { start, memorySize, fileSize, flags }] of loads.entries()) {
    while (mapped[next] !== undefined && mapped[next]!.end <= start) next++;
    const file = mapped[next];
    const permissions = `r${flags & WRITABLE ? 'w' : '-'}${flags & EXECUTABLE ? 'x' : '-'}p`;
    const isOfFile = file !== undefined && file.start <= start;
    // A size that is damaged would make others look through more memory than any machine has.
    const size = isOfFile || fileSize === 0 ? memorySize : Math.min(memorySize, fileSize);
    const end = Math.min(start + size, start < USER_END ? endOfRoom(loads, index) : Number.POSITIVE_INFINITY);
    mappings.push(
      isOfFile
        ? { start, end, permissions, offset: file.offset + start - file.start, path: file.path }
        : { start, end, permissions, offset: 0, path: '' },
    );
  }
  // gcore leaves out what it can find again: then only NT_FILE knows of it, and not with which rights.
  const ends = highestEnds(loads);
  for (const file of mapped) {
    const before = countBelow(loads, file.end);
    if (before === 0 || ends[before - 1]! <= file.start) mappings.push({ ...file, permissions: 'r-xp' });
  }
  return mappings.sort((a, b) => a.start - b.start);
}

/** Where the next segment begins: none lies over another. */
function endOfRoom(loads: readonly CoreSegment[], index: number): number {
  const { start } = loads[index]!;
  const next = loads[index + 1]?.start ?? USER_END;
  return next > start ? Math.min(next, USER_END) : USER_END;
}

/** Of each segment and all before it: in damaged files they overlap. */
function highestEnds(loads: readonly CoreSegment[]): Float64Array {
  const ends = new Float64Array(loads.length);
  let highest = 0;
  for (const [index, { start, memorySize }] of loads.entries()) {
    highest = Math.max(highest, start + memorySize);
    ends[index] = highest;
  }
  return ends;
}

/** How many begin below an address. */
function countBelow(loads: readonly CoreSegment[], address: number): number {
  let low = 0;
  let high = loads.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (loads[middle]!.start < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

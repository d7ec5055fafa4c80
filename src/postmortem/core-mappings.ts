import type { Mapping } from '../linux/memory-map.ts';
import { type CoreSegment, LOAD } from './core-header.ts';
import type { CoreNotes } from './core-notes.ts';

const EXECUTABLE = 1;
const WRITABLE = 2;

/** Files of NT_FILE with the rights of the segments they lie in, and segments of no file; ascending. */
export function joinMappings(files: CoreNotes['files'], segments: readonly CoreSegment[]): Mapping[] {
  const loads = segments.filter(({ type }) => type === LOAD).sort((a, b) => a.start - b.start);
  const mapped = [...files].sort((a, b) => a.start - b.start);
  const mappings: Mapping[] = [];
  let next = 0;
  for (const { start, memorySize, flags } of loads) {
    while (mapped[next] !== undefined && mapped[next]!.end <= start) next++;
    const file = mapped[next];
    const permissions = `r${flags & WRITABLE ? 'w' : '-'}${flags & EXECUTABLE ? 'x' : '-'}p`;
    const end = start + memorySize;
    mappings.push(
      file !== undefined && file.start <= start
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

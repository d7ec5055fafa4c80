import { closeSync, openSync, readSync } from 'node:fs';
import type { Bytes } from '../base/units.ts';
import type { Mapping } from './memory-map.ts';
import type { PopulatedRange } from './pagemap.ts';
import { PROC } from './proc-file.ts';

/** A PT_LOAD to be written: `runs` have content, what lies between them reads as zeroes. */
export interface SegmentPlan {
  start: number;
  /** Exclusive. */
  end: number;
  /** As in a program header: 1 executable, 2 writable, 4 readable. */
  flags: number;
  /** From `start` on in the file; 0: only the addresses are told, the content is in a file that was mapped. */
  fileSize: Bytes;
  runs: PopulatedRange[];
}

export interface CorePlan {
  segments: SegmentPlan[];
  /** Of all runs: what will be read, and written where it is not zero. */
  bytes: Bytes;
  /** Of runs that were left out on request. */
  leftOutBytes: Bytes;
}

/** Which parts of anonymous memory to leave out; ascending, of whole pages. */
export type LeaveOut = (mapping: Mapping) => PopulatedRange[];

const PAGE = 4096;
/** Entries read at once: 256 MiB of addresses. */
const CHUNK = 65_536;
/** Bits of the upper half of an entry of pagemap (Documentation/admin-guide/mm/pagemap.rst): 63, 62, 61. */
const PRESENT = 0x8000_0000;
const SWAPPED = 0x4000_0000;
const OF_FILE = 0x2000_0000;
/** Untouched memory reads as zeroes and costs a sparse file nothing; only reservations are not made part of its length. */
const LONGEST_GAP: Bytes = 64 * 2 ** 20;
/** Of V8: kRegularPageSize, src/common/globals.h. */
const HEAP_CHUNK: Bytes = 2 ** 18;
/** A file mapped privately of which pages were changed is copied whole up to this: `.data`, relocations. */
const WHOLE: Bytes = 16 * 2 ** 20;

/**
 * What of a process a core file has to hold: memory of its own that was touched, changed pages of mapped files and the
 * first page of each (build-ids), like the kernel's default filter (core(5), coredump_filter 0x33). Memory that may not be
 * read (guards, reservations) is left out, code and constants are in their files.
 */
export function planCore(pid: number, mappings: readonly Mapping[], leaveOut: LeaveOut = () => []): CorePlan {
  const pages = new PageFlags(pid);
  const plan: CorePlan = { segments: [], bytes: 0, leftOutBytes: 0 };
  try {
    for (const mapping of mappings) planMapping(plan, pages, mapping, leaveOut);
  } finally {
    pages.close();
  }
  for (const { runs } of plan.segments) for (const { start, end } of runs) plan.bytes += end - start;
  return plan;
}

function planMapping(plan: CorePlan, pages: PageFlags, mapping: Mapping, leaveOut: LeaveOut): void {
  const { start, end, permissions, path } = mapping;
  // [vsyscall] lies at addresses that are no exact numbers and is the same everywhere; [vvar] is the kernel's.
  if (start >= 2 ** 47 || path.startsWith('[vvar') || path === '[vsyscall]') return;
  const flags =
    (permissions[0] === 'r' ? 4 : 0) | (permissions[1] === 'w' ? 2 : 0) | (permissions[2] === 'x' ? 1 : 0);
  const bare: SegmentPlan = { start, end, flags, fileSize: 0, runs: [] };
  if (permissions[0] !== 'r' || /^\/dev\/(?!zero|shm)|^anon_inode:/.test(path)) {
    plan.segments.push(bare);
    return;
  }
  if (path === '[vdso]') {
    plan.segments.push({ ...bare, fileSize: end - start, runs: [{ start, end }] });
    return;
  }
  const isFile = path.startsWith('/');
  const isShared = permissions[3] === 's';
  if (isShared && isFile && !/^\/(dev\/zero|memfd:|SYSV)/.test(path)) {
    plan.segments.push(bare);
    return;
  }
  const runs = pages.runs(start, end, isFile && !isShared);
  if (isFile && !isShared) {
    plan.segments.push(...segmentsOfFile(bare, runs, mapping.offset === 0));
    return;
  }
  let at = start;
  const keep = (to: number): void => {
    if (at === to) return;
    plan.segments.push(
      ...splitAtGaps({ ...bare, start: at, end: to }, runsWithin(runs, at, to), LONGEST_GAP),
    );
  };
  for (const out of leaveOut(mapping)) {
    keep(out.start);
    // Bare: it must not read as zeroes.
    plan.segments.push({ ...bare, ...out });
    plan.leftOutBytes += bytesOf(runsWithin(runs, out.start, out.end));
    at = out.end;
  }
  keep(end);
}

/** Pages that were not changed are in the file: a segment must not say zeroes of them. */
function segmentsOfFile(bare: SegmentPlan, runs: PopulatedRange[], isHead: boolean): SegmentPlan[] {
  const { start, end } = bare;
  if (runs.length === 0)
    return [isHead ? { ...bare, fileSize: PAGE, runs: [{ start, end: start + PAGE }] } : bare];
  if (end - start <= WHOLE) return [{ ...bare, fileSize: end - start, runs: [{ start, end }] }];
  return splitAtGaps(bare, runs, PAGE);
}

/** Segments with content around runs, and bare ones for gaps of `gap` bytes and longer. */
function splitAtGaps(bare: SegmentPlan, runs: PopulatedRange[], gap: Bytes): SegmentPlan[] {
  const { flags, end } = bare;
  const segments: SegmentPlan[] = [];
  let at = bare.start;
  for (const run of runs) {
    const last = segments.at(-1);
    if (run.start - at < gap && (last !== undefined ? last.fileSize > 0 : true)) {
      if (last === undefined) segments.push({ start: at, end: run.end, flags, fileSize: 0, runs: [] });
      const grown = segments.at(-1) as SegmentPlan;
      grown.end = run.end;
      grown.fileSize = run.end - grown.start;
      grown.runs.push(run);
    } else {
      at = roundOff(segments.at(-1), at, run.start, gap);
      if (run.start > at) segments.push({ start: at, end: run.start, flags, fileSize: 0, runs: [] });
      segments.push({ ...run, flags, fileSize: run.end - run.start, runs: [run] });
    }
    at = run.end;
  }
  if (at === end) return segments;
  if (end - at >= gap) at = roundOff(segments.at(-1), at, end, gap);
  const last = segments.at(-1);
  if (last !== undefined && end - at < gap) {
    last.end = end;
    last.fileSize = end - last.start;
  } else if (last === undefined && end - at < gap)
    // Nothing of it was touched: it reads as zeroes all the same, and must not look lost.
    segments.push({ start: at, end, flags, fileSize: end - at, runs: [] });
  else segments.push({ start: at, end, flags, fileSize: 0, runs: [] });
  return segments;
}

/** V8's pages are whole chunks, of which the last part may be untouched: that reads as zeroes, it is not lost. */
function roundOff(last: SegmentPlan | undefined, at: number, end: number, gap: number): number {
  if (gap < LONGEST_GAP || last === undefined || last.fileSize === 0) return at;
  last.end = Math.min(end, Math.ceil(at / HEAP_CHUNK) * HEAP_CHUNK);
  last.fileSize = last.end - last.start;
  return last.end;
}

function runsWithin(runs: readonly PopulatedRange[], start: number, end: number): PopulatedRange[] {
  return runs
    .filter((run) => run.end > start && run.start < end)
    .map((run) => ({ start: Math.max(start, run.start), end: Math.min(end, run.end) }));
}

function bytesOf(runs: readonly PopulatedRange[]): Bytes {
  return runs.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** `/proc/PID/pagemap` of one process, for many ranges. */
class PageFlags {
  readonly #fd: number;
  readonly #entries: Uint32Array = new Uint32Array(CHUNK * 2);

  constructor(pid: number) {
    this.#fd = openSync(`${PROC}/${pid}/pagemap`, 'r');
  }

  /** @param own only pages that were changed since the file was mapped */
  runs(start: number, end: number, own: boolean): PopulatedRange[] {
    const runs: PopulatedRange[] = [];
    const entries = this.#entries;
    let open: PopulatedRange | undefined;
    for (let from = start; from < end; ) {
      const wanted = Math.min(CHUNK, (end - from) / PAGE);
      const length = readSync(this.#fd, entries, 0, wanted * 8, (from / PAGE) * 8);
      const count = Math.floor(length / 8);
      if (count === 0) break;
      for (let index = 0; index < count; index++) {
        const flags = entries[index * 2 + 1]!;
        if ((flags & (PRESENT | SWAPPED)) === 0 || (own && (flags & OF_FILE) !== 0)) {
          open = undefined;
          continue;
        }
        const address = from + index * PAGE;
        if (open === undefined) {
          open = { start: address, end: address };
          runs.push(open);
        }
        open.end = address + PAGE;
      }
      from += count * PAGE;
    }
    return runs;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

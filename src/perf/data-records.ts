import type { ByteSource } from '../base/byte-source.ts';

/** Record types of linux/perf_event.h (below 64) and tools/perf/util/event.h. */
export const RECORD = {
  mmap: 1,
  lost: 2,
  comm: 3,
  exit: 4,
  fork: 7,
  sample: 9,
  mmap2: 10,
  lostSamples: 13,
  switch: 14,
  switchCpuWide: 15,
  kernelSymbol: 17,
  headerAttribute: 64,
  tracingData: 66,
  auxTrace: 71,
  headerFeature: 80,
  compressed: 81,
  compressed2: 83,
} as const;

/** The record under the cursor; the arrays show the reader's window and change with it. */
export interface PerfRecord {
  type: number;
  misc: number;
  /** Bytes of the record, header included. */
  size: number;
  /** Where the record begins in `bytes`; a multiple of 4. */
  at: number;
  bytes: Buffer;
  words: Uint32Array;
}

const WINDOW = 1 << 20;
/** A record has a size of 16 bits. */
const LONGEST = 1 << 16;
const HEADER = 8;

/** What a file that cannot be read to its end looked like there. */
export type RecordsEnd = 'whole' | 'cut' | 'damaged';

/**
 * Walks over the records of perf.data from where `source` stands, `length` bytes at most, in windows of 1 MB. A size
 * that no record can have ends the walk: behind it nothing is where it should be.
 */
export function readRecords(
  source: ByteSource,
  length: number,
  visit: (record: PerfRecord) => void,
): RecordsEnd {
  const bytes = Buffer.from(new ArrayBuffer(WINDOW + LONGEST));
  const record: PerfRecord = {
    type: 0,
    misc: 0,
    size: 0,
    at: 0,
    bytes,
    words: new Uint32Array(bytes.buffer),
  };
  const { words } = record;
  let left = length;
  let start = 0;
  let end = 0;
  /** Bytes that belong to no record: data behind the records of hardware traces. */
  let skip = 0;
  for (;;) {
    if (start > 0) {
      bytes.copyWithin(0, start, end);
      end -= start;
      start = 0;
    }
    const most = Math.min(bytes.length - end, left);
    const got = most <= 0 ? 0 : source.read(bytes.subarray(end, end + most));
    left -= got;
    end += got;
    if (got === 0) {
      if (end === start && skip === 0) return left > 0 && left !== Number.POSITIVE_INFINITY ? 'cut' : 'whole';
      return 'cut';
    }
    for (;;) {
      if (skip > 0) {
        const step = Math.min(skip, end - start);
        skip -= step;
        start += step;
        if (skip > 0) break;
      }
      // Features in files that went through a pipe have any length, and what follows them stands anywhere.
      if ((start & 3) !== 0) {
        bytes.copyWithin(0, start, end);
        end -= start;
        start = 0;
      }
      if (end - start < HEADER) break;
      const word = start >> 2;
      record.type = words[word]!;
      const sizes = words[word + 1]!;
      record.misc = sizes & 0xffff;
      record.size = sizes >>> 16;
      if (record.size < HEADER) return 'damaged';
      if (end - start < record.size) break;
      record.at = start;
      visit(record);
      start += record.size;
      if (record.type === RECORD.auxTrace && record.size >= 16)
        skip = words[word + 2]! + words[word + 3]! * 2 ** 32;
      else if (record.type === RECORD.tracingData && record.size >= 12) skip = padded(words[word + 2]!);
    }
  }
}

function padded(size: number): number {
  return Math.ceil(size / 8) * 8;
}

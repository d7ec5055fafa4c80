/** One event of a recording: struct perf_event_attr of linux/perf_event.h, as far as reading needs it. */
export interface PerfEvent {
  name: string;
  /** perf_type_id: 0 hardware, 1 software, 2 tracepoint. */
  type: number;
  /** Period in events or frequency in Hz, by `isFrequency`. */
  period: number;
  isFrequency: boolean;
  /** PERF_SAMPLE_* bits: what samples hold. */
  sampleType: number;
  /** PERF_FORMAT_* bits. */
  readFormat: number;
  /** Other records end with the ids of samples, too. */
  hasSampleIds: boolean;
  excludesKernel: boolean;
  /** Records of context switches are written. */
  hasSwitches: boolean;
  /** clockid_t, where the recording chose one (`-k mono` = 1). */
  clockId: number | undefined;
  /** Ids that samples of this event carry. */
  ids: number[];
}

/** PERF_SAMPLE_* of linux/perf_event.h. */
export const SAMPLE = {
  ip: 0x1,
  tid: 0x2,
  time: 0x4,
  address: 0x8,
  read: 0x10,
  callchain: 0x20,
  id: 0x40,
  cpu: 0x80,
  period: 0x100,
  streamId: 0x200,
  raw: 0x400,
  identifier: 0x10000,
} as const;

/** PERF_COUNT_SW_* by number, named as perf names them. */
const SOFTWARE_EVENTS = [
  'cpu-clock',
  'task-clock',
  'page-faults',
  'context-switches',
  'cpu-migrations',
  'minor-faults',
  'major-faults',
  'alignment-faults',
  'emulation-faults',
  'dummy',
  'bpf-output',
  'cgroup-switches',
];
const HARDWARE_EVENTS = [
  'cycles',
  'instructions',
  'cache-references',
  'cache-misses',
  'branches',
  'branch-misses',
  'bus-cycles',
];

/** Bits of the flags word at offset 40. */
const EXCLUDE_KERNEL = 2 ** 5;
const FREQUENCY = 2 ** 10;
const SAMPLE_ID_ALL = 2 ** 18;
const USE_CLOCKID = 2 ** 25;
const CONTEXT_SWITCH = 2 ** 26;

/** @param bytes at least 64, the size of the first version of the structure; later ones only append */
export function readAttribute(bytes: Buffer): PerfEvent {
  const flags = bytes.readUInt32LE(40);
  const type = bytes.readUInt32LE(0);
  const config = bytes.readUInt32LE(8);
  const names = type === 1 ? SOFTWARE_EVENTS : type === 0 ? HARDWARE_EVENTS : [];
  return {
    name: names[config] ?? `event ${type}:${config}`,
    type,
    period: bytes.readUInt32LE(16) + bytes.readUInt32LE(20) * 2 ** 32,
    isFrequency: (flags & FREQUENCY) !== 0,
    sampleType: bytes.readUInt32LE(24),
    readFormat: bytes.readUInt32LE(32),
    hasSampleIds: (flags & SAMPLE_ID_ALL) !== 0,
    excludesKernel: (flags & EXCLUDE_KERNEL) !== 0,
    hasSwitches: (flags & CONTEXT_SWITCH) !== 0,
    clockId: (flags & USE_CLOCKID) !== 0 && bytes.length >= 96 ? bytes.readInt32LE(92) : undefined,
    ids: [],
  };
}

/** Where the fields of a sample stand, in words of 8 bytes behind the record's header; −1: not in it. */
export interface SampleLayout {
  identifier: number;
  ip: number;
  tid: number;
  time: number;
  id: number;
  period: number;
  /** Where `read` values stand; their number is told by the values. */
  read: number;
  /** The callchain, or the first word behind the `read` values when there are any. */
  chain: number;
  hasChain: boolean;
  /** Words from the end of other records, where those have ids: 1 = the last word. */
  tailTid: number;
  tailTime: number;
  tailId: number;
}

/** Order of the fields: linux/perf_event.h at PERF_RECORD_SAMPLE and struct sample_id. */
export function sampleLayout({ sampleType, hasSampleIds }: PerfEvent): SampleLayout {
  let next = 0;
  const place = (bit: number): number => ((sampleType & bit) === 0 ? -1 : next++);
  const identifier = place(SAMPLE.identifier);
  const ip = place(SAMPLE.ip);
  const tid = place(SAMPLE.tid);
  const time = place(SAMPLE.time);
  place(SAMPLE.address);
  const id = place(SAMPLE.id);
  place(SAMPLE.streamId);
  place(SAMPLE.cpu);
  const period = place(SAMPLE.period);
  const chain = next;
  const tail: number[] = [];
  for (const bit of [SAMPLE.tid, SAMPLE.time, SAMPLE.id, SAMPLE.streamId, SAMPLE.cpu, SAMPLE.identifier])
    if ((sampleType & bit) !== 0) tail.push(bit);
  const fromEnd = (bit: number): number => {
    const at = hasSampleIds ? tail.indexOf(bit) : -1;
    return at < 0 ? -1 : tail.length - at;
  };
  return {
    identifier,
    ip,
    tid,
    time,
    id,
    period,
    read: (sampleType & SAMPLE.read) === 0 ? -1 : chain,
    chain,
    hasChain: (sampleType & SAMPLE.callchain) !== 0,
    tailTid: fromEnd(SAMPLE.tid),
    tailTime: fromEnd(SAMPLE.time),
    tailId: fromEnd(SAMPLE.identifier) >= 0 ? fromEnd(SAMPLE.identifier) : fromEnd(SAMPLE.id),
  };
}

const TOTAL_TIMES = 3;
const ID = 4;
const GROUP = 8;
const LOST = 16;

/** Words that the `read` values of a sample take. `first`: the first of them, which of a group is their number. */
export function readWords(readFormat: number, first: number): number {
  const times = (readFormat & 1) + ((readFormat & TOTAL_TIMES) >> 1);
  const each = 1 + ((readFormat & ID) === 0 ? 0 : 1) + ((readFormat & LOST) === 0 ? 0 : 1);
  return (readFormat & GROUP) === 0 ? each + times : 1 + times + first * each;
}

import type { ByteSource } from '../base/byte-source.ts';
import { AddressSpaces } from './address-spaces.ts';
import { AddressTable, KERNEL_SPACE } from './address-table.ts';
import { zeroText } from './data-header.ts';
import { type PerfRecord, RECORD, type RecordsEnd, readRecords } from './data-records.ts';
import {
  type PerfEvent,
  readAttribute,
  readWords,
  type SampleLayout,
  sampleLayout,
} from './event-attribute.ts';
import { SwitchTimes } from './switch-times.ts';

/** All of a recording that samples need to be understood: read first, so that the order of the records does not matter. */
export interface Survey {
  events: PerfEvent[];
  samples: number;
  /** Ns of the recording's clock, of samples; Infinity and 0 without. */
  firstTime: number;
  lastTime: number;
  spaces: AddressSpaces;
  addresses: AddressTable;
  switches: SwitchTimes;
  /** Last name by thread. */
  commands: Map<number, string>;
  /** Where the kernel's text begins by the recording, the upper 16 bits left away; tells one boot from another. */
  kernelText: number | undefined;
  /** Events the kernel had no room for. */
  lost: number;
  /** Paths of jitdumps that processes mapped, by pid. */
  jitDumps: Map<number, string>;
  /** Records that are packed (`perf record -z`). */
  packed: number;
  end: RecordsEnd;
}

/** PERF_RECORD_MISC_* of linux/perf_event.h. */
const MISC_CPU_MODE = 7;
const MISC_KERNEL = 1;
const MISC_EXEC = 1 << 13;
const MISC_SWITCH_OUT = 1 << 13;
const MISC_SWITCH_PREEMPT = 1 << 14;
const MISC_BUILD_ID = 1 << 14;
const PROT_EXEC = 4;
const HIGH = 2 ** 32;
/** PERF_CONTEXT_*: from here on an entry of a callchain says what follows. */
const CONTEXT_HIGH = 0xffffffff;
const CONTEXT_LOW = 0xfffff000;
const CONTEXT_KERNEL = 0xffffff80;
const CONTEXT_GUEST_KERNEL = 0xfffff780;

/** Called for each sample that is whole: event, pid, tid, time (ns), period, and where its stack is in the words. */
export type SampleVisitor = (
  event: number,
  pid: number,
  tid: number,
  time: number,
  period: number,
  depth: number,
) => void;

/**
 * Reads samples: which event, whose, when, and the stack as rows of an address table in `stack`, innermost first. A caller's
 * address is the one before where it is returned to: the call may be a function's last instruction.
 */
export class SampleReader {
  stack: Int32Array = new Int32Array(1024);
  readonly #events: readonly PerfEvent[];
  readonly #layouts: SampleLayout[];
  readonly #eventOfId = new Map<number, number>();
  readonly #spaces: AddressSpaces;
  readonly #addresses: AddressTable;

  constructor(events: readonly PerfEvent[], spaces: AddressSpaces, addresses: AddressTable) {
    this.#events = events;
    this.#layouts = events.map(sampleLayout);
    for (const [index, { ids }] of events.entries()) for (const id of ids) this.#eventOfId.set(id, index);
    this.#spaces = spaces;
    this.#addresses = addresses;
  }

  /** Layout of records that are no samples: all events of a recording agree about it. */
  get anyLayout(): SampleLayout | undefined {
    return this.#layouts[0];
  }

  read({ words, at, size, misc }: PerfRecord, visit: SampleVisitor): void {
    const first = (at >> 2) + 2;
    const end = (at + size) >> 2;
    let layout = this.#layouts[0];
    if (layout === undefined) return;
    let event = 0;
    const idAt = layout.identifier >= 0 ? layout.identifier : layout.id;
    if (this.#layouts.length > 1 && idAt >= 0) {
      const word = first + idAt * 2;
      event = this.#eventOfId.get(words[word]! + words[word + 1]! * HIGH) ?? 0;
      layout = this.#layouts[event]!;
    }
    if (first + layout.chain * 2 > end) return;
    const number = (slot: number): number =>
      slot < 0 ? 0 : words[first + slot * 2]! + words[first + slot * 2 + 1]! * HIGH;
    const pid = layout.tid < 0 ? -1 : words[first + layout.tid * 2]! | 0;
    const tid = layout.tid < 0 ? -1 : words[first + layout.tid * 2 + 1]! | 0;
    const time = layout.time < 0 ? Number.NaN : number(layout.time);
    const period = layout.period < 0 ? this.#events[event]!.period : number(layout.period);
    const space = this.#spaces.spaceOf(pid);
    let depth = 0;
    if (layout.hasChain) {
      let chain = layout.chain;
      if (layout.read >= 0) chain += readWords(this.#events[event]!.readFormat, number(layout.read));
      depth = this.#readChain(words, first + chain * 2, end, space, misc);
    }
    if (depth === 0 && layout.ip >= 0) {
      const isKernel = (misc & MISC_CPU_MODE) === MISC_KERNEL;
      const word = first + layout.ip * 2;
      this.stack[0] = this.#addresses.intern(isKernel ? KERNEL_SPACE : space, words[word]!, words[word + 1]!);
      depth = 1;
    }
    visit(event, pid, tid, time, period, depth);
  }

  #readChain(words: Uint32Array, at: number, end: number, space: number, misc: number): number {
    if (at + 2 > end) return 0;
    const count = Math.min(words[at]!, (end - at - 2) >> 1);
    if (count > this.stack.length) this.stack = new Int32Array(count * 2);
    const { stack } = this;
    const table = this.#addresses;
    let current = (misc & MISC_CPU_MODE) === MISC_KERNEL ? KERNEL_SPACE : space;
    let depth = 0;
    /** The next address is where the thread stood, not where it returns to. */
    let isLeaf = true;
    for (let word = at + 2, last = word + count * 2; word < last; word += 2) {
      const low = words[word]!;
      const high = words[word + 1]!;
      if (high === CONTEXT_HIGH && low >= CONTEXT_LOW) {
        current = low === CONTEXT_KERNEL || low === CONTEXT_GUEST_KERNEL ? KERNEL_SPACE : space;
        isLeaf = true;
        continue;
      }
      if (isLeaf || low === 0) stack[depth++] = table.intern(current, low, high);
      else stack[depth++] = table.intern(current, low - 1, high);
      isLeaf = false;
    }
    return depth;
  }
}

/** Reads all records but for what samples weigh: mappings, names, switches, and which addresses there are. */
export function surveyRecords(source: ByteSource, length: number, given: readonly PerfEvent[]): Survey {
  const survey: Survey = {
    events: [...given],
    samples: 0,
    firstTime: Number.POSITIVE_INFINITY,
    lastTime: 0,
    spaces: new AddressSpaces(),
    addresses: new AddressTable(),
    switches: new SwitchTimes(),
    commands: new Map(),
    kernelText: undefined,
    lost: 0,
    jitDumps: new Map(),
    packed: 0,
    end: 'whole',
  };
  let samples = new SampleReader(survey.events, survey.spaces, survey.addresses);
  const countSample: SampleVisitor = (_event, _pid, _tid, time) => {
    survey.samples++;
    if (time < survey.firstTime) survey.firstTime = time;
    if (time > survey.lastTime) survey.lastTime = time;
  };
  survey.end = readRecords(source, length, (record) => {
    switch (record.type) {
      case RECORD.sample:
        samples.read(record, countSample);
        return;
      case RECORD.mmap:
      case RECORD.mmap2:
        addMapping(survey, record, tailTime(record, samples.anyLayout));
        return;
      case RECORD.comm:
        addCommand(survey, record);
        return;
      case RECORD.fork:
        addFork(survey, record);
        return;
      case RECORD.switch:
        addSwitch(survey, record, samples.anyLayout);
        return;
      case RECORD.lost:
        if (record.size >= 24) survey.lost += record.words[(record.at >> 2) + 4]!;
        return;
      case RECORD.lostSamples:
        if (record.size >= 16) survey.lost += record.words[(record.at >> 2) + 2]!;
        return;
      case RECORD.headerAttribute:
        if (record.size >= 72) {
          survey.events.push(eventOfRecord(record));
          samples = new SampleReader(survey.events, survey.spaces, survey.addresses);
        }
        return;
      case RECORD.compressed:
      case RECORD.compressed2:
        survey.packed++;
    }
  });
  return survey;
}

/** An event described by a record, as in files that went through a pipe: the attribute, then its ids. */
function eventOfRecord({ bytes, at, size }: PerfRecord): PerfEvent {
  const attributeBytes = Math.min(size - 8, Math.max(64, bytes.readUInt32LE(at + 12)));
  const event = readAttribute(bytes.subarray(at + 8, at + 8 + attributeBytes));
  for (let id = at + 8 + attributeBytes; id + 8 <= at + size; id += 8)
    event.ids.push(bytes.readUInt32LE(id) + bytes.readUInt32LE(id + 4) * HIGH);
  return event;
}

function tailTime({ words, at, size }: PerfRecord, layout: SampleLayout | undefined): number {
  if (layout === undefined || layout.tailTime < 0) return 0;
  const word = ((at + size) >> 2) - layout.tailTime * 2;
  return words[word]! + words[word + 1]! * HIGH;
}

function addMapping(survey: Survey, record: PerfRecord, time: number): void {
  const { words, at, size, bytes, type, misc } = record;
  const word = at >> 2;
  const isNew = type === RECORD.mmap2;
  const textAt = at + (isNew ? 72 : 40);
  if (textAt >= at + size) return;
  const pid = words[word + 2]! | 0;
  const path = zeroText(bytes, textAt, at + size);
  if (pid === -1) {
    // The kernel and its modules; the first begins with the text whose address the boot chose.
    if (/^\[kernel\.kallsyms\]_/.test(path) && survey.kernelText === undefined)
      survey.kernelText = (words[word + 9]! & 0xffff) * HIGH + words[word + 8]!;
    return;
  }
  if (isNew && (words[word + 16]! & PROT_EXEC) === 0) return;
  if (/\/jit-\d+\.dump$/.test(path)) survey.jitDumps.set(pid, path);
  const start = words[word + 4]! + words[word + 5]! * HIGH;
  const idBytes = isNew && (misc & MISC_BUILD_ID) !== 0 ? Math.min(20, bytes[at + 40]!) : 0;
  survey.spaces.map(pid, {
    time,
    start,
    end: start + words[word + 6]! + words[word + 7]! * HIGH,
    offset: words[word + 8]! + words[word + 9]! * HIGH,
    path: path.replace(/ \(deleted\)$/, ''),
    buildId: idBytes > 0 ? bytes.toString('hex', at + 44, at + 44 + idBytes) : undefined,
  });
}

function addCommand(survey: Survey, { words, at, size, bytes, misc }: PerfRecord): void {
  if (size < 24) return;
  const word = at >> 2;
  const pid = words[word + 2]! | 0;
  survey.commands.set(words[word + 3]! | 0, zeroText(bytes, at + 16, at + size));
  if ((misc & MISC_EXEC) !== 0) survey.spaces.exec(pid);
}

function addFork(survey: Survey, { words, at, size }: PerfRecord): void {
  if (size < 32) return;
  const word = at >> 2;
  const [pid, parent] = [words[word + 2]! | 0, words[word + 3]! | 0];
  const tid = words[word + 4]! | 0;
  const command = survey.commands.get(words[word + 5]! | 0);
  if (command !== undefined && !survey.commands.has(tid)) survey.commands.set(tid, command);
  survey.spaces.fork(pid, parent, words[word + 6]! + words[word + 7]! * HIGH);
}

function addSwitch(survey: Survey, record: PerfRecord, layout: SampleLayout | undefined): void {
  if (layout === undefined || layout.tailTid < 0 || layout.tailTime < 0) return;
  const { words, at, size, misc } = record;
  const word = ((at + size) >> 2) - layout.tailTid * 2;
  const out = (misc & MISC_SWITCH_OUT) !== 0;
  survey.switches.add(
    words[word]! | 0,
    words[word + 1]! | 0,
    tailTime(record, layout),
    out,
    out && (misc & MISC_SWITCH_PREEMPT) !== 0,
  );
}

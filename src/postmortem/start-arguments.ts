import { type ProcessImage, REGISTER } from '../linux/process-image.ts';

/** What the process was started with. */
export interface StartArguments {
  argv: string[];
  /** `NAME=value`, as at start. */
  environment: string[];
}

/** Bytes below the end of the stack that are looked at: arguments and environment have 2 MB at most, seldom 64 kB. */
const SEARCHED = 4 * 2 ** 20;
const LONGEST_STRING = 128 * 1024;
const MOST_STRINGS = 20_000;
/** Of all of them together: the kernel lets them have 6 MB at most, and in damaged memory all may point to the same. */
const MOST_TEXT = 8 * 2 ** 20;
/** Pairs of an auxiliary vector; Linux has about 20. */
const MOST_PAIRS = 64;
/** Places that look like such a vector and are none. */
const MOST_TRIES = 1000;
const AT_PAGESZ = 6;
const PAGE = 4096;

/**
 * Arguments and environment out of the memory of a process: the kernel writes them above the first frame of the main
 * thread's stack (x86-64 psABI §3.4.1: argc, argv…, 0, envp…, 0, auxiliary vector). Undefined: that part is missing.
 */
export function readStartArguments(image: ProcessImage): StartArguments | undefined {
  const main = image.threads.find(({ tid }) => tid === image.pid) ?? image.threads[0];
  const sp = main?.registers[REGISTER.rsp] ?? Number.NaN;
  const mapping = image.mappings.find(({ start, end }) => sp >= start && sp < end);
  if (mapping === undefined) return undefined;
  const from = Math.max(sp - (sp % 8), mapping.end - SEARCHED);
  const bytes = image.memory.bytes(from, mapping.end - from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length - (bytes.length % 8));
  const word = (at: number): number =>
    at < 0 || at + 8 > view.byteLength
      ? Number.NaN
      : view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  let tries = 0;
  let room = MOST_TEXT;
  const texts = (begin: number, end: number): string[] => {
    const list: string[] = [];
    for (let slot = begin; slot < end && room > 0; slot += 8) {
      const text = textIn(bytes, word(slot) - from);
      room -= text.length;
      list.push(text);
    }
    return list;
  };
  // The vector lies near the end; strings lie above it.
  for (let at = view.byteLength - 16; at >= 16; at -= 8) {
    if (word(at) !== AT_PAGESZ || word(at + 8) !== PAGE) continue;
    if (++tries > MOST_TRIES) return undefined;
    let first = at;
    while (at - first < 16 * MOST_PAIRS && word(first - 16) > 0 && word(first - 16) < 128) first -= 16;
    const environmentEnd = first - 8;
    if (word(environmentEnd) !== 0) continue;
    const isString = (address: number) => address > from + at && address < mapping.end;
    let environment = environmentEnd;
    while (isString(word(environment - 8)) && environmentEnd - environment < 8 * MOST_STRINGS)
      environment -= 8;
    const argvEnd = environment - 8;
    if (word(argvEnd) !== 0) continue;
    let argv = argvEnd;
    while (isString(word(argv - 8)) && argvEnd - argv < 8 * MOST_STRINGS) argv -= 8;
    if (word(argv - 8) !== (argvEnd - argv) / 8) continue;
    return { argv: texts(argv, argvEnd), environment: texts(environment, environmentEnd) };
  }
  return undefined;
}

function textIn(bytes: Uint8Array, at: number): string {
  const most = bytes.subarray(at, at + LONGEST_STRING);
  const end = most.indexOf(0);
  return Buffer.from(most.subarray(0, end < 0 ? most.length : end)).toString('utf8');
}

import { mappingAt } from '../linux/memory-map.ts';
import { REGISTER } from '../linux/process-image.ts';
import type { ThreadStack } from './stack-frame.ts';
import type { V8Reader } from './v8-reader.ts';

/** The text with which V8 or Node ended a process: what it wrote to stderr, or nearly. */
export interface FatalMessage {
  text: string;
  /** Where it was found: `arguments of node::OOMErrorHandler on the stack`. */
  from: string;
}

/** Functions that are given the text as C strings, which the compiler keeps on the stack or near it. */
const GIVEN = /FatalProcessOutOfMemory|OOMErrorHandler|OnOOMError|OnFatalError|ReportApiFailure/;
const CHECKED = /^node::Assert\b|^node::Abort\(const node::AssertionInfo/;
/** V8: src/base/logging.cc, FailureMessage: marks around the text of V8_Fatal, made for readers of cores. */
const FAILURE_MARK = 0xdecade10;
const LONGEST = 512;
/** Of the frames around the handler; HeapStats alone has 35 kB. */
const SEARCHED = 64 * 1024;

/**
 * Finds the fatal error message of the thread that died. Undefined: none of these ways to end, or the text is not to be
 * found any more.
 */
export function findFatalMessage(v8: V8Reader, thread: ThreadStack): FatalMessage | undefined {
  const registers = v8.image.threads.find(({ tid }) => tid === thread.tid)?.registers;
  const sp = registers?.[REGISTER.rsp] ?? Number.NaN;
  const firstJs = thread.frames.findIndex(({ kind }) => kind === 'js');
  const native = thread.frames.slice(0, firstJs < 0 ? 40 : firstJs);
  const failure = native.some((frame) => frame.kind !== 'js' && /^V8_Fatal\b/.test(frame.name));
  if (failure) {
    const text = markedText(v8, sp);
    if (text !== '') return { text, from: 'the text V8_Fatal keeps on the stack' };
  }
  const checked = native.find((frame) => frame.kind !== 'js' && CHECKED.test(frame.name));
  if (checked !== undefined) {
    const text = assertionText(v8, sp);
    if (text !== '') return { text, from: 'the AssertionInfo node::Assert was given' };
  }
  let last = -1;
  for (const [i, frame] of native.entries()) if (frame.kind !== 'js' && GIVEN.test(frame.name)) last = i;
  if (last < 0) return undefined;
  const texts = stringsOnStack(v8, sp, Math.min(native[last]!.fp + 256, sp + SEARCHED));
  if (texts.length === 0) return undefined;
  const handler = native.find((frame) => frame.kind !== 'js' && GIVEN.test(frame.name));
  const name = handler === undefined || handler.kind === 'js' ? '' : handler.name.replace(/\(.*$/, '');
  return { text: `FATAL ERROR: ${texts.join(' ')}`, from: `arguments of ${name} on the stack` };
}

/** The first two sentences that words of the stack point to in the binary: location and message. */
function stringsOnStack(v8: V8Reader, from: number, to: number): string[] {
  const { memory, image } = v8;
  const found: string[] = [];
  const seen = new Set<number>();
  for (let at = from - (from % 8); at < to && found.length < 2; at += 8) {
    const word = memory.word(at);
    if (!(word > 4096 && word < 2 ** 47) || seen.has(word)) continue;
    seen.add(word);
    // Constants of the program, not what it reads from users.
    if (mappingAt(image.mappings, word)?.path !== image.executable) continue;
    const text = memory.text(word, LONGEST);
    // As V8 and Node write them: a capital or a name in C++, words, no format, no line break.
    if (
      /^(?:[A-Z]|v8::|node::)[\x20-\x7e]{9,}$/.test(text) &&
      /[a-z]{3}[ :]/.test(text) &&
      !text.includes('%')
    )
      found.push(text);
  }
  return found;
}

function markedText(v8: V8Reader, sp: number): string {
  const { memory } = v8;
  for (let at = sp - (sp % 8); at < sp + SEARCHED; at += 8) {
    if (memory.low(at) !== FAILURE_MARK || memory.high(at) !== 0) continue;
    const text = memory
      .text(at + 8, LONGEST)
      .replace(/^[#\s]+|[#\s]+$/g, '')
      .replace(/\s*\n[#\s]*/g, ' ');
    if (text !== '') return text;
  }
  return '';
}

/** src/util.h: AssertionInfo { file_line, message, function }, all constants. */
function assertionText(v8: V8Reader, sp: number): string {
  const { memory } = v8;
  for (let at = sp - (sp % 8); at < sp + SEARCHED; at += 8) {
    const info = memory.word(at);
    if (!(info > 4096 && info < 2 ** 47) || info % 8 !== 0) continue;
    const place = memory.text(memory.word(info), LONGEST);
    if (!/^[\w./-]+\.(?:cc|h|c):\d+$/.test(place)) continue;
    const message = memory.text(memory.word(info + 8), LONGEST);
    const name = memory.text(memory.word(info + 16), LONGEST);
    if (message !== '') return `${place}:${name}: Assertion \`${message}' failed.`;
  }
  return '';
}

/** Where in the setting up and taking down of its frame a piece of V8's code stands. */
export type FrameStage =
  /** No frame of its own: the return address lies so many bytes above the stack pointer. */
  | { kind: 'frameless'; returnAddress: 0 | 8 }
  /** The frame pointer lies exactly so far above the stack pointer. */
  | { kind: 'exact'; depth: number }
  /** At least so far: calls that are being prepared push more. */
  | { kind: 'body'; depth: number; marker: number }
  /** The code makes no frame near its beginning, or not as we know it. */
  | { kind: 'unknown' };

/** Bytes of code before the frame is made: V8 12 and older first look whether the code is still valid. */
const LONGEST_ENTRY = 64;
/** Bytes needed from the beginning of code, and at the instruction. */
export const PROLOGUE_BYTES = 192;
export const EPILOGUE_BYTES = 12;

/**
 * Stage of code that V8 generated for x86-64: `push rbp; mov rbp, rsp; push …; sub rsp, n` at its beginning,
 * `mov rsp, rbp; pop rbp; …; ret` at its end (V8: src/compiler/backend/x64/code-generator-x64.cc, maglev-assembler-x64).
 * @param beginning of the code
 * @param here from the instruction on
 * @param done bytes from the beginning to the instruction
 */
export function frameStage(beginning: Uint8Array, here: Uint8Array, done: number): FrameStage {
  if (isReturning(here)) return { kind: 'frameless', returnAddress: 0 };
  const push = findPush(beginning);
  if (push < 0) return { kind: 'unknown' };
  if (done <= push) return { kind: 'frameless', returnAddress: 0 };
  if (done === push + 1) return { kind: 'frameless', returnAddress: 8 };
  // pop rbp: all that was pushed is gone.
  if (here[0] === 0x5d) return { kind: 'exact', depth: 0 };
  let at = push + 4;
  let depth = 0;
  let marker = Number.NaN;
  while (at + 8 <= beginning.length) {
    if (at >= done) return { kind: 'exact', depth };
    const [first, second, third] = [beginning[at]!, beginning[at + 1]!, beginning[at + 2]!];
    if (first >= 0x50 && first <= 0x57) at += 1;
    else if (first === 0x41 && second >= 0x50 && second <= 0x57) at += 2;
    else if (first === 0x6a) {
      if (depth === 0) marker = second;
      at += 2;
    } else if (first === 0x33 && second === 0xc0) {
      // xor eax, eax: Maglev pushes zeros.
      at += 2;
      continue;
    } else if (first === 0x48 && second === 0x83 && third === 0xec) {
      return reserved(beginning[at + 3]!, at + 4, depth, marker, done);
    } else if (first === 0x48 && second === 0x81 && third === 0xec) {
      const view = new DataView(beginning.buffer, beginning.byteOffset, beginning.byteLength);
      return reserved(view.getInt32(at + 3, true), at + 7, depth, marker, done);
    } else break;
    depth += 8;
  }
  return { kind: 'body', depth, marker };
}

function reserved(bytes: number, end: number, depth: number, marker: number, done: number): FrameStage {
  if (done < end) return { kind: 'exact', depth };
  return { kind: 'body', depth: depth + Math.max(0, bytes), marker };
}

/** `push rbp; mov rbp, rsp` near the beginning; −1: none. */
function findPush(code: Uint8Array): number {
  for (let at = 0; at < LONGEST_ENTRY && at + 4 <= code.length; at++) {
    if (code[at] === 0x55 && code[at + 1] === 0x48 && code[at + 2] === 0x89 && code[at + 3] === 0xe5)
      return at;
  }
  return -1;
}

/** Between `pop rbp` and `ret`: V8 compares the number of arguments with what it would take off the stack. */
function isReturning(code: Uint8Array): boolean {
  let at = 0;
  if ((code[at] === 0x48 || code[at] === 0x49) && code[at + 1] === 0x83 && (code[at + 2] ?? 0) >= 0xf8)
    at += 4;
  if (code[at] === 0x7f && code[at + 1] === 3) at += 2;
  else if (code[at] === 0x0f && code[at + 1] === 0x8f && code[at + 2] === 3) at += 6;
  else if (at > 0) return false;
  return code[at] === 0xc2 || code[at] === 0xc3;
}

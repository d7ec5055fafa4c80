/** Bytes of a function in which it sets up its frame. */
export const PROLOGUE = 96;
export const EPILOGUE = 24;

/** Opcodes of one byte with a ModRM byte that compilers put between the pushes of a prologue, and bytes of immediate. */
const WITH_MODRM: Readonly<Record<number, number>> = {
  1: 0,
  3: 0,
  41: 0,
  43: 0,
  49: 0,
  51: 0,
  57: 0,
  59: 0,
  99: 0,
  128: 1,
  129: 4,
  131: 1,
  132: 0,
  133: 0,
  136: 0,
  137: 0,
  138: 0,
  139: 0,
  141: 0,
  198: 1,
  199: 4,
};
/** Of two bytes, behind 0F: moves of vectors and of small integers, long nops. */
const WITH_MODRM_2 = new Set([
  0x10, 0x11, 0x16, 0x1f, 0x28, 0x29, 0x57, 0x6e, 0x6f, 0x7e, 0x7f, 0xb6, 0xb7, 0xbe, 0xbf, 0xd6, 0xef, 0x6c,
  0x14, 0xc6,
]);

/** Bytes between stack pointer and frame pointer where only `pop …; pop rbp; ret` is left to do; −1: elsewhere. */
export function epilogueDepth(code: Uint8Array): number {
  let depth = 0;
  for (let at = 0; at + 1 < code.length; ) {
    if (code[at] === 0x5d) return code[at + 1] === 0xc3 ? depth : -1;
    if (code[at] === 0x41 && code[at + 1]! >= 0x58 && code[at + 1]! <= 0x5f) at += 2;
    else if (code[at]! >= 0x58 && code[at]! <= 0x5f) at += 1;
    else return -1;
    depth += 8;
  }
  return -1;
}

/**
 * Bytes between stack pointer and frame pointer behind a prologue of x86-64: `push rbp; mov rbp, rsp; push …; sub rsp, n`,
 * with moves between. −1: it is none, or something stands between that is not known.
 * @param done bytes of it that have been executed
 */
export function prologueDepth(code: Uint8Array, done: number = Number.POSITIVE_INFINITY): number {
  let at = 0;
  // endbr64
  if (code[0] === 0xf3 && code[1] === 0x0f && code[2] === 0x1e && code[3] === 0xfa) at = 4;
  if (code[at] !== 0x55) return -1;
  at += 1;
  let hasFrame = false;
  let depth = 0;
  while (at + 8 <= code.length) {
    if (at >= done) return hasFrame ? depth : -1;
    const byte = code[at]!;
    if (!hasFrame && byte === 0x48 && code[at + 1] === 0x89 && code[at + 2] === 0xe5) {
      hasFrame = true;
      at += 3;
    } else if (byte === 0x41 && code[at + 1]! >= 0x50 && code[at + 1]! <= 0x57) {
      depth += 8;
      at += 2;
    } else if (byte >= 0x50 && byte <= 0x57) {
      depth += 8;
      at += 1;
    } else if (byte === 0x48 && code[at + 1] === 0x83 && code[at + 2] === 0xec)
      return hasFrame ? depth + (at + 4 <= done ? int8(code, at + 3) : 0) : -1;
    // add rsp, −128: shorter than sub rsp, 128.
    else if (byte === 0x48 && code[at + 1] === 0x83 && code[at + 2] === 0xc4)
      return hasFrame ? depth - (at + 4 <= done ? int8(code, at + 3) : 0) : -1;
    else if (byte === 0x48 && code[at + 1] === 0x81 && code[at + 2] === 0xec)
      return hasFrame ? depth + (at + 7 <= done ? int32(code, at + 3) : 0) : -1;
    else {
      // A call: whatever it needs has been pushed.
      if (byte === 0xe8) return hasFrame ? depth : -1;
      const length = plainLength(code, at);
      if (length === 0) return -1;
      at += length;
    }
  }
  return -1;
}

/** Length of an instruction that changes neither stack pointer nor flow; 0: not known to be one. */
function plainLength(code: Uint8Array, from: number): number {
  let at = from;
  if (code[at] === 0x66 || code[at] === 0xf3 || code[at] === 0xf2) at++;
  const rex = code[at]! >= 0x40 && code[at]! <= 0x4f ? code[at++]! : 0;
  const opcode = code[at++]!;
  if (opcode >= 0xb8 && opcode <= 0xbf) return at - from + ((rex & 8) !== 0 ? 8 : 4);
  if (opcode === 0x90) return at - from;
  let immediate = WITH_MODRM[opcode];
  if (opcode === 0x0f) {
    const second = code[at++]!;
    if (!WITH_MODRM_2.has(second)) return 0;
    immediate = second === 0xc6 ? 1 : 0;
  }
  if (immediate === undefined) return 0;
  const modrm = code[at++]!;
  const mode = modrm >> 6;
  const register = modrm & 7;
  // add, sub, and of the stack pointer itself.
  if (mode === 3 && register === 4 && (rex & 1) === 0 && opcode !== 0x89 && opcode !== 0x8b) return 0;
  if (mode !== 3 && register === 4) {
    const base = code[at++]! & 7;
    if (mode === 0 && base === 5) at += 4;
  } else if (mode === 0 && register === 5) at += 4;
  if (mode === 1) at += 1;
  else if (mode === 2) at += 4;
  return at - from + (opcode === 0x81 && code[from] === 0x66 ? 2 : immediate);
}

function int8(code: Uint8Array, at: number): number {
  return (code[at]! << 24) >> 24;
}

function int32(code: Uint8Array, at: number): number {
  return new DataView(code.buffer, code.byteOffset, code.byteLength).getInt32(at, true);
}

import type { FrameRow, FrameRule } from './call-frame-info.ts';
import { evaluateExpression } from './dwarf-expression.ts';
import type { NativeFrame } from './native-frame.ts';
import type { ImageSymbols } from './native-symbol.ts';
import { type ProcessImage, REGISTER, type Registers, type ThreadImage } from './process-image.ts';
import { StackWalk } from './stack-walk.ts';

const MOST = 20_000;
/** What a called function must give back as it found it, on x86-64: rbx rbp r12 … r15. */
const KEPT = [3, 6, 12, 13, 14, 15] as const;

/**
 * Physical frames of a thread, innermost first: by `.eh_frame` where the binary has it, else by the frame pointer; where
 * that is not known (a live process gives only pc and sp, and code without frame pointers uses the register for other
 * things), from the place on the stack that the longest chain of frame pointers begins at (research/postmortem.md §3.1).
 *
 * Bounded: each frame lies above the one before. Never throws for bad memory.
 */
export function unwind(
  image: ProcessImage,
  thread: ThreadImage,
  symbols: ImageSymbols,
  { most = MOST }: { most?: number } = {},
): NativeFrame[] {
  const registers = Float64Array.from(thread.registers);
  const stack = new StackWalk(image, registers[REGISTER.rsp]!);
  const frames: NativeFrame[] = [];
  let how: NativeFrame['how'] = 'registers';
  let isReturnAddress = false;
  let lost = false;
  while (frames.length < most) {
    const pc = registers[REGISTER.rip]!;
    const sp = registers[REGISTER.rsp]!;
    if (!(pc > 0) || (frames.length > 0 && !stack.isCode(pc))) break;
    const row = symbols.frameRowAt(isReturnAddress ? pc - 1 : pc);
    let step = row === undefined ? undefined : stepByRules(image, stack, row, registers);
    let isGuess = false;
    if (step === undefined && !stack.leadsOn(registers[REGISTER.rbp]!, sp)) {
      const symbol = row !== undefined && needsFramePointer(row) ? symbols.at(pc) : undefined;
      const own = symbol === undefined ? Number.NaN : stack.framePointerOf(sp, pc - symbol.offset, pc);
      const found = Number.isNaN(own) ? stack.longestChain(sp) : own;
      // Code with rules that need the frame pointer has one of its own: the nearest chain is right. So is it for JIT code.
      isGuess = row !== undefined && !needsFramePointer(row);
      registers[REGISTER.rbp] = found;
      if (row !== undefined && !Number.isNaN(found)) step = stepByRules(image, stack, row, registers);
    }
    frames.push({
      pc,
      fp: registers[REGISTER.rbp]!,
      sp,
      isReturnAddress,
      how,
      ...(lost ? { lost: true } : {}),
    });
    lost = isGuess;
    how = step !== undefined ? 'cfi' : isGuess ? 'scan' : 'frame-pointer';
    step ??= stepByPointer(image, stack, registers[REGISTER.rbp]!);
    if (step === undefined || !(step[REGISTER.rsp]! > sp)) break;
    registers.set(step);
    isReturnAddress = row === undefined || how !== 'cfi' || !row.isSignalFrame;
  }
  return frames;
}

function needsFramePointer({ cfa }: FrameRow): boolean {
  return cfa.kind === 'register' && cfa.register === REGISTER.rbp;
}

/** The caller's registers by rules; undefined: something that they need is not known. */
function stepByRules(
  image: ProcessImage,
  stack: StackWalk,
  row: FrameRow,
  registers: Registers,
): Registers | undefined {
  const cfa = cfaOf(image, row.cfa, registers);
  if (!stack.holds(cfa - 8)) return undefined;
  const next = new Float64Array(REGISTER.count).fill(Number.NaN);
  for (const register of KEPT)
    next[register] = callerValue(
      image,
      row.registers.get(register) ?? { kind: 'same' },
      cfa,
      registers,
      register,
    );
  next[REGISTER.rsp] = cfa;
  const own = row.registers.get(REGISTER.rsp);
  if (own !== undefined) next[REGISTER.rsp] = callerValue(image, own, cfa, registers, REGISTER.rsp);
  const back = row.registers.get(row.returnRegister) ?? { kind: 'undefined' };
  next[REGISTER.rip] = callerValue(image, back, cfa, registers, row.returnRegister);
  return next;
}

function cfaOf(image: ProcessImage, rule: FrameRule, registers: Registers): number {
  if (rule.kind === 'register') return (registers[rule.register] ?? Number.NaN) + rule.offset;
  if (rule.kind === 'value-expression') return evaluateExpression(rule.bytes, registers, image.memory);
  return Number.NaN;
}

function callerValue(
  { memory }: ProcessImage,
  rule: FrameRule,
  cfa: number,
  registers: Registers,
  register: number,
): number {
  switch (rule.kind) {
    case 'same':
      return registers[register] ?? Number.NaN;
    case 'offset':
      return memory.word(cfa + rule.offset);
    case 'value':
      return cfa + rule.offset;
    case 'register':
      return registers[rule.register] ?? Number.NaN;
    case 'expression':
      return memory.word(evaluateExpression(rule.bytes, registers, memory, cfa));
    case 'value-expression':
      return evaluateExpression(rule.bytes, registers, memory, cfa);
    default:
      return Number.NaN;
  }
}

/** By the frame pointer; code of V8 keeps no other register for its caller. */
function stepByPointer({ memory }: ProcessImage, stack: StackWalk, fp: number): Registers | undefined {
  if (!stack.holds(fp) || !stack.holds(fp + 8)) return undefined;
  const next = new Float64Array(REGISTER.count).fill(Number.NaN);
  next[REGISTER.rip] = memory.word(fp + 8);
  next[REGISTER.rbp] = memory.word(fp);
  next[REGISTER.rsp] = fp + 16;
  return next;
}

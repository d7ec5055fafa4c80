import { DwarfCursor } from './dwarf-cursor.ts';
import type { PagedMemory } from './memory.ts';

const MOST_STEPS = 1000;
const MOST_VALUES = 64;

/**
 * Evaluates a DWARF expression as call frame information uses them (DWARF 5, §2.5): of PLT entries and signal frames.
 * NaN: it needs a register or memory that is not known, or an operation they never use.
 */
export function evaluateExpression(
  bytes: Uint8Array,
  registers: Float64Array,
  memory: PagedMemory,
  initial?: number,
): number {
  const cursor = new DwarfCursor(bytes, 0);
  const stack: number[] = initial === undefined ? [] : [initial];
  try {
    for (let step = 0; !cursor.isAtEnd; step++) {
      if (step > MOST_STEPS || stack.length > MOST_VALUES) return Number.NaN;
      if (!operate(cursor, stack, registers, memory)) return Number.NaN;
    }
  } catch (error) {
    if (error instanceof RangeError) return Number.NaN;
    throw error;
  }
  return stack.at(-1) ?? Number.NaN;
}

function operate(
  cursor: DwarfCursor,
  stack: number[],
  registers: Float64Array,
  memory: PagedMemory,
): boolean {
  const code = cursor.u8();
  const pop = (): number => stack.pop() ?? Number.NaN;
  if (code >= 0x30 && code <= 0x4f) {
    stack.push(code - 0x30);
    return true;
  }
  if (code >= 0x70 && code <= 0x8f) {
    stack.push((registers[code - 0x70] ?? Number.NaN) + cursor.sleb());
    return true;
  }
  switch (code) {
    case 0x03:
      stack.push(cursor.u64());
      return true;
    case 0x06:
      stack.push(memory.word(pop()));
      return true;
    case 0x08:
      stack.push(cursor.u8());
      return true;
    case 0x09:
      stack.push((cursor.u8() << 24) >> 24);
      return true;
    case 0x0a:
      stack.push(cursor.u16());
      return true;
    case 0x0b:
      stack.push((cursor.u16() << 16) >> 16);
      return true;
    case 0x0c:
      stack.push(cursor.u32());
      return true;
    case 0x0d:
      stack.push(cursor.i32());
      return true;
    case 0x10:
      stack.push(cursor.uleb());
      return true;
    case 0x11:
      stack.push(cursor.sleb());
      return true;
    case 0x12:
      stack.push(stack.at(-1) ?? Number.NaN);
      return true;
    case 0x13:
      pop();
      return true;
    case 0x14:
      stack.push(stack.at(-2) ?? Number.NaN);
      return true;
    case 0x16: {
      const [top, below] = [pop(), pop()];
      stack.push(top, below);
      return true;
    }
    case 0x1f:
      stack.push(-pop());
      return true;
    case 0x23:
      stack.push(pop() + cursor.uleb());
      return true;
    case 0x96:
      return true;
    default: {
      const [right, left] = [pop(), pop()];
      const value = combine(code, left, right);
      stack.push(value ?? Number.NaN);
      return value !== undefined;
    }
  }
}

function combine(code: number, left: number, right: number): number | undefined {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN;
  switch (code) {
    // Bitwise operations of 64 bits: rare enough for BigInt.
    case 0x1a:
      return Number(BigInt(left) & BigInt(right));
    case 0x21:
      return Number(BigInt(left) | BigInt(right));
    case 0x1c:
      return left - right;
    case 0x1e:
      return left * right;
    case 0x22:
      return left + right;
    case 0x24:
      return left * 2 ** right;
    case 0x25:
      return Math.floor(left / 2 ** right);
    case 0x29:
      return Number(left === right);
    case 0x2a:
      return Number(left >= right);
    case 0x2b:
      return Number(left > right);
    case 0x2c:
      return Number(left <= right);
    case 0x2d:
      return Number(left < right);
    case 0x2e:
      return Number(left !== right);
    default:
      return undefined;
  }
}

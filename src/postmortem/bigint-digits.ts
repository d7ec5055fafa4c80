import { typeOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { valueFields } from './value-fields.ts';

/** Bits that are turned into decimal digits: that takes time with the square of them. */
const MOST_WORDS = 1024;
/** Digits of 64 bits that are read of longer ones. */
const MOST_READ = 4096;

/**
 * Decimal digits of a BigInt, with its sign (V8: src/objects/bigint.h: u32 of sign and number of 64-bit digits, then the
 * digits, lowest first). Undefined: there is none, or it is damaged; very long ones come as `0x…`, their
 * lowest digits only when they have more than a quarter of a million bits.
 */
export function bigIntDigits(v8: V8Reader, object: number): string | undefined {
  const { layout, memory } = v8;
  const bitField = memory.u32(object - 1 + layout.offset('BigInt.bitField'));
  if (Number.isNaN(bitField)) return undefined;
  const words = (bitField >>> 1) & 0x3fff_ffff;
  const sign = bitField & 1 ? '-' : '';
  if (words === 0) return '0';
  // V8's own limit is 2^30 bits; damage seldom keeps to it.
  if (words > 1 << 24) return undefined;
  const bytes = memory.bytes(object - 1 + layout.offset('BigInt.digits'), Math.min(words, MOST_READ) * 8);
  if (bytes.length < Math.min(words, MOST_READ) * 8) return undefined;
  const hex = Buffer.from(bytes)
    .reverse()
    .toString('hex')
    .replace(/^0+(?=.)/, '');
  return words <= MOST_WORDS ? `${sign}${BigInt(`0x${hex}`)}` : `${sign}0x${hex}`;
}

export function isBigInt(v8: V8Reader, object: number): boolean {
  return typeOf(v8, object) === valueFields(v8.layout).types.bigInt;
}

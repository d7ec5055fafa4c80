/**
 * 32 bits over a column, by which damage is found: Fletcher's two sums over 32-bit words, so that order counts. Not CRC-32: that
 * takes longer in Node 20 than writing the column, and what is to be found are lost or foreign blocks, not single bits.
 * `bytes` begins at a multiple of four in its buffer.
 */
export function sumColumn(bytes: Uint8Array): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  let sum = bytes.length | 0;
  let order = 0;
  for (let i = 0; i < words.length; i++) {
    sum = (sum + words[i]!) | 0;
    order = (order + sum) | 0;
  }
  for (let i = bytes.length & ~3; i < bytes.length; i++) {
    sum = (sum + bytes[i]!) | 0;
    order = (order + sum) | 0;
  }
  return (order ^ Math.imul(sum, 0x9e3779b1)) >>> 0;
}

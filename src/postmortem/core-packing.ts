import { readSync } from 'node:fs';

export type Packing = 'gzip' | 'zstd' | 'lz4';

/**
 * How an open file is packed, by its first bytes: RFC 1952, RFC 8878, lz4_Frame_format.md (legacy and skippable frames
 * included); undefined: not. Apart from the unpackers, which most cores do not need.
 */
export function packingOf(fd: number): Packing | undefined {
  const head = Buffer.alloc(4);
  if (readSync(fd, head, 0, 4, 0) < 4) return undefined;
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const magic = head.readUInt32LE(0);
  if (magic === 0xfd2fb528) return 'zstd';
  return magic === 0x184d2204 || magic === 0x184c2102 || (magic & ~15) === 0x184d2a50 ? 'lz4' : undefined;
}

import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { HolterError } from '../base/errors.ts';

/** How a core is packed. */
export type CorePacking = 'gzip' | 'zstd';

/** zstd from Node 22.15 on; it is three times as fast and packs better. */
export function bestPacking(): CorePacking {
  return 'createZstdCompress' in zlib ? 'zstd' : 'gzip';
}

/**
 * Packs a file into another (mode 0600), which must not exist. Level 1 of gzip: cores are large, and higher ones gain little.
 * @throws errors of the file system as they are; HolterError E_OPTIONAL_MISSING: no zstd in this Node
 */
export async function packCore(
  from: string,
  to: string,
  packing: CorePacking,
  signal: AbortSignal,
): Promise<void> {
  const make = (zlib as unknown as Record<string, undefined | (() => NodeJS.ReadWriteStream)>)
    .createZstdCompress;
  if (packing === 'zstd' && make === undefined)
    throw new HolterError('E_OPTIONAL_MISSING', 'this Node cannot pack with zstd: 22.15 or later can', {
      hint: '--compress gzip',
    });
  const packer = packing === 'zstd' ? make!() : zlib.createGzip({ level: 1, chunkSize: 2 ** 18 });
  await pipeline(
    createReadStream(from, { highWaterMark: 2 ** 20 }),
    packer,
    createWriteStream(to, { flags: 'wx', mode: 0o600 }),
    { signal },
  );
}

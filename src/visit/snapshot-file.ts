import { randomBytes } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';
import { errnoOf, HolterError } from '../base/errors.ts';
import type { Bytes } from '../base/units.ts';

/** A heap snapshot on its way to disk: 0600, under another name until it is whole. */
export interface SnapshotFile {
  /** Never throws; an error of the disk is kept, and everything after it dropped. */
  write(text: string): void;
  /** Waits until all is on disk and gives it its name. Returns its size. @throws HolterError E_WRITE */
  commit(): Promise<Bytes>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** With this much waiting for the disk, the target is read no further until it has been written. */
const HIGH_BYTES = 64 * 2 ** 20;
const LOW_BYTES = 16 * 2 ** 20;

/**
 * Begins a file; gzip when its name ends in `.gz`. `hold` and `release` stop and restart the flow from the target.
 */
export function beginSnapshotFile(path: string, flow: { hold(): void; release(): void }): SnapshotFile {
  const partial = `${path}.${randomBytes(4).toString('hex')}.part`;
  const file: WriteStream = createWriteStream(partial, { flags: 'wx', mode: 0o600 });
  // Level 1: V8 gives 100 MB a second, and level 6 takes a third of that.
  const gzip: Gzip | undefined = path.endsWith('.gz') ? createGzip({ level: 1 }) : undefined;
  gzip?.pipe(file);
  const entry = gzip ?? file;
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    flow.release();
  };
  file.on('error', fail);
  gzip?.on('error', fail);
  let held = false;
  let waiting = 0;
  return {
    write(text) {
      if (failure !== undefined) return;
      const bytes = Buffer.from(text, 'utf8');
      waiting += bytes.length;
      if (waiting > HIGH_BYTES && !held) {
        held = true;
        flow.hold();
      }
      entry.write(bytes, () => {
        waiting -= bytes.length;
        if (held && waiting < LOW_BYTES) {
          held = false;
          flow.release();
        }
      });
    },
    async commit() {
      try {
        if (failure !== undefined) throw failure;
        entry.end();
        await finished(file);
        if (failure !== undefined) throw failure;
        await rename(partial, path);
        return file.bytesWritten;
      } catch (error) {
        await rm(partial, { force: true }).catch(() => {});
        throw new HolterError(
          'E_WRITE',
          errnoOf(error) === 'ENOSPC'
            ? `cannot write ${path}: the disk is full`
            : `cannot write ${path}: ${(error as Error).message}`,
          {
            hint: 'give another place with -o, or a name that ends in .gz (a fifth of the size)',
            cause: error,
          },
        );
      }
    },
    async discard() {
      failure ??= new Error('discarded');
      flow.release();
      gzip?.unpipe(file);
      gzip?.destroy();
      const closed = finished(file).catch(() => {});
      file.destroy();
      // Opened or not by now: after this nothing creates it any more.
      await closed;
      await rm(partial, { force: true }).catch(() => {});
    },
  };
}

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BOX_COLUMNS, BOX_FILES, type BoxColumn, makeRing, ringOffset } from '../metrics/black-box.ts';

/** Ten minutes at a row a second. */
export const RING_ROWS = 600;

/** The ring file being written: one `write` of a row into a file that has its size from the start. */
export interface VitalsRing {
  write(row: Readonly<Partial<Record<BoxColumn, number>>>): void;
  close(): void;
}

/** A row written is in the kernel's hands: it survives `kill -9` and the OOM killer, not the machine going down. */
export function openRing(folder: string): VitalsRing {
  const file = openSync(join(folder, BOX_FILES.ring), 'w', 0o600);
  writeSync(file, makeRing(RING_ROWS));
  const row = new Float64Array(BOX_COLUMNS.length);
  const bytes = new Uint8Array(row.buffer);
  let sequence = 0;
  return {
    write(values) {
      for (const [index, column] of BOX_COLUMNS.entries()) row[index] = values[column] ?? Number.NaN;
      try {
        writeSync(file, bytes, 0, bytes.length, ringOffset(sequence++, RING_ROWS));
      } catch {
        // A full disk: its blocks were taken at the start, but not on every file system.
      }
    },
    close: () => closeSync(file),
  };
}

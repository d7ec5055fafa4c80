import { closeSync, openSync, readSync } from 'node:fs';

/**
 * A small /proc or cgroup file kept open and read again from its start: a third of the cost of opening it each time,
 * and it can never turn into the file of another process that got the same pid.
 */
export class KeptFile {
  #fd: number | undefined;
  readonly #bytes: Buffer;

  /** `size` = bytes read at most; the rest of a longer file is cut. */
  constructor(path: string, size: number = 4096) {
    this.#bytes = Buffer.allocUnsafe(size);
    try {
      this.#fd = openSync(path, 'r');
    } catch {
      // Gone or denied: read() says so.
    }
  }

  /** The text now; undefined once the process has ended or when it could not be opened. */
  read(): string | undefined {
    if (this.#fd === undefined) return undefined;
    try {
      return this.#bytes.toString('latin1', 0, readSync(this.#fd, this.#bytes, 0, this.#bytes.length, 0));
    } catch {
      this.close();
      return undefined;
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

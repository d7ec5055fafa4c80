/**
 * The string table of a snapshot, undecoded: bytes of JSON string literals and where each begins. Decoding all of them
 * would cost more than all other columns together, and a reader looks at a few thousand.
 */
export interface SnapshotStrings {
  readonly count: number;
  /** Text of string `index`, decoded once and kept in a small cache. '' for an index that does not exist. V8 cuts at 1024 characters. */
  get(index: number): string;
  /** Bytes of the literal without its quotes (escapes still in), for searching; valid until the next call. */
  bytes(index: number): Uint8Array;
  /** Index of exactly this text, −1 when no string is it. The first call per text scans the table. */
  find(text: string): number;
  /**
   * Indexes whose text begins with `prefix` (ASCII without `"` and `\`), begins with a number followed by `afterDigits`,
   * or contains `infix`; ascending. One scan.
   */
  search(pattern: { prefix?: string; infix?: string; afterDigits?: string }): Uint32Array;
  /** What another thread needs to read the same strings (`openStrings`); absent from tables that are drawn. */
  readonly shared?: SharedStrings;
}

/**
 * Literals one behind the other, as in the file: string `i` is between the byte at `offset(i)`, which follows its opening
 * quote, and the last quote before the opening one of `i + 1`. To be sent to workers: nothing in it is copied.
 */
export interface SharedStrings {
  /** For messages. */
  readonly name: string;
  /** Literals there are. */
  readonly count: number;
  /** 1: a last, empty string follows them and stands for all names that are missing. */
  readonly nameless: 0 | 1;
  /**
   * `offset(i) = bases[i >>> 16] + offsets[i]`, from the beginning of the section; one more than there are strings, the
   * last one where the section ends. So four bytes a string do for sections over 4 GB.
   */
  readonly offsets: Uint32Array;
  readonly bases: Float64Array;
  /** The section in memory. */
  readonly blob?: Uint8Array;
  /** Where it is in a plain file: read again when asked for, unless there is `blob`. */
  readonly file?: {
    readonly path: string;
    /** Of the section in the file. */
    readonly begin: number;
    readonly size: number;
    readonly mtimeNs: bigint;
  };
}

/** Strings for each value of `SharedStrings.bases`, as a shift. */
export const BASE_SHIFT = 16;

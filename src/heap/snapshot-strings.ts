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
  /** Indexes whose text begins with `prefix` (ASCII without `"` and `\`), or contains `infix`; ascending. One scan. */
  search(pattern: { prefix?: string; infix?: string }): Uint32Array;
}

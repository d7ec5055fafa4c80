/** Lines of files by path; the shape of `SourceBook` in doctor/evidence.ts. */
export interface SourceBook {
  /** All lines of a file as named in FrameTable.file, or undefined when it is not in the book. */
  lines(file: string): readonly string[] | undefined;
}

/** A book over whole texts by path. Splits a file when it is first asked for; `\r\n` is one line end. */
export function makeSourceBook(files: ReadonlyMap<string, string>): SourceBook {
  const split = new Map<string, readonly string[]>();
  return {
    lines(file) {
      const known = split.get(file);
      if (known !== undefined) return known;
      const text = files.get(file);
      if (text === undefined) return undefined;
      const lines = text.split(/\r\n|\n|\u2028|\u2029/);
      split.set(file, lines);
      return lines;
    },
  };
}

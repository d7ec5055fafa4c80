/** A place in source code, as people read it. */
export interface Place {
  /** Function or class it is, '' unknown. */
  function: string;
  /** Path or URL; after source maps where there are any. */
  file: string;
  /** 1-based; 0 = unknown. */
  line: number;
  column: number;
  /** npm package, '' for the user's own code. */
  package: string;
}

import { readFileSync } from 'node:fs';

/** What is known to be wrong with a program of test/targets or bench/verdicts: its first line, as JSON. */
export interface TargetExpectation {
  /** Kind of design.md §6, or `healthy`. */
  kind: string;
  /** Other kinds that say the same of it. */
  kinds?: string[];
  /** Kinds that are also true of it and no false alarm. */
  also?: string[];
  /** Acceptable names of the blamed function; empty = not judged. */
  functions: string[];
  /** 1-based line an engineer would want named; 0 = not judged. */
  line: number;
  /** All 1-based lines that are as good. */
  lines: number[];
  /** Load it needs to show its trouble. */
  load?: {
    path: string;
    connections: number;
    rate?: number;
    paths?: string[];
    method?: string;
    body?: string;
  };
  /** Asked for once, without waiting for the answer: the request that gets it stuck. */
  trigger?: string;
  /** Busy neighbours on the same CPU it is pinned to. */
  starve?: number;
  nodeArgs?: string[];
  env?: Record<string, string>;
}

const MARK = '// holter-expect ';

/** Reads the expectation of a target; throws when the first line holds none. */
export function readExpectation(file: string): TargetExpectation {
  const first = readFileSync(file, 'utf8').split('\n', 1)[0] ?? '';
  if (!first.startsWith(MARK)) throw new Error(`${file}: no "${MARK.trim()}" in the first line`);
  const raw = JSON.parse(first.slice(MARK.length)) as Partial<TargetExpectation> & {
    function?: string;
  };
  const line = raw.line ?? 0;
  return {
    ...raw,
    kind: raw.kind ?? 'healthy',
    functions: raw.functions ?? (raw.function === undefined ? [] : [raw.function]),
    line,
    lines: raw.lines ?? (line > 0 ? [line] : []),
  };
}

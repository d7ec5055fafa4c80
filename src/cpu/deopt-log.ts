import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';

/** A place in a script, generated; line and column 1-based. Of the function only what its text says, '' = unknown. */
export interface DeoptFrame {
  function: string;
  url: string;
  line: number;
  column: number;
}

/** Optimised code that was thrown away at one place for one reason. */
export interface DeoptSite {
  /** V8's words: `wrong map`; see deopt-reason.ts. */
  reason: string;
  /** Where it happened, innermost first; the last frame is of the function whose code it was, the others were built into it. */
  frames: DeoptFrame[];
  /** How often between one look and the next: one number less than there are looks. */
  counts: number[];
}

/** `deopts.json` of a recording: what V8's CPU profiler noted of deoptimisations, by differences between looks. */
export interface DeoptLog {
  schema: 'holter.deopts/1';
  /** When it was looked, ms after the window's start; the first look only sets the base. Empty: the thread was not busy. */
  looks: Milliseconds[];
  /** Sites of the program's scripts, most frequent first. */
  sites: DeoptSite[];
  /** What was left out, in a sentence. */
  limit?: string;
}

/**
 * Reads `deopts.json`; sites that are not sound are left out.
 * @throws HolterError E_FILE_TRUNCATED when it is no JSON, E_FILE_FORMAT when it is none of ours
 */
export function readDeoptLog(text: string): DeoptLog {
  let log: Partial<DeoptLog> | null;
  try {
    log = JSON.parse(text);
  } catch (cause) {
    throw new HolterError('E_FILE_TRUNCATED', 'deopts.json is damaged: no JSON', { cause });
  }
  if (log?.schema !== 'holter.deopts/1' || !Array.isArray(log.looks) || !Array.isArray(log.sites))
    throw new HolterError('E_FILE_FORMAT', 'deopts.json is not holter.deopts/1');
  return {
    schema: log.schema,
    looks: log.looks.map(Number),
    sites: log.sites.filter(isSite),
    ...(typeof log.limit === 'string' ? { limit: log.limit } : {}),
  };
}

function isSite(site: unknown): site is DeoptSite {
  const { reason, frames, counts } = (site ?? {}) as Partial<Record<keyof DeoptSite, unknown>>;
  return (
    typeof reason === 'string' &&
    Array.isArray(counts) &&
    counts.every((count) => typeof count === 'number') &&
    Array.isArray(frames) &&
    frames.every(
      (frame: Partial<DeoptFrame> | null) =>
        typeof frame?.function === 'string' &&
        typeof frame.url === 'string' &&
        typeof frame.line === 'number' &&
        typeof frame.column === 'number',
    )
  );
}

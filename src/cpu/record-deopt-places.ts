import type { Milliseconds } from '../base/units.ts';
import type { Session } from '../cdp/session.ts';
import { enclosingFunctionName } from '../source-map/function-name.ts';
import type { DeoptFrame } from './deopt-log.ts';

/** A place as V8's profiler keeps it: script id and 0-based offset in the script's text. */
export interface ScriptPosition {
  scriptId: number;
  position: number;
}

/** Looks up one place; undefined for scripts of Node, of holter, without a URL, and those that are gone. */
export type PlaceOf = (place: ScriptPosition) => DeoptFrame | undefined;

/**
 * Asks the target where places are. The debugger is switched on for a moment, because only then Node tells its
 * scripts: it stalls the thread for 10–20 ms, once. Texts of at most `MOST_SCRIPTS` scripts are read.
 * @throws HolterError of the session
 */
export async function askPlaces(
  session: Session,
  places: readonly ScriptPosition[],
): Promise<{ placeOf: PlaceOf; pauseMs: Milliseconds }> {
  const urls = new Map<string, string>();
  const texts = new Map<number, { url: string; lines: string[]; starts: Float64Array }>();
  let pauseMs = 0;
  const off = session.on('Debugger.scriptParsed', ({ scriptId, url }) => void urls.set(scriptId, url));
  try {
    const begin = performance.now();
    await session.send('Debugger.enable', {}, { timeoutMs: 2000 });
    pauseMs = performance.now() - begin;
    for (const scriptId of [...new Set(places.map((place) => place.scriptId))].slice(0, MOST_SCRIPTS)) {
      const url = urls.get(String(scriptId)) ?? '';
      if (!/^(?:file:\/\/)?\//.test(url)) continue;
      const answer = await session
        .send('Debugger.getScriptSource', { scriptId: String(scriptId) }, { timeoutMs: 3000 })
        .catch(() => undefined);
      if (answer !== undefined) texts.set(scriptId, { url, ...splitLines(answer.scriptSource) });
    }
  } finally {
    off();
    await session.send('Debugger.disable', undefined, { timeoutMs: 5000 }).catch(() => {});
  }
  const placeOf: PlaceOf = ({ scriptId, position }) => {
    const text = texts.get(scriptId);
    if (text === undefined || position >= text.starts.at(-1)!) return undefined;
    const line = lineAt(text.starts, position);
    const column = position - text.starts[line - 1]! + 1;
    return { function: enclosingFunctionName(text.lines, line, column), url: text.url, line, column };
  };
  return { placeOf, pauseMs };
}

const MOST_SCRIPTS = 20;

/** Lines of a text and the offset each begins at; the last offset is beyond its end. */
function splitLines(text: string): { lines: string[]; starts: Float64Array } {
  const lines = text.split('\n');
  const starts = new Float64Array(lines.length + 1);
  for (const [at, line] of lines.entries()) starts[at + 1] = starts[at]! + line.length + 1;
  return { lines, starts };
}

/** 1-based line of an offset. */
function lineAt(starts: Float64Array, position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= position) low = middle;
    else high = middle;
  }
  return low + 1;
}

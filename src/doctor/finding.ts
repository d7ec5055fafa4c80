import { formatNumber } from '../base/quantity.ts';
import type { Blame } from '../cpu/blame.ts';
import type { BlamedPlace } from '../cpu/call-chain.ts';
import { ANONYMOUS } from '../cpu/call-line.ts';
import { callPattern } from '../cpu/function-source.ts';
import type { Evidence } from './evidence.ts';
import type { EvidenceLine, SourceExcerpt, Where } from './report.ts';

/** Path as an engineer in the target's folder would type it. */
export function displayPath(file: string, cwd: string): string {
  let path = file;
  if (path.startsWith('file://')) {
    try {
      path = decodeURIComponent(path.slice('file://'.length));
    } catch {
      path = path.slice('file://'.length);
    }
  }
  const below = cwd.endsWith('/') ? cwd : `${cwd}/`;
  return cwd !== '' && path.startsWith(below) ? path.slice(below.length) : path;
}

/** Places of a blame as the report lists them. */
export function whereOf(places: readonly BlamedPlace[], cwd: string): Where[] {
  return places.map((place) => ({
    function: place.function,
    file: displayPath(place.file, cwd),
    line: place.line,
    column: place.column,
    share: place.share === null ? null : round(place.share, 4),
    package: place.package,
  }));
}

/** How a sentence calls a function: by name, or by what is known of it. `pkg` in brackets for dependencies. */
export function callName(place: BlamedPlace | undefined): string {
  if (place === undefined) return 'native code';
  const name =
    place.function === ANONYMOUS || place.function === '' ? 'an anonymous function' : place.function;
  return place.package === '' || place.package === 'node' ? name : `${name} (package ${place.package})`;
}

const EXCERPT_LINES = 4;

/** Four lines around a place; undefined when the source is not in the recording. `file` as in the models, not shortened. */
export function excerptAt(
  evidence: Evidence,
  place: { file: string; line: number } | undefined,
): SourceExcerpt | undefined {
  const lines = place && evidence.sources.lines(place.file);
  if (place === undefined || lines === undefined || place.line < 1 || place.line > lines.length)
    return undefined;
  const firstLine = Math.max(1, place.line - EXCERPT_LINES);
  return {
    file: displayPath(place.file, evidence.manifest.target.cwd),
    firstLine,
    // A bundle has lines of a megabyte; nobody reads past the first screen.
    lines: lines.slice(firstLine - 1, place.line + EXCERPT_LINES).map((line) => line.slice(0, 500)),
    blamedLine: place.line,
    shares: {},
  };
}

/** The same of the blamed place, with shares of its lines and the callee underlined. */
export function excerptOf(evidence: Evidence, blame: Blame): SourceExcerpt | undefined {
  const place = blame.places[0];
  const excerpt = excerptAt(evidence, place);
  if (place === undefined || excerpt === undefined) return undefined;
  const { firstLine } = excerpt;
  for (const [line, share] of blame.lineShares) {
    if (line >= firstLine && line < firstLine + excerpt.lines.length && share >= 0.0005) {
      excerpt.shares[String(line)] = round(share, 4);
    }
  }
  const line = evidence.sources.lines(place.file)?.[place.line - 1] ?? '';
  const underline = calleeRange(line, blame.callee?.function);
  if (underline !== undefined) excerpt.underline = underline;
  return excerpt;
}

function calleeRange(line: string, callee: string | undefined): [number, number] | undefined {
  const pattern = callee === undefined ? undefined : callPattern(callee);
  const match = pattern?.exec(line);
  if (match === null || match === undefined) return undefined;
  const name = /[\w$#]+/.exec(match[0])!;
  return [match.index + name.index, match.index + name.index + name[0].length];
}

/** The blamed line of source, '' when not at hand. */
export function blamedText(evidence: Evidence, blame: Blame): string {
  const place = blame.places[0];
  return (place && evidence.sources.lines(place.file)?.[place.line - 1]) ?? '';
}

/** A measured value against its limit, with its sentence. */
export function evidenceLine(
  signal: string,
  value: number,
  unit: string,
  limit: number | null,
  sense: 'above' | 'below' = 'above',
): EvidenceLine {
  const verdict =
    limit === null
      ? ''
      : sense === 'above'
        ? `, limit ${formatNumber(limit)} ${unit}`
        : `, must stay below ${formatNumber(limit)} ${unit} and does${value < limit ? '' : ' not'}`;
  return {
    signal,
    value: round(value, 3),
    unit,
    limit,
    sense,
    text: `${signal.charAt(0).toUpperCase()}${signal.slice(1)}: ${`${formatNumber(value)} ${unit}`.trimEnd()}${verdict}.`,
  };
}

/** Two places, within what a rule may claim: never certain, never below a coin. */
export function confidenceOf(value: number): number {
  return round(Math.min(0.99, Math.max(0.3, value)), 2);
}

/** `value` with at most `places` decimals. */
export function round(value: number, places: number): number {
  const scale = 10 ** places;
  return Number.isFinite(value) ? Math.round(value * scale) / scale : value;
}

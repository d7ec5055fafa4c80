import { functionsOfBytecode } from './bytecode-owners.ts';
import { readOptimizedCode } from './deoptimization.ts';
import { readFunctionInfo } from './function-info.ts';
import { inlinedFrames } from './inlining.ts';
import { type JitCode, jitCodeAt } from './jit-code.ts';
import { baselineBytecode } from './js-frame.ts';
import { safepointAt } from './safepoints.ts';
import { placeAt } from './source-lines.ts';
import { isSharedFunctionInfo } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** A place in machine code of V8's heap. */
export interface CodePlace {
  address: number;
  /** The code it lies in. */
  start: number;
  size: number;
  /** Functions that run there, innermost first, named as V8's perf maps name them: `JS:*render /app/x.js:10:5`. */
  names: string[];
}

/** Marks of V8's perf maps for the tiers (src/codegen/compiler.cc, CodeKindToMarker). */
export const TIER_MARK: Readonly<Record<JitCode['kind'], string>> = {
  baseline: '^',
  maglev: '+',
  turbofan: '*',
  regexp: '',
  other: '',
};
/**
 * What instructions of V8's heap belong to, with the functions that optimised code holds inlined. Reads memory as it lies
 * there now: code that was collected has no name, and memory used again has the new one.
 * @param addresses of instructions; of a call the last byte of it, not where it returns to
 */
export function codePlaces(v8: V8Reader, addresses: readonly number[]): CodePlace[] {
  const places: CodePlace[] = [];
  const baseline = new Map<number, CodePlace[]>();
  const names = new Map<number, string>();
  const nameOf = (shared: number, kind: JitCode['kind']): string => {
    let name = names.get(shared);
    if (name === undefined) {
      name = functionLabel(v8, shared);
      names.set(shared, name);
    }
    return `JS:${TIER_MARK[kind]}${name}`;
  };
  for (const address of addresses) {
    const code = jitCodeAt(v8, address);
    if (code === undefined) continue;
    const place: CodePlace = { address, start: code.start, size: code.size, names: [] };
    if (code.kind === 'turbofan' || code.kind === 'maglev') {
      place.names = optimizedNames(v8, code, address).map((shared) => nameOf(shared, code.kind));
    } else if (code.kind === 'baseline') {
      const bytecode = baselineBytecode(v8, code);
      const known = baseline.get(bytecode);
      if (known === undefined) baseline.set(bytecode, [place]);
      else known.push(place);
    } else if (code.kind === 'regexp') {
      place.names = ['RegExp:(compiled regular expression)'];
    }
    places.push(place);
  }
  for (const [bytecode, shared] of functionsOfBytecode(v8, baseline))
    for (const place of baseline.get(bytecode)!) place.names = [nameOf(shared, 'baseline')];
  return places.filter((place) => place.names.length > 0);
}

/** SharedFunctionInfos that run at an instruction of optimised code, innermost first. */
function optimizedNames(v8: V8Reader, code: JitCode, address: number): number[] {
  const optimized = readOptimizedCode(v8, code);
  const offset = address - code.start;
  // The last byte of a call: behind it is where the call returns to.
  const isCall = safepointAt(optimized.safepoints, offset + 1) !== undefined;
  const frames = inlinedFrames(v8, optimized, isCall ? offset + 1 : offset, isCall);
  const found = frames.map(({ shared }) => shared).filter((shared) => isSharedFunctionInfo(v8, shared));
  if (found.length > 0) return found;
  return isSharedFunctionInfo(v8, optimized.shared) ? [optimized.shared] : [];
}

/** `name file:line:column` as in V8's logs; the name may be empty. */
export function functionLabel(v8: V8Reader, shared: number): string {
  const info = readFunctionInfo(v8, shared);
  if (info === undefined) return '';
  const name = info.name || info.inferredName;
  const place = placeAt(v8, info.script, info.start);
  return place === undefined ? name : `${name} ${place.url}:${place.line}:${place.column}`;
}

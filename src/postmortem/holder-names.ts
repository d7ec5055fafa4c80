import { readFunctionInfo, sharedOf } from './function-info.ts';
import type { HeapMap } from './heap-maps.ts';
import { buildObjectClass } from './object-class.ts';
import type { HeapObject } from './reference-find.ts';
import { readScopeInfo } from './scope-info.ts';
import { placeAt } from './source-lines.ts';
import { hasType, isContext, isHeapObject, isJsFunction, isScopeInfo, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** Who holds something, in the program's words. */
export interface HolderName {
  /** `function`: a closure; `scope`: the variables of a function that closures use. */
  kind: 'function' | 'scope' | 'object' | 'engine';
  /** Class of an object, name of a function ('' anonymous). */
  name: string;
  /** Where a function is written, 1-based; url '' unknown. */
  url: string;
  line: number;
}

/** Offset of the ScopeInfo in a context (V8: src/objects/contexts.h, stable in 10.2–14.6). */
const SCOPE_INFO = 16;

/** @param script of a context, where a function that has it is known; else NaN */
export function nameHolder(
  v8: V8Reader,
  maps: readonly HeapMap[],
  { address, map }: HeapObject,
  script: number = Number.NaN,
): HolderName {
  if (isJsFunction(v8, address)) {
    const info = readFunctionInfo(v8, sharedOf(v8, address));
    const place = info === undefined ? undefined : placeAt(v8, info.script, info.token);
    return {
      kind: 'function',
      name: info?.name || info?.inferredName || '',
      url: place?.url ?? '',
      line: place?.line ?? Number.NaN,
    };
  }
  if (isContext(v8, address)) {
    const word = wordAt(v8, address, SCOPE_INFO);
    const scope = isHeapObject(word) && isScopeInfo(v8, word) ? readScopeInfo(v8, word) : undefined;
    const place = scope === undefined ? undefined : placeAt(v8, script, scope.start);
    return {
      kind: 'scope',
      name: scope?.functionName || scope?.inferredName || '',
      url: place?.url ?? '',
      line: place?.line ?? Number.NaN,
    };
  }
  if (hasType(v8, address, 'JS_GLOBAL_OBJECT_TYPE'))
    return { kind: 'object', name: 'global', url: '', line: Number.NaN };
  const { name: given, kind } = buildObjectClass(v8, maps[map]!, address);
  const name = given.startsWith('((type ') ? '(table)' : given || '{…}';
  return { kind: kind === 'engine' ? 'engine' : 'object', name, url: '', line: Number.NaN };
}

/** Script of a function, for the contexts it has; NaN: it is none, or of V8 itself. */
export function scriptOfHolder(v8: V8Reader, { address }: HeapObject): number {
  if (!isJsFunction(v8, address)) return Number.NaN;
  return readFunctionInfo(v8, sharedOf(v8, address))?.script ?? Number.NaN;
}

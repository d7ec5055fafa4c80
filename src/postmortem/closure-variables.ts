import { contextOf } from './function-info.ts';
import { cellValue } from './object-properties.ts';
import { readScopeInfo, scopeFlags } from './scope-info.ts';
import {
  field,
  hasType,
  isContext,
  isHeapObject,
  isScopeInfo,
  isString,
  isSymbol,
  smiField,
  smiOf,
  typeNameOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';
import { valueFields } from './value-fields.ts';

/** A variable that lives in a context because a closure uses it. */
export interface Variable {
  name: string;
  /** Tagged word of its value; NaN when `double` has it. The hole: not yet initialised (`let` before its line). */
  word: number;
  double?: number;
  /** 0 = the innermost context. */
  depth: number;
  scope: 'function' | 'block' | 'module' | 'script' | 'class' | 'catch' | 'with' | 'eval' | '';
  /** Tagged address of its context. */
  context: number;
}

const MOST_CONTEXTS = 200;
const MOST_VARIABLES = 20_000;
const FLAG = { hasExtension: 1 << 26, scopeType: 0x0f } as const;
const MODULE_VARIABLE_LIMIT = 20_000;

/** Outer variables of a closure, innermost scope first; of functions of V8 itself none. */
export function readClosureVariables(v8: V8Reader, jsFunction: number): Variable[] {
  return readVariables(v8, contextOf(v8, jsFunction));
}

/**
 * Variables of a context and of those around it, up to the globals: innermost first; of two with one name both. Of a frame's
 * own context they are those of its locals that closures use.
 */
export function readVariables(v8: V8Reader, context: number): Variable[] {
  const variables: Variable[] = [];
  let at = context;
  for (let depth = 0; depth < MOST_CONTEXTS && variables.length < MOST_VARIABLES; depth++) {
    if (!isContext(v8, at) || isNativeContext(v8, at)) break;
    addVariables(v8, at, depth, variables);
    at = slot(v8, at, v8.layout.number('Context.previous') || 1);
  }
  return variables;
}

/** The global context of a realm, where the chains of contexts end; NaN: none was reached. */
export function nativeContextOf(v8: V8Reader, context: number): number {
  let at = context;
  for (let depth = 0; depth < MOST_CONTEXTS && isContext(v8, at); depth++) {
    if (isNativeContext(v8, at)) return at;
    at = slot(v8, at, v8.layout.number('Context.previous') || 1);
  }
  return Number.NaN;
}

function isNativeContext(v8: V8Reader, context: number): boolean {
  return (
    typeNameOf(v8, context) === 'NATIVE_CONTEXT_TYPE' ||
    (smiField(v8, context, 'FixedArray.length') > 200 && !isHeapObject(slot(v8, context, 1)))
  );
}

function slot(v8: V8Reader, context: number, index: number): number {
  return wordAt(v8, context, v8.layout.offset('FixedArray.data') + 8 * index);
}

function addVariables(v8: V8Reader, context: number, depth: number, into: Variable[]): void {
  const scopeInfo = slot(v8, context, v8.layout.number('Context.scopeInfo') || 0);
  if (!isScopeInfo(v8, scopeInfo)) return;
  const flags = scopeFlags(v8, scopeInfo);
  const hasExtension = (flags & FLAG.hasExtension) !== 0;
  const scope = scopeKind(v8, flags);
  const length = smiField(v8, context, 'FixedArray.length');
  const info = readScopeInfo(v8, scopeInfo);
  const names = info?.contextLocals ?? [];
  const first = (v8.layout.number('Context.firstVariable') || 2) + (hasExtension ? 1 : 0);
  for (let index = 0; index < names.length && first + index < length; index++) {
    const name = names[index]!;
    // `.brand`, `.home_object`, `.this_function`: V8's own.
    if (name === '' || name.startsWith('.')) continue;
    const value = contextValue(v8, slot(v8, context, first + index));
    // The key of a private field, not its value: that is in the objects.
    if (name.startsWith('#') && isSymbol(v8, value.word)) continue;
    into.push({ name, ...value, depth, scope, context });
  }
  if (scope === 'module') addModuleVariables(v8, context, scopeInfo, names.length, depth, into);
}

/**
 * Since 13.x slots may hold a cell that keeps the value unboxed (V8: ContextCell, src/objects/contexts.tq: value@8,
 * state@24 {constant, Smi, int32, double, detached}, double@32).
 */
function contextValue(v8: V8Reader, word: number): { word: number; double?: number } {
  if (!hasType(v8, word, 'CONTEXT_CELL_TYPE')) return { word };
  const state = v8.memory.i32(word - 1 + 24);
  if (state === 2) return { word: Number.NaN, double: v8.memory.i32(word - 1 + 32) };
  if (state === 3) return { word: Number.NaN, double: v8.memory.f64(word - 1 + 32) };
  return { word: wordAt(v8, word, 8) };
}

/** Exported and imported variables of a module: they live in cells of the module (V8: ScopeInfo module variables). */
function addModuleVariables(
  v8: V8Reader,
  context: number,
  scopeInfo: number,
  localCount: number,
  depth: number,
  into: Variable[],
): void {
  const module = slot(v8, context, 2);
  if (!hasType(v8, module, 'SOURCE_TEXT_MODULE_TYPE')) return;
  const { regularExports, regularImports } = valueFields(v8.layout).module;
  // Triples of name, index of its cell, properties: the last words of the ScopeInfo, after its other names and infos.
  const firstVars = v8.layout.number('ScopeInfo.firstVars');
  for (
    let at = firstVars + 2 * localCount, end = at + 16 + 3 * MODULE_VARIABLE_LIMIT, isIn = false;
    at < end;
    at++
  ) {
    const name = wordAt(v8, scopeInfo, 8 + 8 * at);
    const index = smiOf(wordAt(v8, scopeInfo, 16 + 8 * at));
    const properties = smiOf(wordAt(v8, scopeInfo, 24 + 8 * at));
    const text = isString(v8, name) ? textOf(v8, name) : '';
    if (text === '' || Number.isNaN(index) || Number.isNaN(properties) || index === 0) {
      if (isIn || Number.isNaN(name) || hasType(v8, name, 'MAP_TYPE')) return;
      // Function name, positions and the module's own records come first: fewer than a dozen words.
      if (at > firstVars + 2 * localCount + 14) return;
      continue;
    }
    isIn = true;
    const cells = wordAt(v8, module, index > 0 ? regularExports : regularImports);
    const cell = slot(v8, cells, Math.abs(index) - 1);
    into.push({ name: text, word: cellValue(v8, cell), depth, scope: 'module', context });
    at += 2;
  }
}

/** V8: ScopeType, src/objects/scope-info.tq; two script kinds moved to the front in 13. */
function scopeKind(v8: V8Reader, flags: number): Variable['scope'] {
  const type = flags & FLAG.scopeType;
  const kinds =
    v8.layout.v8Number >= 130
      ? (['script', 'script', 'class', 'eval', 'function', 'module', 'catch', 'block', 'with'] as const)
      : (['class', 'eval', 'function', 'module', 'script', 'catch', 'block', 'with'] as const);
  return kinds[type] ?? '';
}

/** Is there a context in this field of a frame or generator? */
export function contextIn(v8: V8Reader, object: number, name: string): number {
  const context = field(v8, object, name);
  return isContext(v8, context) ? context : Number.NaN;
}

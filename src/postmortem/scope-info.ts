import { field, isHeapObject, isString, smiOf, wordAt } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** What V8 keeps about a scope that was compiled: src/objects/scope-info.tq. */
export interface ScopeInfo {
  flags: number;
  /** Declared parameters, without the receiver. */
  parameterCount: number;
  /** Variables that live in the context, in the order of its slots from `Context.firstVariable` on. */
  contextLocals: string[];
  /** Name of the function, '' for other scopes and anonymous functions. */
  functionName: string;
  inferredName: string;
  /** In the script, UTF-16 units; NaN for scopes without. */
  start: number;
  end: number;
}

/** Bits of the flags, equal in V8 10.2–14.6. */
const FLAG = {
  scopeType: 0x0f,
  hasSavedClassVariable: 1 << 10,
  functionVariable: 3 << 12,
  hasInferredName: 1 << 14,
} as const;
/** More names than any program has in one scope: a damaged count ends here. */
const MOST_LOCALS = 20_000;

/** Undefined: there is no readable ScopeInfo at this address. Whether its type is one is for the caller to know. */
export function readScopeInfo(v8: V8Reader, address: number): ScopeInfo | undefined {
  const { layout } = v8;
  const word = (index: number): number => wordAt(v8, address, 8 + 8 * index);
  const flags = scopeFlags(v8, address);
  const localCount = smiOf(word(layout.number('ScopeInfo.localCount')));
  if (Number.isNaN(flags) || !(localCount >= 0 && localCount <= MOST_LOCALS)) return undefined;
  const info: ScopeInfo = {
    flags,
    parameterCount: smiOf(word(layout.number('ScopeInfo.parameterCount'))),
    contextLocals: [],
    functionName: '',
    inferredName: '',
    start: Number.NaN,
    end: Number.NaN,
  };
  let at = layout.number('ScopeInfo.firstVars');
  // Of a module: a count of its variables comes first.
  if (!Number.isNaN(smiOf(word(at))) && localCount > 0) at++;
  if (localCount <= layout.number('ScopeInfo.mostInlineLocals')) {
    for (let index = 0; index < localCount; index++) info.contextLocals.push(textOf(v8, word(at + index)));
    at += localCount;
  } else {
    info.contextLocals = readHashedLocals(v8, word(at), localCount);
    at++;
  }
  at += localCount;
  if ((flags & FLAG.hasSavedClassVariable) !== 0) at++;
  if ((flags & FLAG.functionVariable) !== 0) {
    info.functionName = textOf(v8, word(at));
    at += 2;
  }
  if ((flags & FLAG.hasInferredName) !== 0) {
    info.inferredName = textOf(v8, word(at));
    at++;
  }
  const positions = layout.number('ScopeInfo.positions');
  if (!Number.isNaN(positions)) at = positions;
  // A module without variables in its context still has the count of the others before its positions.
  else if (localCount === 0 && [0, 1, 2].every((next) => !Number.isNaN(smiOf(word(at + next))))) at++;
  const start = smiOf(word(at));
  const end = smiOf(word(at + 1));
  if (start >= 0 && end >= start) {
    info.start = start;
    info.end = end;
  }
  return info;
}

/** Flags of a ScopeInfo: a Smi until V8 12, a raw u32 from 13 on. */
export function scopeFlags(v8: V8Reader, scopeInfo: number): number {
  const word = wordAt(v8, scopeInfo, 8 + 8 * v8.layout.number('ScopeInfo.flags'));
  return v8.layout.v8Number >= 130 ? v8.memory.u32(scopeInfo - 1 + 8) : smiOf(word);
}

/** Names of a scope with many locals: NameToIndexHashTable, entries of name and index. */
function readHashedLocals(v8: V8Reader, table: number, count: number): string[] {
  const names = new Array<string>(count).fill('');
  if (!isHeapObject(table)) return names;
  const length = Math.min(smiOf(field(v8, table, 'FixedArray.length')) || 0, MOST_LOCALS * 8);
  const data = v8.layout.offset('FixedArray.data');
  // Three words of counts come before the entries.
  for (let slot = 3; slot + 1 < length; slot += 2) {
    const name = wordAt(v8, table, data + 8 * slot);
    const index = smiOf(wordAt(v8, table, data + 8 * (slot + 1)));
    if (index >= 0 && index < count && isString(v8, name)) names[index] = textOf(v8, name);
  }
  return names;
}

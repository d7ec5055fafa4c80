import { readScopeInfo } from './scope-info.ts';
import {
  field,
  hasType,
  isBytecodeArray,
  isCode,
  isHeapObject,
  isJsFunction,
  isScopeInfo,
  isScript,
  isSharedFunctionInfo,
  isString,
  smiOf,
  typeNameOf,
  wordAt,
} from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { textOf } from './v8-strings.ts';

/** What V8 knows of a function, apart from its closures: its SharedFunctionInfo. */
export interface FunctionInfo {
  /** Tagged address of the SharedFunctionInfo. */
  address: number;
  /** As `function.name` was when it was compiled; '' anonymous. */
  name: string;
  /** V8's guess for an anonymous one: `Foo.bar` of `Foo.bar = function () {}`; '' none. */
  inferredName: string;
  /** Tagged; NaN for functions of V8 itself. */
  script: number;
  /** In the script, UTF-16 units: from the `(` of the parameters (or the first of an arrow function's) to behind the body. NaN unknown. */
  start: number;
  end: number;
  /** Where `function`, `class`, or the name of a method stands; `start` where V8 does not say. */
  token: number;
  /** Declared parameters, without the receiver; NaN for builtins that take what they get. */
  parameterCount: number;
  /** `function.length`. */
  length: number;
  kind: FunctionKind;
  isClassConstructor: boolean;
  isStrict: boolean;
  /** The code of a script or module itself (also the wrapper of CommonJS is one function). */
  isTopLevel: boolean;
  /** Tagged; NaN: not compiled, flushed, a builtin. */
  bytecodeArray: number;
  /** V8's flags of it, raw. */
  flags: number;
  /** Id of V8's builtin that it runs; NaN: it is written in JavaScript. */
  builtin: number;
}

/** What a function was declared as; '' what we do not know of newer versions. */
export type FunctionKind =
  | 'function'
  | 'module'
  | 'constructor'
  | 'getter'
  | 'setter'
  | 'arrow'
  | 'async arrow'
  | 'async'
  | 'generator'
  | 'async generator'
  | 'method'
  | 'members initializer'
  | 'static initializer'
  | '';

const OUT_OF_RANGE = 0xffff;

/** SharedFunctionInfo of a closure; NaN: it is none. */
export function sharedOf(v8: V8Reader, jsFunction: number): number {
  if (!isJsFunction(v8, jsFunction)) return Number.NaN;
  const shared = field(v8, jsFunction, 'JSFunction.shared');
  return isSharedFunctionInfo(v8, shared) ? shared : Number.NaN;
}

/** Context of a closure (its outer variables); NaN: there is none. */
export function contextOf(v8: V8Reader, jsFunction: number): number {
  const context = field(v8, jsFunction, 'JSFunction.context');
  return isHeapObject(context) ? context : Number.NaN;
}

/** By SharedFunctionInfo: the same functions stand on every stack. */
const known = new WeakMap<V8Reader, Map<number, FunctionInfo | undefined>>();
const MOST_KNOWN = 20_000;

/** Undefined: there is no SharedFunctionInfo at this address. */
export function readFunctionInfo(v8: V8Reader, shared: number): FunctionInfo | undefined {
  let infos = known.get(v8);
  if (infos === undefined) {
    infos = new Map();
    known.set(v8, infos);
  }
  let info = infos.get(shared);
  if (info === undefined && !infos.has(shared)) {
    info = readInfo(v8, shared);
    if (infos.size >= MOST_KNOWN) infos.clear();
    infos.set(shared, info);
  }
  return info;
}

function readInfo(v8: V8Reader, shared: number): FunctionInfo | undefined {
  if (!isSharedFunctionInfo(v8, shared)) return undefined;
  const { layout, memory } = v8;
  const base = shared - 1;
  const flags = memory.u32(base + layout.offset('SharedFunctionInfo.flags'));
  const formal = memory.u16(base + layout.offset('SharedFunctionInfo.formalParameterCount'));
  const info: FunctionInfo = {
    address: shared,
    name: '',
    inferredName: '',
    script: scriptOf(v8, shared),
    start: Number.NaN,
    end: Number.NaN,
    token: Number.NaN,
    // The receiver is counted (V8 from 9.x on).
    parameterCount: formal === OUT_OF_RANGE || formal === 0 ? Number.NaN : formal - 1,
    length: memory.u16(base + layout.offset('SharedFunctionInfo.length')),
    kind: functionKind(v8, flags),
    isClassConstructor: (flags & FLAG.isClassConstructor) !== 0,
    isStrict: (flags & FLAG.isStrict) !== 0,
    isTopLevel: (flags & FLAG.isTopLevel) !== 0,
    bytecodeArray: bytecodeArrayOf(v8, shared),
    flags,
    builtin: builtinOf(v8, shared),
  };
  const nameOrScope = field(v8, shared, 'SharedFunctionInfo.nameOrScopeInfo');
  if (isString(v8, nameOrScope)) info.name = textOf(v8, nameOrScope);
  else if (isScopeInfo(v8, nameOrScope)) {
    const scope = readScopeInfo(v8, nameOrScope);
    if (scope !== undefined) {
      info.name = scope.functionName;
      info.inferredName = scope.inferredName;
      info.start = scope.start;
      info.end = scope.end;
    }
  }
  const data = uncompiledData(v8, shared);
  if (!Number.isNaN(data)) {
    info.inferredName = textOf(v8, field(v8, data, 'UncompiledData.inferredName'));
    info.start = memory.i32(data - 1 + layout.offset('UncompiledData.start'));
    info.end = memory.i32(data - 1 + layout.offset('UncompiledData.end'));
  }
  const tokenOffset = memory.u16(base + layout.offset('SharedFunctionInfo.functionTokenOffset'));
  info.token = info.start - (tokenOffset === OUT_OF_RANGE ? 0 : tokenOffset);
  return info;
}

/** V8's own name of a function, '' anonymous or unreadable: all that many a frame needs of it. */
export function functionName(v8: V8Reader, shared: number): string {
  if (!isSharedFunctionInfo(v8, shared)) return '';
  const nameOrScope = field(v8, shared, 'SharedFunctionInfo.nameOrScopeInfo');
  if (isString(v8, nameOrScope)) return textOf(v8, nameOrScope);
  return isScopeInfo(v8, nameOrScope) ? (readScopeInfo(v8, nameOrScope)?.functionName ?? '') : '';
}

/** Script of a function, behind the debugger's information when a debugger was there; NaN: none. */
export function scriptOf(v8: V8Reader, shared: number): number {
  const script = field(v8, shared, 'SharedFunctionInfo.script');
  if (isScript(v8, script)) return script;
  if (!hasType(v8, script, 'DEBUG_INFO_TYPE')) return Number.NaN;
  for (let offset = 8; offset < 96; offset += 8) {
    const inner = wordAt(v8, script, offset);
    if (isScript(v8, inner)) return inner;
  }
  return Number.NaN;
}

/**
 * Bytecode of a function: in its SharedFunctionInfo, or behind baseline code or InterpreterData; NaN: not compiled, its
 * bytecode was flushed, or it is a builtin.
 */
export function bytecodeArrayOf(v8: V8Reader, shared: number): number {
  for (const name of ['SharedFunctionInfo.trustedFunctionData', 'SharedFunctionInfo.functionData']) {
    let data = field(v8, shared, name);
    // Baseline code → InterpreterData → BytecodeArray.
    for (let step = 0; step < 3 && isHeapObject(data); step++) {
      if (isBytecodeArray(v8, data)) return data;
      if (isCode(v8, data)) data = field(v8, data, 'Code.interpreterData');
      else if (hasType(v8, data, 'INTERPRETER_DATA_TYPE'))
        data = field(v8, data, 'InterpreterData.bytecodeArray');
      else break;
    }
  }
  return Number.NaN;
}

function builtinOf(v8: V8Reader, shared: number): number {
  const untrusted = v8.layout.offset('SharedFunctionInfo.untrustedFunctionData');
  if (!Number.isNaN(untrusted)) {
    // A Smi 0 as trusted data: there is none, and the other word counts.
    const trusted = field(v8, shared, 'SharedFunctionInfo.trustedFunctionData');
    return isHeapObject(trusted) ? Number.NaN : smiOf(wordAt(v8, shared, untrusted));
  }
  return smiOf(field(v8, shared, 'SharedFunctionInfo.functionData'));
}

function uncompiledData(v8: V8Reader, shared: number): number {
  for (const name of ['SharedFunctionInfo.trustedFunctionData', 'SharedFunctionInfo.functionData']) {
    const data = field(v8, shared, name);
    if (typeNameOf(v8, data).startsWith('UNCOMPILED_DATA')) return data;
  }
  return Number.NaN;
}

/** Bits of the flags, equal in V8 10.2–14.6 (src/objects/shared-function-info.tq). */
const FLAG = { kind: 31, isStrict: 1 << 6, isClassConstructor: 1 << 10, isTopLevel: 1 << 25 } as const;

/** V8: src/objects/function-kind.h, by value. */
const KINDS: readonly FunctionKind[] = [
  'function',
  'module',
  'module',
  'constructor',
  'constructor',
  'constructor',
  'constructor',
  'getter',
  'getter',
  'setter',
  'setter',
  'arrow',
  'async arrow',
  'async',
  // Methods: async, async generator.
  'async',
  'async',
  'async generator',
  'async generator',
  'async generator',
  'generator',
  'generator',
  'generator',
  'method',
  'method',
  'members initializer',
  'static initializer',
];
/** V8 14 has these instead of the last: members preceded by a static one, static, and that preceded by a member. */
const KINDS_14: readonly FunctionKind[] = [
  ...KINDS.slice(0, -1),
  'members initializer',
  'static initializer',
  'static initializer',
];

function functionKind(v8: V8Reader, flags: number): FunctionKind {
  return (v8.layout.v8Number >= 140 ? KINDS_14 : KINDS)[flags & FLAG.kind] ?? '';
}

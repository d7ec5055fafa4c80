/**
 * What V8's metadata does not say, per version of V8, measured on Node's official builds for x86-64
 * (research/postmortem.md §2.1, research/inlined-frames.md §1): offsets of fields, other numbers, instance types without a
 * symbol. Names as in v8-fields.ts.
 */
export interface VersionTable {
  /** 10.2 → 102. */
  v8Number: number;
  node: string;
  /** MAP_TYPE: grows with every new type before it, which tells versions apart where no version is written. */
  mapType: number;
  offsets: Readonly<Record<string, number>>;
  numbers: Readonly<Record<string, number>>;
  types: Readonly<Record<string, number>>;
}

/** Equal in all measured versions. */
const COMMON: Pick<VersionTable, 'offsets' | 'numbers' | 'types'> = {
  offsets: {
    // Metadata has it as 0 in .bss, which a core may lack.
    'HeapObject.map': 0,
    'Script.lineOffset': 24,
    'Script.columnOffset': 32,
    'Script.type': 48,
    'Script.id': 64,
    'Script.flags': 104,
    'Script.sourceUrl': 112,
    'Script.sourceMappingUrl': 120,
    'ExternalString.data': 24,
    'Symbol.flags': 12,
    'Oddball.toString': 16,
    'BigInt.bitField': 8,
    'BigInt.digits': 16,
    'DescriptorArray.count': 8,
    'AccessorPair.getter': 8,
    'AccessorPair.setter': 16,
    'JSArray.length': 24,
    'JSRegExp.flags': 40,
    'JSArrayBufferView.buffer': 24,
    'JSProxy.target': 16,
    'JSProxy.handler': 24,
    'JSBoundFunction.target': 24,
    'JSBoundFunction.boundThis': 32,
    'JSBoundFunction.boundArguments': 40,
    'JSPromise.reactionsOrResult': 24,
    'JSPromise.flags': 32,
    'JSGeneratorObject.function': 24,
    'JSGeneratorObject.context': 32,
    'JSGeneratorObject.receiver': 40,
    'JSGeneratorObject.inputOrDebugPosition': 48,
    'JSGeneratorObject.resumeMode': 56,
    'JSGeneratorObject.continuation': 64,
    'JSGeneratorObject.registers': 72,
    'JSAsyncFunctionObject.promise': 80,
    'JSAsyncGeneratorObject.queue': 80,
    'JSCollection.table': 24,
    'JSWeakCollection.table': 24,
    'JSWeakRef.target': 24,
    'JSPrimitiveWrapper.value': 24,
    'PromiseCapability.promise': 8,
    'PropertyCell.name': 8,
    'PropertyCell.value': 24,
    'Cell.value': 8,
    'Foreign.address': 8,
  },
  numbers: {
    'DeoptimizationData.translation': 0,
    'ScopeInfo.flags': 0,
    'ScopeInfo.mostInlineLocals': 74,
    'SourcePositions.isUnsigned': 0,
    'Oddball.falseKind': 0,
    'Context.scopeInfo': 0,
    'String.uncachedExternalMask': 16,
  },
  types: { BIGINT_TYPE: 129, JS_SPECIAL_API_OBJECT_TYPE: 1040, JS_API_OBJECT_TYPE: 1058 },
};

const BEFORE_12_OFFSETS = {
  'BytecodeArray.constantPool': 16,
  'BytecodeArray.handlerTable': 24,
  'BytecodeArray.sourcePositions': 32,
  'BytecodeArray.frameSize': 40,
  'InterpreterData.bytecodeArray': 8,
  'InterpreterData.interpreterTrampoline': 16,
  'Code.deoptimizationData': 16,
  'Code.interpreterData': 16,
  'Code.sourcePositions': 24,
  'Code.bytecodeOffsets': 24,
  'PromiseReaction.next': 8,
  'PromiseReaction.rejectHandler': 16,
  'PromiseReaction.fulfillHandler': 24,
  'PromiseReaction.promiseOrCapability': 32,
};

const FROM_12_OFFSETS = {
  'BytecodeArray.sourcePositions': 24,
  'BytecodeArray.handlerTable': 32,
  'BytecodeArray.constantPool': 40,
  'BytecodeArray.frameSize': 48,
  'Code.deoptimizationData': 8,
  'Code.interpreterData': 8,
  'Code.sourcePositions': 16,
  'Code.bytecodeOffsets': 16,
  'Code.instructionStart': 40,
  'InstructionStream.code': 8,
  // Data of the embedder (async context) come first.
  'PromiseReaction.next': 16,
  'PromiseReaction.rejectHandler': 24,
  'PromiseReaction.fulfillHandler': 32,
  'PromiseReaction.promiseOrCapability': 40,
};

const FROM_13_OFFSETS = {
  ...FROM_12_OFFSETS,
  'JSArrayBufferView.buffer': 32,
  'JSFunction.dispatchHandle': 24,
  'SharedFunctionInfo.trustedFunctionData': 8,
  'SharedFunctionInfo.untrustedFunctionData': 16,
  'InterpreterData.bytecodeArray': 8,
  'InterpreterData.interpreterTrampoline': 16,
};

const BEFORE_13_NUMBERS = {
  'DeoptimizationData.inlinedCount': 1,
  'DeoptimizationData.literals': 2,
  'DeoptimizationData.osrOffset': 3,
  'DeoptimizationData.optimizationId': 5,
  'DeoptimizationData.shared': 6,
  'DeoptimizationData.isWrapped': 0,
  'DeoptimizationData.inliningPositions': 7,
  'DeoptimizationData.firstEntry': 11,
};

const FROM_13_NUMBERS = {
  'DeoptimizationData.inlinedCount': 1,
  'DeoptimizationData.literals': 3,
  'DeoptimizationData.osrOffset': 4,
  'DeoptimizationData.optimizationId': 6,
  'DeoptimizationData.shared': 7,
  'DeoptimizationData.isWrapped': 1,
  'DeoptimizationData.inliningPositions': 8,
  'DeoptimizationData.firstEntry': 12,
  'ScopeInfo.positions': 3,
};

const MEASURED: readonly VersionTable[] = [
  {
    v8Number: 102,
    mapType: 250,
    node: '18',
    offsets: {
      ...BEFORE_12_OFFSETS,
      'Code.instructions': 128,
      'Script.flags': 96,
      'Script.sourceUrl': 104,
      'Script.sourceMappingUrl': 112,
    },
    numbers: { ...BEFORE_13_NUMBERS, 'CodeKind.turbofan': 13 },
    types: {
      FIRST_JS_FUNCTION_TYPE: 2065,
      LAST_JS_FUNCTION_TYPE: 2081,
      JS_CLASS_CONSTRUCTOR_TYPE: 2080,
      JS_GENERATOR_OBJECT_TYPE: 2096,
      NATIVE_CONTEXT_TYPE: 214,
      FOREIGN_TYPE: 204,
    },
  },
  {
    v8Number: 113,
    mapType: 255,
    node: '20',
    offsets: {
      ...BEFORE_12_OFFSETS,
      'JSFunction.code': 48,
      'Code.flags': 48,
      'Code.instructionStart': 40,
      'Code.instructionSize': 56,
      'InstructionStream.code': 8,
    },
    numbers: { ...BEFORE_13_NUMBERS, 'CodeKind.maglev': 12, 'CodeKind.turbofan': 13 },
    types: {
      FIRST_JS_FUNCTION_TYPE: 2066,
      LAST_JS_FUNCTION_TYPE: 2082,
      JS_CLASS_CONSTRUCTOR_TYPE: 2081,
      JS_GENERATOR_OBJECT_TYPE: 2105,
      NATIVE_CONTEXT_TYPE: 212,
    },
  },
  {
    v8Number: 124,
    mapType: 264,
    node: '22',
    offsets: {
      ...FROM_12_OFFSETS,
      'SharedFunctionInfo.functionData': 8,
      'InterpreterData.bytecodeArray': 8,
      'InterpreterData.interpreterTrampoline': 16,
    },
    numbers: { ...BEFORE_13_NUMBERS, 'CodeKind.maglev': 11, 'CodeKind.turbofan': 12 },
    types: { JS_CLASS_CONSTRUCTOR_TYPE: 2082, JS_GENERATOR_OBJECT_TYPE: 2107, NATIVE_CONTEXT_TYPE: 197 },
  },
  {
    v8Number: 136,
    mapType: 272,
    node: '24',
    offsets: { ...FROM_13_OFFSETS },
    numbers: { ...FROM_13_NUMBERS, 'CodeKind.maglev': 11, 'CodeKind.turbofan': 12 },
    types: {
      FREE_SPACE_TYPE: 268,
      JS_CLASS_CONSTRUCTOR_TYPE: 2081,
      JS_GENERATOR_OBJECT_TYPE: 2109,
      NATIVE_CONTEXT_TYPE: 227,
    },
  },
  {
    v8Number: 146,
    mapType: 278,
    node: '26',
    offsets: { ...FROM_13_OFFSETS },
    numbers: {
      ...FROM_13_NUMBERS,
      'CodeKind.maglev': 12,
      'CodeKind.turbofan': 13,
      'SourcePositions.isUnsigned': 1,
    },
    types: {
      FREE_SPACE_TYPE: 273,
      HOLE_TYPE: 274,
      JS_CLASS_CONSTRUCTOR_TYPE: 2082,
      JS_GENERATOR_OBJECT_TYPE: 2111,
      JS_MODULE_NAMESPACE_TYPE: 305,
      NATIVE_CONTEXT_TYPE: 228,
    },
  },
];

/** Numbers of the measured versions, ascending. */
export const MEASURED_VERSIONS: readonly number[] = MEASURED.map(({ v8Number }) => v8Number);

/**
 * The table of a version, or of the measured one nearest to it (`v8Number` of what is returned tells).
 * @param v8Number NaN unknown: then `mapType`, the version's MAP_TYPE, decides
 */
export function tableOf(v8Number: number, mapType: number = Number.NaN): VersionTable {
  let nearest = MEASURED[MEASURED.length - 1]!;
  let least = Number.POSITIVE_INFINITY;
  for (const table of MEASURED) {
    const distance = Number.isNaN(v8Number)
      ? Math.abs(table.mapType - mapType)
      : Math.abs(table.v8Number - v8Number);
    // Of two equally near ones the newer: layouts change with new features, and those stay.
    if (!(distance <= least)) continue;
    nearest = table;
    least = distance;
  }
  return {
    ...nearest,
    offsets: { ...COMMON.offsets, ...nearest.offsets },
    numbers: { ...COMMON.numbers, ...nearest.numbers },
    types: { ...COMMON.types, ...nearest.types },
  };
}

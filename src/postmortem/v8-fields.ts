/**
 * Names of fields as holter uses them and where the binary's own metadata has them: symbols
 * `v8dbg_class_<Class>__<field>__<type>` (V8: tools/gen-postmortem-metadata.py). The type is left out: V8 renames types in
 * nearly every version, which is what broke llnode. Several names: older ones, tried in turn. '' = metadata of no measured
 * version has it, v8-tables.ts does. `…` as an offset in bytes from the untagged address.
 */
export const FIELDS: Readonly<Record<string, string>> = {
  'HeapObject.map': 'HeapObject__map',

  'Map.instanceSizeInWords': 'Map__instance_size_in_words',
  'Map.inObjectStart': 'Map__inobject_properties_start_or_constructor_function_index',
  'Map.instanceType': 'Map__instance_type',
  'Map.bitField': 'Map__bit_field',
  'Map.bitField2': 'Map__bit_field2',
  'Map.bitField3': 'Map__bit_field3',
  'Map.prototype': 'Map__prototype',
  'Map.constructorOrBackPointer': 'Map__constructor_or_back_pointer',
  'Map.descriptors': 'Map__instance_descriptors',
  'Map.transitions': 'Map__raw_transitions',

  'JSReceiver.propertiesOrHash': 'JSReceiver__raw_properties_or_hash',
  'JSObject.elements': 'JSObject__elements',
  'JSObject.inObject': 'JSObject__internal_fields',

  'JSFunction.shared': 'JSFunction__shared',
  'JSFunction.context': 'JSFunction__context',
  'JSFunction.feedbackCell': 'JSFunction__raw_feedback_cell',
  'JSFunction.prototypeOrInitialMap': 'JSFunction__prototype_or_initial_map',
  /** A Code; NaN where functions hold a dispatch handle instead (24, 26). */
  'JSFunction.code': 'JSFunction__code',
  /** u32, index in V8's table of entry points. */
  'JSFunction.dispatchHandle': '',
  'FeedbackCell.value': 'FeedbackCell__value',

  /** Bytecode, baseline Code, InterpreterData, UncompiledData, builtin id … of 18, 20, 22. */
  'SharedFunctionInfo.functionData': 'SharedFunctionInfo__function_data',
  /** The same, divided: what was moved into the trusted space, and the rest. */
  'SharedFunctionInfo.trustedFunctionData': '',
  'SharedFunctionInfo.untrustedFunctionData': '',
  'SharedFunctionInfo.nameOrScopeInfo': 'SharedFunctionInfo__name_or_scope_info',
  'SharedFunctionInfo.script':
    'SharedFunctionInfo__script|SharedFunctionInfo__raw_script|SharedFunctionInfo__script_or_debug_info',
  /** FeedbackMetadata once compiled, else the ScopeInfo around it. */
  'SharedFunctionInfo.feedbackMetadata': 'SharedFunctionInfo__feedback_metadata',
  'SharedFunctionInfo.length': 'SharedFunctionInfo__length',
  /** u16, the receiver counted from V8 10 on. */
  'SharedFunctionInfo.formalParameterCount': 'SharedFunctionInfo__internal_formal_parameter_count',
  'SharedFunctionInfo.functionTokenOffset': 'SharedFunctionInfo__raw_function_token_offset',
  'SharedFunctionInfo.flags': 'SharedFunctionInfo__flags',
  'SharedFunctionInfoWrapper.shared': 'SharedFunctionInfoWrapper__shared_info',
  'UncompiledData.inferredName': 'UncompiledData__inferred_name',
  'UncompiledData.start': 'UncompiledData__start_position',
  'UncompiledData.end': 'UncompiledData__end_position',
  'InterpreterData.bytecodeArray': '',
  'InterpreterData.interpreterTrampoline': '',

  'BytecodeArray.length': 'BytecodeArray__length|FixedArrayBase__length',
  'BytecodeArray.constantPool': '',
  'BytecodeArray.handlerTable': '',
  'BytecodeArray.sourcePositions': '',
  /** i32, bytes of registers. */
  'BytecodeArray.frameSize': '',
  /** First byte of code. */
  'BytecodeArray.data': 'BytecodeArray__data',

  'Code.flags': 'Code__flags',
  'Code.instructionSize': 'Code__instruction_size',
  /** A word that holds the address; NaN in 18, where instructions follow the header of Code at `Code.instructions`. */
  'Code.instructionStart': '',
  'Code.instructions': '',
  'Code.deoptimizationData': 'Code__deoptimization_data',
  /** Of baseline code, the same slot: its BytecodeArray or InterpreterData. */
  'Code.interpreterData': 'Code__bytecode_or_interpreter_data',
  /** Source positions of optimised code; of baseline code, the same slot, the table of bytecode offsets. */
  'Code.sourcePositions': 'Code__source_position_table',
  'Code.bytecodeOffsets': 'Code__bytecode_offset_table',
  'Code.instructionStream': 'Code__instruction_stream',
  'InstructionStream.code': '',
  'InstructionStream.instructions': 'InstructionStream__instruction_start',

  'Script.source': 'Script__source',
  'Script.name': 'Script__name',
  'Script.lineOffset': '',
  'Script.columnOffset': '',
  'Script.lineEnds': 'Script__line_ends',
  'Script.id': '',
  'Script.type': 'Script__type',
  'Script.sourceUrl': '',
  'Script.sourceMappingUrl': '',
  'Script.evalFromShared':
    'Script__eval_from_shared_or_wrapped_arguments|Script__eval_from_shared_or_wrapped_arguments_or_sfi_table',
  'Script.evalFromPosition': 'Script__eval_from_position',
  'Script.flags': '',

  'String.length': 'String__length',
  'SeqString.chars': 'SeqOneByteString__chars',
  'ConsString.first': 'ConsString__first',
  'ConsString.second': 'ConsString__second',
  'SlicedString.parent': 'SlicedString__parent',
  'SlicedString.offset': 'SlicedString__offset',
  'ThinString.actual': 'ThinString__actual',
  'ExternalString.resource': 'ExternalString__resource',
  /** A raw pointer to the characters, kept beside the resource unless the string is `uncached`. */
  'ExternalString.data': '',
  'Symbol.description': 'Symbol__name',
  /** u32; bit 0: a private symbol. */
  'Symbol.flags': '',

  'Oddball.kind': 'Oddball__kind|Oddball__kind_offset',
  'Oddball.toString': 'Oddball__to_string',
  'HeapNumber.value': 'HeapNumber__value',
  /** u32: bit 0 the sign, digits of 64 bits from bit 1 on. */
  'BigInt.bitField': '',
  'BigInt.digits': '',

  'FixedArray.length': 'FixedArrayBase__length',
  'FixedArray.data': 'FixedArray__data',
  'DescriptorArray.count': '',
  'DescriptorArray.entries': 'DescriptorArray__header_size',
  'AccessorPair.getter': 'AccessorPair__getter',
  'AccessorPair.setter': 'AccessorPair__setter',

  'JSArray.length': '',
  'JSDate.value': 'JSDate__value',
  'JSRegExp.source': 'JSRegExp__source',
  'JSRegExp.flags': '',
  'JSRegExp.lastIndex': 'JSRegExp__last_index',
  'JSArrayBuffer.byteLength': 'JSArrayBuffer__byte_length',
  'JSArrayBuffer.backingStore': 'JSArrayBuffer__backing_store',
  'JSArrayBufferView.buffer': '',
  'JSArrayBufferView.byteOffset': 'JSArrayBufferView__byte_offset',
  'JSArrayBufferView.byteLength': 'JSArrayBufferView__byte_length',
  'JSTypedArray.length': 'JSTypedArray__length',
  'JSTypedArray.externalPointer': 'JSTypedArray__external_pointer',
  'JSTypedArray.basePointer': 'JSTypedArray__base_pointer',
  'JSProxy.target': '',
  'JSProxy.handler': '',
  'JSBoundFunction.target': '',
  'JSBoundFunction.boundThis': '',
  'JSBoundFunction.boundArguments': '',
  'JSPromise.reactionsOrResult': '',
  'JSPromise.flags': '',
  'JSGeneratorObject.function': '',
  'JSGeneratorObject.context': '',
  'JSGeneratorObject.receiver': '',
  'JSGeneratorObject.inputOrDebugPosition': '',
  'JSGeneratorObject.resumeMode': '',
  'JSGeneratorObject.continuation': '',
  'JSGeneratorObject.registers': '',
  'JSAsyncFunctionObject.promise': '',
  'JSAsyncGeneratorObject.queue': '',
  'JSCollection.table': '',
  'JSWeakCollection.table': '',
  'JSWeakRef.target': '',
  'JSPrimitiveWrapper.value': '',
  'JSGlobalObject.dictionary': 'JSGlobalObject__global_dictionary',
  'PromiseReaction.next': '',
  'PromiseReaction.rejectHandler': '',
  'PromiseReaction.fulfillHandler': '',
  'PromiseReaction.promiseOrCapability': '',
  'PromiseCapability.promise': '',
  'PropertyCell.name': '',
  'PropertyCell.value': '',
  'Cell.value': '',
  'Foreign.address': '',
};

/** Other numbers and the metadata constant they come from; '' = v8-tables.ts only. */
export const NUMBERS: Readonly<Record<string, string>> = {
  'Code.kindMask': 'CodeKindFieldMask',
  'CodeKind.interpreted': 'CodeKindInterpretedFunction',
  'CodeKind.baseline': 'CodeKindBaseline',
  'CodeKind.maglev': '',
  'CodeKind.turbofan': '',

  /** Slot of FixedArray-like data, as all `DeoptimizationData.*`. */
  'DeoptimizationData.translation': '',
  'DeoptimizationData.inlinedCount': 'DeoptimizationDataInlinedFunctionCountIndex',
  'DeoptimizationData.literals': 'DeoptimizationDataLiteralArrayIndex',
  'DeoptimizationData.osrOffset': '',
  'DeoptimizationData.optimizationId': 'DeoptimizationDataOptimizationIdIndex',
  /** The SharedFunctionInfo, or a wrapper of it (`isWrapped` 1). */
  'DeoptimizationData.shared':
    'DeoptimizationDataSharedFunctionInfoIndex|DeoptimizationDataWrappedSharedFunctionInfoIndex',
  'DeoptimizationData.isWrapped': '',
  'DeoptimizationData.inliningPositions': 'DeoptimizationDataInliningPositionsIndex',
  'DeoptimizationData.firstEntry': '',

  /** Words after the map. */
  'ScopeInfo.flags': '',
  'ScopeInfo.parameterCount': 'scopeinfo_idx_nparams',
  'ScopeInfo.localCount': 'scopeinfo_idx_ncontextlocals',
  'ScopeInfo.firstVars': 'scopeinfo_idx_first_vars',
  /** Word of the start position; the end is in the next. NaN: after the names, where they vary in number. */
  'ScopeInfo.positions': '',
  /** From so many locals on they stand in a hash table, not in the ScopeInfo. */
  'ScopeInfo.mostInlineLocals': '',

  /** Bits of V8's source position tables: 1 = unsigned deltas of two flag bits (V8 14), 0 = signed. */
  'SourcePositions.isUnsigned': '',

  'Oddball.undefinedKind': 'OddballUndefined',
  'Oddball.nullKind': 'OddballNull',
  'Oddball.trueKind': 'OddballTrue',
  'Oddball.falseKind': 'OddballFalse',
  /** NaN where the hole has a type of its own (from V8 12). */
  'Oddball.holeKind': 'OddballTheHole',

  'NameDictionary.prefixSize': 'namedictionaryshape_prefix_size',
  'NumberDictionary.prefixSize': 'numberdictionaryshape_prefix_size',
  'Context.scopeInfo': 'context_idx_scope_info',
  'Context.previous': 'context_idx_prev',
  'Context.firstVariable': 'context_min_slots',

  'String.firstNonStringType': 'FirstNonstringType',
  'String.representationMask': 'StringRepresentationMask',
  'String.encodingMask': 'StringEncodingMask',
  'String.oneByteTag': 'OneByteStringTag',
  'String.uncachedExternalMask': '',
};

import type { Bytes } from '../base/units.ts';
import type { V8Reader } from './v8-reader.ts';

/** A field of V8's own that holds a reference. */
export interface NamedField {
  offset: Bytes;
  /** As V8's heap profiler names it. */
  name: string;
}

/**
 * Fields by type, `holter's name of the offset (v8-fields.ts) → name of the reference` (V8:
 * src/profiler/heap-snapshot-generator.cc, V8HeapExplorer::Extract…References).
 */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SHARED_FUNCTION_INFO_TYPE: {
    'SharedFunctionInfo.functionData': 'function_data',
    'SharedFunctionInfo.trustedFunctionData': 'trusted_function_data',
    'SharedFunctionInfo.untrustedFunctionData': 'untrusted_function_data',
    'SharedFunctionInfo.nameOrScopeInfo': 'name_or_scope_info',
    'SharedFunctionInfo.script': 'script',
    'SharedFunctionInfo.feedbackMetadata': 'raw_outer_scope_info_or_feedback_metadata',
  },
  MAP_TYPE: {
    'Map.prototype': 'prototype',
    'Map.constructorOrBackPointer': 'back_pointer',
    'Map.descriptors': 'descriptors',
    'Map.transitions': 'transitions',
  },
  SCRIPT_TYPE: {
    'Script.source': 'source',
    'Script.name': 'name',
    'Script.lineEnds': 'line_ends',
    'Script.sourceUrl': 'source_url',
    'Script.sourceMappingUrl': 'source_mapping_url',
  },
  ACCESSOR_PAIR_TYPE: { 'AccessorPair.getter': 'getter', 'AccessorPair.setter': 'setter' },
  CELL_TYPE: { 'Cell.value': 'value' },
  PROPERTY_CELL_TYPE: { 'PropertyCell.name': 'name', 'PropertyCell.value': 'value' },
  FEEDBACK_CELL_TYPE: { 'FeedbackCell.value': 'value' },
  CONTEXT_CELL_TYPE: { 'Cell.value': 'value' },
  JS_MAP_TYPE: { 'JSCollection.table': 'table' },
  JS_SET_TYPE: { 'JSCollection.table': 'table' },
  JS_WEAK_MAP_TYPE: { 'JSWeakCollection.table': 'table' },
  JS_WEAK_SET_TYPE: { 'JSWeakCollection.table': 'table' },
  JS_WEAK_REF_TYPE: { 'JSWeakRef.target': 'target' },
  JS_PROMISE_TYPE: { 'JSPromise.reactionsOrResult': 'reactions_or_result' },
  JS_PROXY_TYPE: { 'JSProxy.target': 'target', 'JSProxy.handler': 'handler' },
  JS_BOUND_FUNCTION_TYPE: {
    'JSBoundFunction.target': 'bound_function',
    'JSBoundFunction.boundThis': 'bound_this',
    'JSBoundFunction.boundArguments': 'bindings',
  },
  JS_TYPED_ARRAY_TYPE: { 'JSArrayBufferView.buffer': 'buffer' },
  JS_DATA_VIEW_TYPE: { 'JSArrayBufferView.buffer': 'buffer' },
  JS_REG_EXP_TYPE: { 'JSRegExp.source': 'source' },
  JS_PRIMITIVE_WRAPPER_TYPE: { 'JSPrimitiveWrapper.value': 'value' },
  PROMISE_REACTION_TYPE: {
    'PromiseReaction.next': 'next',
    'PromiseReaction.rejectHandler': 'reject_handler',
    'PromiseReaction.fulfillHandler': 'fulfill_handler',
    'PromiseReaction.promiseOrCapability': 'promise_or_capability',
  },
  SYMBOL_TYPE: { 'Symbol.description': 'name' },
  CODE_TYPE: { 'Code.deoptimizationData': 'deoptimization_data' },
  BYTECODE_ARRAY_TYPE: {
    'BytecodeArray.constantPool': 'constant_pool',
    'BytecodeArray.handlerTable': 'handler_table',
    'BytecodeArray.sourcePositions': 'source_position_table',
  },
};

const FUNCTION_FIELDS: Readonly<Record<string, string>> = {
  'JSFunction.shared': 'shared',
  'JSFunction.context': 'context',
  'JSFunction.feedbackCell': 'feedback_cell',
  'JSFunction.code': 'code',
};
const GENERATOR_FIELDS: Readonly<Record<string, string>> = {
  'JSGeneratorObject.function': 'function',
  'JSGeneratorObject.context': 'context',
  'JSGeneratorObject.receiver': 'receiver',
  'JSGeneratorObject.registers': 'parameters_and_registers',
};

/** Named fields of objects of a type; `isFunction`, `isGenerator`: of one of several such types. */
export function fieldsOfType(
  { layout }: V8Reader,
  type: number,
  kind: { isFunction: boolean; isGenerator: boolean },
): NamedField[] {
  const named = kind.isFunction
    ? FUNCTION_FIELDS
    : kind.isGenerator
      ? GENERATOR_FIELDS
      : (FIELDS[layout.typeNames.get(type) ?? ''] ?? {});
  const fields: NamedField[] = [];
  for (const [field, name] of Object.entries(named)) {
    const offset = layout.offset(field);
    if (offset >= 8) fields.push({ offset, name });
  }
  if (type < layout.number('String.firstNonStringType')) fields.push(...stringFields({ layout }, type));
  return fields;
}

function stringFields({ layout }: Pick<V8Reader, 'layout'>, type: number): NamedField[] {
  switch (type & layout.number('String.representationMask')) {
    case 1:
      return [
        { offset: layout.offset('ConsString.first'), name: 'first' },
        { offset: layout.offset('ConsString.second'), name: 'second' },
      ];
    case 3:
      return [{ offset: layout.offset('SlicedString.parent'), name: 'parent' }];
    case 5:
      return [{ offset: layout.offset('ThinString.actual'), name: 'actual' }];
    default:
      return [];
  }
}

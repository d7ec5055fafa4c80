import { kindOfFunction } from './function-values.ts';
import { isJsFunction, typeOf } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import type { ObjectValue } from './value.ts';
import { valueFields } from './value-fields.ts';

const KINDS: Readonly<Record<string, ObjectValue['kind']>> = {
  JS_ARRAY_TYPE: 'array',
  JS_BOUND_FUNCTION_TYPE: 'function',
  JS_WRAPPED_FUNCTION_TYPE: 'function',
  JS_MAP_TYPE: 'map',
  JS_SET_TYPE: 'set',
  JS_WEAK_MAP_TYPE: 'weakmap',
  JS_WEAK_SET_TYPE: 'weakset',
  JS_WEAK_REF_TYPE: 'weakref',
  JS_DATE_TYPE: 'date',
  JS_REG_EXP_TYPE: 'regexp',
  JS_PROMISE_TYPE: 'promise',
  JS_ERROR_TYPE: 'error',
  JS_TYPED_ARRAY_TYPE: 'typed-array',
  JS_ARRAY_BUFFER_TYPE: 'array-buffer',
  JS_DATA_VIEW_TYPE: 'data-view',
  JS_RAB_GSAB_DATA_VIEW_TYPE: 'data-view',
  JS_PROXY_TYPE: 'proxy',
  JS_PRIMITIVE_WRAPPER_TYPE: 'boxed',
  JS_ARGUMENTS_OBJECT_TYPE: 'arguments',
  JS_ASYNC_FUNCTION_OBJECT_TYPE: 'generator',
  JS_ASYNC_GENERATOR_OBJECT_TYPE: 'generator',
  JS_GLOBAL_OBJECT_TYPE: 'global',
  JS_GLOBAL_PROXY_TYPE: 'global',
};

/** What kind of object it is. */
export function kindOf(v8: V8Reader, object: number): ObjectValue['kind'] {
  const type = typeOf(v8, object);
  if (isJsFunction(v8, object)) return kindOfFunction(v8, object);
  const { types } = valueFields(v8.layout);
  if (type === types.generator) return 'generator';
  if (type === types.namespace) return 'module';
  return KINDS[v8.layout.typeNames.get(type) ?? ''] ?? 'object';
}

import type { V8Layout } from './v8-layout.ts';

/**
 * Layout facts only values need, beside v8-fields.ts: V8 has no metadata of them. Measured with `%DebugPrint` on Node's
 * official builds 18.20.8, 20.20.2, 22.23.3, 24.21.0 and 26.10.0 (x86-64). Offsets in bytes from the untagged address.
 */
export interface ValueFields {
  view: { buffer: number; bitField: number };
  namespaceModule: number;
  /** Of SourceTextModule and SyntheticModule. */
  module: { exports: number; regularExports: number; regularImports: number };
  reaction: { next: number; reject: number; fulfill: number; promise: number };
  /** Captured frames of errors: CallSiteInfo objects, or since 14 six words a frame in one array. */
  callSite: { receiver: number; function: number; code: number; offset: number; flags: number };
  hasFlatCallSites: boolean;
  /** Bits of a captured frame's flags. */
  callSiteFlag: { isConstructor: number; isAsync: number; isPosition: number };
  /** Instance types without a name in the metadata; NaN unknown. */
  types: {
    bigInt: number;
    generator: number;
    namespace: number;
    /** The first of five: of Map keys, entries, values; of Set entries, values. */
    collectionIterator: number;
  };
  elements: {
    /** Kind of elements kept in a NumberDictionary; the kinds of arguments and string wrappers follow. */
    dictionary: number;
    /** First kind of typed arrays, and how many there are before those of resizable buffers begin. */
    firstTyped: number;
    typed: readonly TypedKind[];
    firstResizable: number;
  };
}

/** What an element of a typed array is. */
export type TypedKind =
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'f16'
  | 'f32'
  | 'f64'
  | 'u8c'
  | 'u64'
  | 'i64';

const TYPED_BEFORE_13: readonly TypedKind[] = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'f64',
  'u8c',
  'u64',
  'i64',
  'f16',
];
const TYPED_FROM_13: readonly TypedKind[] = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'u64',
  'i64',
  'u8c',
  'f32',
  'f64',
  'f16',
];

const COLLECTION_ITERATORS: Readonly<Record<number, number>> = {
  102: 2091,
  113: 2092,
  124: 2093,
  136: 2092,
  146: 2099,
};

const known: WeakMap<V8Layout, ValueFields> = new WeakMap();

/** The facts of a version; of one that was not measured, those of the nearest older one. */
export function valueFields(layout: V8Layout): ValueFields {
  const made = known.get(layout) ?? build(layout);
  known.set(layout, made);
  return made;
}

function build(layout: V8Layout): ValueFields {
  const version = Number.isNaN(layout.v8Number) ? 146 : layout.v8Number;
  // From 13 on a pointer to the embedder's C++ object stands first in what the API makes.
  const wrappable = version >= 130 ? 8 : 0;
  const deferred = version >= 140 ? 8 : 0;
  const dictionary = layout.constants.get('elements_dictionary_elements') ?? (version >= 113 ? 13 : 12);
  const firstTyped = dictionary + 5;
  return {
    view: {
      buffer: 24 + wrappable,
      bitField: version >= 130 ? 40 : 48,
    },
    namespaceModule: 24 + wrappable,
    module: { exports: 8, regularExports: 64 + deferred, regularImports: 72 + deferred },
    reaction:
      version >= 120
        ? { next: 16, reject: 24, fulfill: 32, promise: 40 }
        : { next: 8, reject: 16, fulfill: 24, promise: 32 },
    callSite:
      version >= 120
        ? { code: 8, receiver: 16, function: 24, offset: 32, flags: 40 }
        : { receiver: 8, function: 16, code: 24, offset: 32, flags: 40 },
    hasFlatCallSites: version >= 140,
    callSiteFlag: { isConstructor: 1 << 3, isAsync: 1 << 5, isPosition: version >= 120 ? 1 << 7 : 1 << 6 },
    types: {
      bigInt: (layout.types.get('SYMBOL_TYPE') ?? Number.NaN) + 1,
      generator: (layout.types.get('JS_ASYNC_GENERATOR_OBJECT_TYPE') ?? Number.NaN) - 2,
      namespace:
        layout.types.get('JS_MODULE_NAMESPACE_TYPE') ??
        (layout.types.get('JS_DEFERRED_MODULE_NAMESPACE_TYPE') ?? Number.NaN) - 1,
      collectionIterator: COLLECTION_ITERATORS[version] ?? Number.NaN,
    },
    elements: {
      dictionary,
      firstTyped,
      typed: version >= 130 ? TYPED_FROM_13 : TYPED_BEFORE_13,
      firstResizable: firstTyped + (version >= 120 ? 12 : 11),
    },
  };
}

/** Bytes of an element. */
export const TYPED_SIZE: Readonly<Record<TypedKind, number>> = {
  u8: 1,
  i8: 1,
  u8c: 1,
  u16: 2,
  i16: 2,
  f16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  f64: 8,
  u64: 8,
  i64: 8,
};

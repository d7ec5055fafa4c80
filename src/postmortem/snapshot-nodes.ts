import { NODE } from '../heap/snapshot.ts';
import { classNameOf, engineClassOf } from './class-of.ts';
import { functionName, sharedOf } from './function-info.ts';
import { type HeapMap, RULE } from './heap-maps.ts';
import { SnapshotClasses } from './snapshot-class.ts';
import { field } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';
import { readString, textOf } from './v8-strings.ts';
import { valueFields } from './value-fields.ts';

/** Type (NODE) and name of a node. */
export interface NodeLabel {
  type: number;
  name: string;
}

/** V8 cuts names of strings there (heap-snapshot-generator.cc, `max_strings_length`). */
const MOST_TEXT = 1024;

/** What objects of one map are: with a fixed name, or one that each has. */
type Kind =
  | { type: number; name: string }
  | { type: number; each: 'string' | 'function' | 'regexp' | 'symbol' | 'shared' | 'script' };

/** Types of V8's own that the profiler counts as code (V8: V8HeapExplorer::GetSystemEntryType). */
const CODE =
  /^(CODE|INSTRUCTION_STREAM|BYTECODE_ARRAY|FEEDBACK_(CELL|METADATA|VECTOR)|CLOSURE_FEEDBACK_CELL_ARRAY|INTERPRETER_DATA|LOAD_HANDLER|STORE_HANDLER|PREPARSE_DATA|SCOPE_INFO|SHARED_FUNCTION_INFO.*|SCRIPT|UNCOMPILED_DATA.*|ALLOCATION_SITE|.*_BOILERPLATE_DESCRIPTION|BYTECODE_WRAPPER|CODE_WRAPPER)_TYPE$/;
/** Cells are those that tell whether the prototypes of a map are as they were. */
const SHAPE = /^((STRONG_)?DESCRIPTOR_ARRAY|TRANSITION_ARRAY|PROTOTYPE_INFO|ENUM_CACHE|CELL)_TYPE$/;
const ARRAY =
  /^(FIXED_ARRAY|FIXED_DOUBLE_ARRAY|(TRUSTED_)?BYTE_ARRAY|TRUSTED_FIXED_ARRAY|PROTECTED_FIXED_ARRAY)_TYPE$/;

/** Types and names of nodes as V8's heap profiler gives them (V8HeapExplorer::AddEntry). */
export class SnapshotNodes {
  readonly #v8: V8Reader;
  readonly #maps: readonly HeapMap[];
  readonly #kinds: (Kind | undefined)[] = [];
  readonly #classes: SnapshotClasses;

  constructor(v8: V8Reader, maps: readonly HeapMap[]) {
    this.#v8 = v8;
    this.#maps = maps;
    this.#classes = new SnapshotClasses(v8);
  }

  /** @param map index in the walk's maps @param isShared it lies in the pages that all isolates share */
  labelOf(address: number, map: number, isShared: boolean): NodeLabel {
    this.#kinds[map] ??= this.#kindOf(map, address);
    const kind = this.#kinds[map]!;
    const v8 = this.#v8;
    if ('name' in kind) {
      // Maps of V8's own objects are no shapes of the program's.
      if (isShared && kind.type === NODE.objectShape && kind.name === 'system / Map')
        return { ...kind, type: NODE.hidden };
      return kind;
    }
    const { type } = kind;
    switch (kind.each) {
      case 'string':
        return { type, name: readString(v8, address, MOST_TEXT)?.text ?? '' };
      case 'function':
        return { type, name: functionName(v8, sharedOf(v8, address)) };
      case 'shared':
        return { type, name: functionName(v8, address) };
      case 'script':
        return { type, name: textOf(v8, field(v8, address, 'Script.name')) };
      case 'regexp':
        return { type, name: textOf(v8, field(v8, address, 'JSRegExp.source')) };
      case 'symbol': {
        const isPrivate = (v8.memory.u32(address - 1 + v8.layout.offset('Symbol.flags')) & 1) !== 0;
        if (isPrivate) return { type: NODE.hidden, name: 'private symbol' };
        return { type, name: textOf(v8, field(v8, address, 'Symbol.description')) || 'symbol' };
      }
    }
  }

  #kindOf(index: number, sample: number): Kind {
    const v8 = this.#v8;
    const { layout } = v8;
    const { types } = layout;
    const map = this.#maps[index]!;
    const { type } = map;
    if (type < layout.number('String.firstNonStringType')) {
      const representation = type & layout.number('String.representationMask');
      if (representation === 1) return { type: NODE.consString, name: '(concatenated string)' };
      if (representation === 3) return { type: NODE.slicedString, name: '(sliced string)' };
      return { type: NODE.string, each: 'string' };
    }
    const name = layout.typeNames.get(type) ?? '';
    if (
      type >= (types.get('FIRST_JS_FUNCTION_TYPE') ?? Number.NaN) &&
      type <= (types.get('LAST_JS_FUNCTION_TYPE') ?? 0)
    )
      return { type: NODE.closure, each: 'function' };
    if (name === 'JS_BOUND_FUNCTION_TYPE') return { type: NODE.closure, name: 'native_bind' };
    if (name === 'JS_REG_EXP_TYPE') return { type: NODE.regexp, each: 'regexp' };
    if (type >= (types.get('JS_PROXY_TYPE') ?? Number.NaN)) {
      const { generator } = valueFields(layout).types;
      if (type >= generator && type < generator + 3)
        return { type: NODE.object, name: engineClassOf(v8, sample) };
      return { type: NODE.object, name: this.#classOf(sample, name) };
    }
    if (name === 'SYMBOL_TYPE') return { type: NODE.symbol, each: 'symbol' };
    if (name === 'BIGINT_TYPE') return { type: NODE.bigint, name: 'bigint' };
    if (name === 'HEAP_NUMBER_TYPE') return { type: NODE.number, name: 'heap number' };
    if (name === 'SHARED_FUNCTION_INFO_TYPE') return { type: NODE.code, each: 'shared' };
    if (name === 'SCRIPT_TYPE') return { type: NODE.code, each: 'script' };
    if (name === 'NATIVE_CONTEXT_TYPE') return { type: NODE.hidden, name: 'system / NativeContext' };
    if (/CONTEXT_TYPE$/.test(name)) return { type: NODE.object, name: 'system / Context' };
    if (
      type >= (types.get('FIRST_CONTEXT_TYPE') ?? Number.NaN) &&
      type <= (types.get('LAST_CONTEXT_TYPE') ?? 0)
    )
      return { type: NODE.object, name: 'system / Context' };
    if (map.rule === RULE.feedbackMetadata) return { type: NODE.code, name: 'system / FeedbackMetadata' };
    const label = `system / ${name === '' ? `(type ${type})` : engineClassOf(v8, sample)}`;
    if (CODE.test(name)) return { type: NODE.code, name: label };
    if (map.rule === RULE.feedbackVector) return { type: NODE.code, name: label };
    // Types without a name are tables.
    if (ARRAY.test(name) || name === '') return { type: NODE.array, name: '' };
    if (name === 'MAP_TYPE' || SHAPE.test(name)) return { type: NODE.objectShape, name: label };
    return { type: NODE.hidden, name: label };
  }

  #classOf(sample: number, typeName: string): string {
    if (typeName === 'JS_GLOBAL_OBJECT_TYPE') return 'global';
    const name = this.#classes.nameOf(sample);
    if (name !== '') return name;
    // Made by a template of C++, or by nothing that has a name.
    const shown = classNameOf(this.#v8, sample);
    return /^\[(.*): null prototype\]$/.exec(shown)?.[1] ?? (shown === '' ? 'Object' : shown);
  }
}

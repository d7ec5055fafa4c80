import type { PagedMemory } from '../linux/memory.ts';
import type { ImageSymbols } from '../linux/native-symbol.ts';
import { FIELDS, NUMBERS } from './v8-fields.ts';
import type { V8Layout } from './v8-layout.ts';
import { tableOf } from './v8-tables.ts';

const PREFIX = 'v8dbg_';

/**
 * Integers of V8's and Node's metadata: `v8dbg_<name>` without the prefix, `nodedbg_<name>` with it. Those in .bss are
 * read from memory: zeros that the linker put there, and what Node computes when it starts.
 */
export function readConstants(symbols: ImageSymbols, memory: PagedMemory): Map<string, number> {
  const constants = new Map<string, number>();
  for (const [name, symbol] of symbols.withPrefix(PREFIX)) {
    // A page of .bss that nobody wrote to is in no core: it is zero.
    const value = symbol.value ?? memory.i32(symbol.address);
    constants.set(name.slice(PREFIX.length), Number.isNaN(value) ? 0 : value);
  }
  for (const [name, symbol] of symbols.withPrefix('nodedbg_')) {
    const value = symbol.value ?? memory.i32(symbol.address);
    if (!Number.isNaN(value)) constants.set(name, value);
  }
  return constants;
}

/**
 * A layout from metadata and the tables of the version. Metadata wins: it was generated from the sources of exactly this
 * V8, tables are of the nearest measured one.
 * @param v8Version `12.4.254.21-node.33`; '' unknown: then the instance types decide which measured version is nearest
 */
export function readLayout(
  constants: ReadonlyMap<string, number>,
  nodeVersion: string,
  v8Version: string,
): V8Layout {
  const table = tableOf(v8NumberOf(v8Version), constants.get('type_Map__MAP_TYPE'));
  const v8Number = Number.isNaN(v8NumberOf(v8Version)) ? table.v8Number : v8NumberOf(v8Version);
  const offsets = new Map<string, number>(Object.entries(table.offsets));
  const numbers = new Map<string, number>(Object.entries(table.numbers));
  const types = new Map<string, number>(Object.entries(table.types));

  const fields = new Map<string, number>();
  for (const [name, value] of constants) {
    if (name.startsWith('class_')) {
      const second = name.indexOf('__', name.indexOf('__') + 2);
      fields.set(name.slice('class_'.length, second < 0 ? undefined : second), value);
    } else if (name.startsWith('type_')) {
      const type = name.slice(name.indexOf('__') + 2);
      types.set(SAME_TYPES[type] ?? type, value);
    }
  }
  copyFirst(FIELDS, fields, offsets);
  copyFirst(NUMBERS, constants, numbers);
  for (const [type, constant] of [
    ['FIRST_JS_FUNCTION_TYPE', 'FirstJSFunctionType'],
    ['LAST_JS_FUNCTION_TYPE', 'LastJSFunctionType'],
    ['FIRST_CONTEXT_TYPE', 'FirstContextType'],
    ['LAST_CONTEXT_TYPE', 'LastContextType'],
  ] as const) {
    const value = constants.get(constant);
    if (value !== undefined) types.set(type, value);
  }

  const typeNames = new Map<number, string>();
  for (const [name, value] of types) {
    if (!/^(FIRST|LAST)_/.test(name)) typeNames.set(value, name);
  }
  return {
    nodeVersion,
    v8Version,
    v8Number,
    isKnown: table.v8Number === v8NumberOf(v8Version),
    constants,
    types,
    typeNames,
    offset: (field) => offsets.get(field) ?? Number.NaN,
    number: (name) => numbers.get(name) ?? Number.NaN,
  };
}

/** `12.4.254.21` → 124; NaN for what is no version. */
export function v8NumberOf(version: string): number {
  const match = /^(\d+)\.(\d+)/.exec(version);
  return match === null ? Number.NaN : Number(match[1]) * 10 + Math.min(9, Number(match[2]));
}

/** Takes the first of several metadata names that there is. */
function copyFirst(
  wanted: Readonly<Record<string, string>>,
  from: ReadonlyMap<string, number>,
  into: Map<string, number>,
): void {
  for (const [name, candidates] of Object.entries(wanted)) {
    if (candidates === '') continue;
    for (const candidate of candidates.split('|')) {
      const value = from.get(candidate);
      if (value === undefined) continue;
      into.set(name, value);
      break;
    }
  }
}

/** Types that V8 renamed, by their names of today. */
const SAME_TYPES: Readonly<Record<string, string>> = {
  STRING_TYPE: 'SEQ_TWO_BYTE_STRING_TYPE',
  ONE_BYTE_STRING_TYPE: 'SEQ_ONE_BYTE_STRING_TYPE',
  INTERNALIZED_STRING_TYPE: 'INTERNALIZED_TWO_BYTE_STRING_TYPE',
  ONE_BYTE_INTERNALIZED_STRING_TYPE: 'INTERNALIZED_ONE_BYTE_STRING_TYPE',
  CONS_STRING_TYPE: 'CONS_TWO_BYTE_STRING_TYPE',
  EXTERNAL_STRING_TYPE: 'EXTERNAL_TWO_BYTE_STRING_TYPE',
  SLICED_STRING_TYPE: 'SLICED_TWO_BYTE_STRING_TYPE',
  THIN_STRING_TYPE: 'THIN_TWO_BYTE_STRING_TYPE',
};

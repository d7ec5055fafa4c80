import { type AddressSpaces, type CodeMapping, isJitMapping } from './address-spaces.ts';
import { type AddressTable, KERNEL_SPACE } from './address-table.ts';
import { type JitCodeBook, nameAt } from './jit-code-book.ts';
import type { FilePlace, NativeNames } from './native-names.ts';

/** What an address was, from a moment on: a symbol and the file its code lies in, as `perf script` writes them. */
export interface CodeName {
  /** Ns of the recording's clock. */
  time: number;
  /** '' unknown. */
  symbol: string;
  /** Path, `[vdso]`, `[kernel.kallsyms]`, `[nf_tables]`; JIT_MODULE; UNMAPPED for what is no code at all. */
  module: string;
  /** Functions that the compiler put into it and that run at this very address, innermost first. */
  inlined?: readonly string[];
}

/** Code that V8 made while the program ran. */
export const JIT_MODULE = '[JIT]';
/** No executable memory was there: the walk over frame pointers went astray. */
export const UNMAPPED = '[unmapped]';

/** Names of JIT code by pid; undefined: that process left no map. */
export type JitBooks = ReadonlyMap<number, JitCodeBook>;

/** V8's code as it lay in the memory of a process: names by address, innermost first. */
export type CodeInMemory = (pid: number) => ReadonlyMap<number, readonly string[]> | undefined;

/**
 * What every address of a table is called: one name, or several over time where memory was used again. Files are asked
 * one after the other for all their addresses at once. A row without a name has an empty list.
 */
export function resolveAddresses(
  table: AddressTable,
  spaces: AddressSpaces,
  names: NativeNames,
  jit: JitBooks,
  codeInMemory: CodeInMemory,
): (readonly CodeName[])[] {
  const found: (readonly CodeName[])[] = new Array(table.length);
  const byFile = new Map<string, { row: number; time: number; place: FilePlace }[]>();
  const several = new Map<number, CodeName[]>();
  const sources = new Map<number, JitSource>();
  for (let row = 0; row < table.length; row++) {
    const space = table.spaceOf(row);
    const address = table.addressOf(row);
    if (space === KERNEL_SPACE) {
      found[row] = [kernelName(names, address)];
      continue;
    }
    const { pid } = spaces.spaces[space]!;
    const mappings = spaces.at(space, address);
    const list: CodeName[] = [];
    let source = sources.get(pid);
    if (source === undefined) {
      source = jitSource(jit.get(pid), codeInMemory(pid));
      sources.set(pid, source);
    }
    if (mappings.length === 0) list.push(...jitNames(source, address, UNMAPPED));
    for (const [index, mapping] of mappings.entries()) {
      if (isJitMapping(mapping.path)) {
        list.push(...withinMapping(jitNames(source, address, JIT_MODULE), mappings, index));
        continue;
      }
      const { path, buildId } = mapping;
      const place = { path, buildId, pid, offset: address - mapping.start + mapping.offset };
      const key = `${path}\n${buildId ?? ''}`;
      const entry = { row, time: mapping.time, place };
      const known = byFile.get(key);
      if (known === undefined) byFile.set(key, [entry]);
      else known.push(entry);
    }
    several.set(row, list);
  }
  for (const entries of byFile.values()) {
    const named = names.nameAll(entries.map(({ place }) => place));
    for (const [index, { row, time, place }] of entries.entries())
      several.get(row)!.push({ time, symbol: named[index] ?? '', module: place.path });
  }
  for (const [row, list] of several) found[row] = list.length > 1 ? inOrder(list) : list;
  return found;
}

function kernelName(names: NativeNames, address: number): CodeName {
  const symbol = names.kernelName(address);
  if (symbol === undefined) return { time: 0, symbol: '', module: '[kernel.kallsyms]' };
  return { time: 0, symbol: symbol.name, module: symbol.module === '' ? '[kernel.kallsyms]' : symbol.module };
}

/** JIT code of a process: its map, and its memory. */
interface JitSource {
  book: JitCodeBook | undefined;
  memory: ReadonlyMap<number, readonly string[]> | undefined;
  /** Names with columns by those without: maps of V8 10 have lines only. */
  columns: ReadonlyMap<string, string>;
}

function jitSource(book: JitCodeBook | undefined, memory: JitSource['memory']): JitSource {
  const columns = new Map<string, string>();
  for (const names of memory?.values() ?? [])
    for (const name of names) columns.set(withoutColumn(functionOf(name)), functionOf(name));
  return { book, memory, columns };
}

function jitNames({ book, memory, columns }: JitSource, address: number, module: string): CodeName[] {
  const names = book?.at(address) ?? [];
  const inMemory = memory?.get(address);
  const last = inMemory?.at(-1);
  if (names.length === 0) {
    if (last === undefined) return [{ time: 0, symbol: '', module }];
    return [{ time: 0, symbol: last, module: JIT_MODULE, ...inlinedOf(inMemory) }];
  }
  return names.map(({ time, name }) => {
    const known = functionOf(name);
    const full = hasColumn(known) ? known : (columns.get(known) ?? known);
    // Memory was read at the end: it tells of this code only if it is the same function still.
    const isSame = last !== undefined && functionOf(last) === full;
    const symbol = full === known ? name : name.replace(/(?::\d+)?$/, /:\d+:\d+$/.exec(full)?.[0] ?? '');
    return { time, symbol, module: JIT_MODULE, ...(isSame ? inlinedOf(inMemory) : {}) };
  });
}

function inlinedOf(names: readonly string[] | undefined): { inlined?: readonly string[] } {
  return names === undefined || names.length < 2 ? {} : { inlined: names.slice(0, -1) };
}

/** `render /app/x.js:10:5` of `JS:*render file:///app/x.js:10:5`: the function, whatever compiled it. */
function functionOf(name: string): string {
  return name.replace(/^\w+:[~^+*]?'?/, '').replace(/(^| )file:\/\//, '$1');
}

function hasColumn(name: string): boolean {
  return /:\d+:\d+$/.test(name);
}

function withoutColumn(name: string): string {
  return name.replace(/(:\d+):\d+$/, '$1');
}

/** Names of code in one mapping of several: the one it had at its beginning, and those until the next begins. */
function withinMapping(names: CodeName[], mappings: readonly CodeMapping[], index: number): CodeName[] {
  if (mappings.length === 1) return names;
  const { time } = mappings[index]!;
  const until = mappings[index + 1]?.time ?? Number.POSITIVE_INFINITY;
  const inside = names.filter((name) => name.time > time && name.time < until);
  const atBegin = nameAt(
    names.map((name) => ({ time: name.time, name: name.symbol })),
    time,
  );
  return [{ time, symbol: atBegin ?? '', module: names[0]?.module ?? JIT_MODULE }, ...inside];
}

function inOrder(list: CodeName[]): CodeName[] {
  list.sort((a, b) => a.time - b.time);
  return list.filter(
    (each, index) =>
      index === 0 || each.symbol !== list[index - 1]!.symbol || each.module !== list[index - 1]!.module,
  );
}

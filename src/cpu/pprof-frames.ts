import type { Category } from './call-tree.ts';
import { type FrameInfo, ROOT_FRAME } from './call-tree-builder.ts';
import { describeForeignFrame } from './foreign-frame.ts';
import type { PprofTables } from './pprof-tables.ts';

/** The functions of a pprof file by location. */
export interface PprofFrames {
  /** Row 0 is the root's. */
  infos: FrameInfo[];
  /** Rows in `infos` by line row of the tables (PprofTables.lines); of a location without lines see `ofAddress`. */
  ofLine: Int32Array;
  /** Row for a location that nobody symbolised. */
  ofAddress(location: number): number;
  /** 1 where the line of a line row is the one that ran, 0 where it is the function's own or unknown. */
  ran: Uint8Array;
}

const KERNEL = /^\[(kernel|guest\.kernel)|^vmlinux/;
const MACHINE_CODE = /\.(c|cc|cpp|cxx|h|hh|hpp|inc|s|asm)$/i;
/** What @datadog/pprof calls V8's own entries. */
const V8_NAMES: ReadonlyMap<string, Category> = new Map([
  ['Garbage Collection', 'gc'],
  ['Non JS threads activity', 'program'],
  ['Node.js', 'program'],
]);

/**
 * Makes a frame of every function. pprof has no place for the column of a function and, in many files, none for its
 * line: `Line.line` is then either the function's (V8 profilers) or the one that ran (machine code: Go, C++). It is
 * the one that ran where the location has an address or the function several lines; the function's place is its
 * `start_line` then, else the first of them.
 */
export function describePprofFrames(
  tables: PprofTables,
  options: { roots?: readonly string[] },
): PprofFrames {
  const { functions, lines, locations } = tables;
  const places = findPlaces(tables);
  const infos: FrameInfo[] = [ROOT_FRAME];
  const rowByFrame = new Map<string, number>();
  const rowByKey = new Map<string, number>();
  /** The row of a function, found by its key in the file; several of the file may be one of ours. */
  const row = (key: string, make: () => FrameInfo): number => {
    let known = rowByKey.get(key);
    if (known === undefined) {
      const info = make();
      const frame = `${info.name}\n${info.line}:${info.column}:${info.category}\n${info.file}`;
      known = rowByFrame.get(frame) ?? infos.push(info) - 1;
      rowByFrame.set(frame, known);
      rowByKey.set(key, known);
    }
    return known;
  };
  const byLocation = new Int32Array(locations.length).fill(-1);
  const addressRow = (location: number): number => {
    if (byLocation[location] !== -1) return byLocation[location]!;
    const address = locations.address(location);
    const module = tables.text(locations.module[location]!);
    const made = row(`${address} ${module}`, () => {
      const base = module.slice(module.lastIndexOf('/') + 1);
      const name = `${address || '(unknown)'}${base === '' ? '' : ` ${base}`}`;
      return describe(
        { name, file: '', line: 0, column: 0 },
        KERNEL.test(module) ? 'kernel' : undefined,
        options,
      );
    });
    byLocation[location] = made;
    return made;
  };
  const ofLine = new Int32Array(lines.function.length);
  const ran = new Uint8Array(lines.function.length);
  for (let location = 0; location < locations.length; location++) {
    const kernel = KERNEL.test(tables.text(locations.module[location]!));
    for (let at = locations.firstLine[location]!; at < locations.firstLine[location + 1]!; at++) {
      const fn = lines.function[at]!;
      if (fn < 0) {
        ofLine[at] = addressRow(location);
        continue;
      }
      const { line, column } = places;
      ofLine[at] = row(`${fn}${kernel ? 'k' : ''}`, () => {
        const name = tables.text(functions.name[fn]!);
        const file = tables.text(functions.file[fn]!);
        const cut = functions.name[fn]! >= tables.strings;
        return describe(
          { name: cut ? '(name cut off)' : name, file, line: line[fn]!, column: column[fn]! },
          kernel
            ? 'kernel'
            : MACHINE_CODE.test(file)
              ? 'native'
              : file === ''
                ? V8_NAMES.get(name)
                : undefined,
          options,
        );
      });
      // With a column it is the place of the function, as write-pprof.ts leaves it.
      if (places.linesRan[fn] === 1 && lines.line[at]! > 0) {
        ran[at] = lines.line[at] === line[fn] && lines.column[at]! > 0 ? 0 : 1;
      }
    }
  }
  return { infos, ofLine, ofAddress: addressRow, ran };
}

function describe(
  place: { name: string; file: string; line: number; column: number },
  category: Category | undefined,
  options: { roots?: readonly string[] },
): FrameInfo {
  const info = describeForeignFrame(category === undefined ? place : { ...place, category }, options);
  // A C++ file belongs to whoever built the binary, which is not the user of the profile.
  return category === undefined ? info : { ...info, party: 'none', package: '' };
}

/** Line and column of each function, and whether the lines of its locations are lines that ran. */
function findPlaces({ functions, lines, locations }: PprofTables): {
  line: Int32Array;
  column: Int32Array;
  linesRan: Uint8Array;
} {
  const line = functions.startLine.slice();
  const column = new Int32Array(functions.length);
  const linesRan = Uint8Array.from(functions.startLine, (start) => (start > 0 ? 1 : 0));
  for (let location = 0; location < locations.length; location++) {
    if (locations.addressed[location] === 0) continue;
    for (let at = locations.firstLine[location]!; at < locations.firstLine[location + 1]!; at++) {
      if (lines.function[at]! >= 0) linesRan[lines.function[at]!] = 1;
    }
  }
  for (let at = 0; at < lines.function.length; at++) {
    const fn = lines.function[at]!;
    const here = lines.line[at]!;
    if (fn < 0 || here === 0) continue;
    if (functions.startLine[fn] === 0) {
      if (line[fn] !== 0 && line[fn] !== here) linesRan[fn] = 1;
      if (line[fn] === 0 || here < line[fn]!) {
        line[fn] = here;
        column[fn] = 0;
      }
    }
    if (here === line[fn] && column[fn] === 0) column[fn] = lines.column[at]!;
  }
  return { line, column, linesRan };
}

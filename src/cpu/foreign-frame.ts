import { classifyLocation } from '../source-map/location.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { Category } from './call-tree.ts';
import type { FrameInfo } from './call-tree-builder.ts';
import { categoryOf } from './frame-category.ts';

/** A frame as other tools write it: all they know is text. */
export interface ForeignFrame {
  name: string;
  /** Script path or URL, '' unknown. */
  file: string;
  /** 1-based, 0 unknown. */
  line: number;
  column: number;
  /** Library, binary or `[kernel.kallsyms]` the code lies in, where the tool says so. */
  module?: string;
  /** Overrules what would be guessed. */
  category?: Category;
}

/** The row of the frame table for a frame of another tool: party, package and category by location and name. */
export function describeForeignFrame(
  frame: ForeignFrame,
  options: { roots?: readonly string[]; maps?: SourceMaps } = {},
): FrameInfo {
  const { maps, roots } = options;
  const place =
    frame.file === '' || frame.line === 0 || frame.column === 0
      ? undefined
      : maps?.original(frame.file, frame.line, frame.column);
  const location = classifyLocation(place?.file ?? frame.file, roots === undefined ? {} : { roots });
  const name =
    place === undefined ? frame.name : maps!.functionName(frame.file, frame.line, frame.column, frame.name);
  return {
    name: name === '' ? '(anonymous)' : name,
    file: location.file,
    line: place?.line ?? frame.line,
    column: place?.column ?? frame.column,
    category: frame.category ?? categoryOf(frame.name, location),
    party: location.party,
    package: location.package,
  };
}

/** A function name with the place it was written together with. Line and column 1-based, 0 unknown. */
export interface PlacedName {
  name: string;
  file: string;
  line: number;
  column: number;
}

/** Largest line or column that fits the frame table. */
const NUMBER_LIMIT = 0x7fffffff;

/**
 * Where a file begins behind a name: a path, a URL, or one of the names V8 gives to code without a file. Names hold
 * spaces (`get size`, `async load`), and so do files: the first thing that looks like one is taken.
 */
const FILE_START =
  /(?:^| )(?=\/|\.{1,2}\/|[A-Za-z]:[\\/]|\\\\|[a-z][\w+.-]*:\/|node:|internal\/|evalmachine\.|\[eval|<anonymous|<eval)/;
const SCRIPT_NAME = /^[^ ]*\.[cm]?[jt]sx?$/;

/**
 * Takes the `name file:line:column` of V8's logs, perf maps and their descendants apart. The name may be empty, and the
 * file too (`:1:20`, code made from a string). Text that holds no place comes back as a name.
 *
 *     render file:///app/x.js:10:5     get size /my app/x.js:3     node:internal/timers:525:28     std::sort
 */
export function splitPlace(text: string): PlacedName {
  const numbers = /:(\d{1,10})(?::(\d{1,10}))?$/.exec(text);
  const head = numbers === null ? text : text.slice(0, numbers.index);
  const place = { line: toNumber(numbers?.[1]), column: toNumber(numbers?.[2]) };
  const start = FILE_START.exec(head);
  if (start !== null) {
    const file = head.slice(start.index).trimStart();
    // `Heap::CollectGarbage /lib/x` would do as well, but a name alone may hold a slash: `operator/`.
    if (numbers !== null || file.startsWith('node:') || /\.[cm]?[jt]sx?$/.test(file)) {
      return { name: head.slice(0, start.index), file, ...place };
    }
  }
  if (numbers === null) return { name: text, file: '', line: 0, column: 0 };
  const space = head.lastIndexOf(' ');
  const file = head.slice(space + 1);
  // `x.js:10`, `render x.js:10`, and `:1:20` of code without a file; but not `std::tuple:3` or `worker 3:1`.
  if (SCRIPT_NAME.test(file) || (file === '' && space === head.length - 1)) {
    return { name: head.slice(0, Math.max(0, space)), file, ...place };
  }
  return { name: text, file: '', line: 0, column: 0 };
}

function toNumber(digits: string | undefined): number {
  const value = Number(digits ?? 0);
  return value <= NUMBER_LIMIT ? value : 0;
}

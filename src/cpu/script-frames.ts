import { classifyLocation, type Location } from '../source-map/location.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { CallTreeBuilder, FrameInfo } from './call-tree-builder.ts';
import { categoryOf } from './frame-category.ts';
import type { ScriptFunctions } from './script-functions.ts';

/** Scripts of holter's own in a target. */
const OWN = 'holter:';

/** Facts of a function, as bits. */
const KNOWN = 1;
/** Of the user's own code or of a dependency. */
export const OF_USER = 2;
/** Of a script that holter put into the target; it has no row. */
export const OF_HOLTER = 4;
const OF_SCRIPT = 8;
const MAPPED = 16;

/**
 * Turns V8's call frames into rows of a builder's frame table: source maps, original name, party and package. One
 * look-up per generated function, however many nodes it has.
 */
export class ScriptFrames {
  /** By function, after `look`: row in the builder's frame table. */
  readonly row: Int32Array;
  /** By function, after `look`: the bits above. */
  readonly facts: Uint8Array;
  readonly #builder: CallTreeBuilder;
  readonly #functions: ScriptFunctions;
  readonly #options: { maps?: SourceMaps; roots?: readonly string[] };
  /** By URL or original file. */
  readonly #locations = new Map<string, Location>();

  constructor(
    builder: CallTreeBuilder,
    functions: ScriptFunctions,
    options: { maps?: SourceMaps; roots?: readonly string[] },
  ) {
    this.#builder = builder;
    this.#functions = functions;
    this.#options = options;
    this.row = new Int32Array(functions.length);
    this.facts = new Uint8Array(functions.length);
  }

  /** Fills `row` and `facts` of these functions, in this order when they are new: the order of the frame table. */
  look(functions: Int32Array): void {
    const { facts } = this;
    for (let i = 0; i < functions.length; i++) {
      const fn = functions[i]!;
      if (facts[fn] === 0) this.#lookAt(fn);
    }
  }

  #lookAt(fn: number): void {
    const url = this.#functions.urlOf(fn);
    let facts = url === '' ? KNOWN : KNOWN | OF_SCRIPT;
    if (url.startsWith(OWN)) facts |= OF_HOLTER;
    else {
      const info = this.#describe(fn, url);
      this.row[fn] = this.#builder.frameRow(info);
      if (info.party === 'user' || info.party === 'dependency') facts |= OF_USER;
      if (this.#options.maps?.has(url) === true) facts |= MAPPED;
    }
    this.facts[fn] = facts;
  }

  /** 1-based line of the original for a line of the function's script; 0 when it has none. */
  lineOf(fn: number, line: number): number {
    const facts = this.facts[fn]!;
    // V8 gives builtins the line of their caller: not a line of this frame.
    if ((facts & (OF_SCRIPT | OF_HOLTER)) !== OF_SCRIPT) return 0;
    if ((facts & MAPPED) === 0) return line;
    return this.#options.maps?.originalLine(this.#functions.urlOf(fn), line)?.line ?? 0;
  }

  #locationOf(file: string): Location {
    let location = this.#locations.get(file);
    if (location === undefined) {
      const { roots } = this.#options;
      location = classifyLocation(file, roots === undefined ? {} : { roots });
      this.#locations.set(file, location);
    }
    return location;
  }

  #describe(fn: number, url: string): FrameInfo {
    const { maps } = this.#options;
    const name = this.#functions.nameOf(fn);
    const line = this.#functions.line.values[fn]!;
    const column = this.#functions.column.values[fn]!;
    const place = url === '' ? undefined : maps?.original(url, line, column);
    const location = this.#locationOf(place?.file ?? url);
    const original = place === undefined ? name : maps!.functionName(url, line, column, name);
    return {
      name: original === '' ? '(anonymous)' : original,
      file: location.file,
      line: place?.line ?? line,
      column: place?.column ?? column,
      category: categoryOf(name, location),
      party: location.party,
      package: location.package,
    };
  }
}

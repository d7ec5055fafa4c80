import {
  decodedMappings,
  FlattenMap,
  type SourceMapSegment,
  type TraceMap,
  traceSegment,
} from '@jridgewell/trace-mapping';
import { enclosingFunctionName, functionNameAt, isIdentifier, looksMinified } from './function-name.ts';
import { plainPath } from './location.ts';
import { originalPath } from './original-path.ts';
import type { SourceBook } from './source-book.ts';
import { findSourceMapUrl, readDataUrl } from './source-map-url.ts';

/** A script of the target and what is at hand of its map. */
export interface ScriptSource {
  /** Script URL as V8 names it: `file:///app/dist/x.js` or `/app/dist/x.js`. */
  url: string;
  /** Script text; searched for an inline map when `map` is absent. */
  text?: string;
  /** JSON text of its source map. */
  map?: string;
  /** Path of the map file; original names count from it. Default: the script's own path. */
  mapPath?: string;
}

/** A place in an original source; line and column 1-based. */
export interface OriginalPlace {
  file: string;
  line: number;
  column: number;
  /** Entry of the map's `names` at this place, '' when it has none. */
  name: string;
}

export interface SourceMapsOptions {
  /** The user's own folders, see originalPath. */
  roots?: readonly string[];
  /** Original texts by path, for names of functions; texts inside the maps are found without it. */
  book?: SourceBook;
}

/** A parsed map with its sources as paths. */
export interface LoadedMap {
  trace: TraceMap;
  /** Absolute path per source index. */
  paths: string[];
}

/** A generated line that covers more original lines than this says nothing about one line. */
const LINE_SPAN_LIMIT = 8;

/**
 * The source maps of a target's scripts, flat or indexed (ECMA-426). Pure: works on texts that were collected before.
 * A map is parsed when its script is first asked for. Broken maps are left out and described in `notes`; nothing throws.
 */
export class SourceMaps {
  /** What could not be used, in sentences. */
  readonly notes: string[] = [];
  readonly #scripts = new Map<string, ScriptSource>();
  readonly #loaded = new Map<string, LoadedMap | undefined>();
  readonly #contents = new Map<string, readonly string[]>();
  readonly #options: SourceMapsOptions;

  constructor(scripts: Iterable<ScriptSource>, options: SourceMapsOptions = {}) {
    this.#options = options;
    for (const script of scripts) this.#scripts.set(plainPath(script.url), script);
  }

  /** Original place of a 1-based generated place, or undefined when the script or the place has none. */
  original(scriptUrl: string, line1: number, column1: number): OriginalPlace | undefined {
    const map = this.#map(scriptUrl);
    if (map === undefined) return undefined;
    const segment = this.#trace(map, scriptUrl, line1, column1);
    if (segment === undefined || segment.length === 1) return undefined;
    const file = map.paths[segment[1]];
    if (file === undefined) return undefined;
    const name = segment.length === 5 ? (map.trace.names[segment[4]] ?? '') : '';
    return { file, line: segment[2] + 1, column: segment[3] + 1, name };
  }

  /**
   * Original line of a whole generated line, for V8's ticks, which have no column. Undefined when the line comes from
   * several files or from lines far apart, as every line of a minified bundle does.
   */
  originalLine(scriptUrl: string, line1: number): { file: string; line: number } | undefined {
    const map = this.#map(scriptUrl);
    if (map === undefined) return undefined;
    let first: { file: string; line: number } | undefined;
    for (const segment of this.#segments(map, scriptUrl, line1)) {
      if (segment.length === 1) continue;
      const file = map.paths[segment[1]];
      if (file === undefined) continue;
      const line = segment[2] + 1;
      first ??= { file, line };
      if (file !== first.file || line < first.line || line - first.line > LINE_SPAN_LIMIT) return undefined;
    }
    return first;
  }

  /**
   * Name of the function at a generated place as the author wrote it: the map's own name there, else what the original
   * text says, else `generated`. A name that a minifier would not make is only improved, never replaced by a guess.
   */
  functionName(scriptUrl: string, line1: number, column1: number, generated: string): string {
    const place = this.original(scriptUrl, line1, column1);
    if (place === undefined) return generated;
    const minified = looksMinified(generated);
    if (minified && generated !== '' && isIdentifier(place.name)) return place.name;
    const lines = this.lines(place.file);
    const written = lines === undefined ? '' : functionNameAt(lines, place.line, place.column);
    if (written === '')
      return generated === '' && isIdentifier(place.name) && !minified ? place.name : generated;
    // Bundlers number names that would clash: `handler2` was written `handler`.
    if (minified || generated.replace(/\$?\d+$/, '') === written) return written;
    return generated;
  }

  /**
   * The same for a place inside the function, as stacks give them: there the map's name is that of whatever is called,
   * so only the original text can tell. `generated` when it does not look minified or nothing is found.
   */
  enclosingFunctionName(scriptUrl: string, line1: number, column1: number, generated: string): string {
    if (!looksMinified(generated)) return generated;
    const place = this.original(scriptUrl, line1, column1);
    const lines = place === undefined ? undefined : this.lines(place.file);
    if (place === undefined || lines === undefined) return generated;
    const written = enclosingFunctionName(lines, place.line, place.column);
    return written === '' ? generated : written;
  }

  /** Lines of an original file: from the book, else from `sourcesContent` of a map that has been asked for. */
  lines(file: string): readonly string[] | undefined {
    return this.#options.book?.lines(file) ?? this.#contents.get(file);
  }

  /** True when a usable map for this script was handed in. */
  has(scriptUrl: string): boolean {
    return this.#map(scriptUrl) !== undefined;
  }

  #segments(map: LoadedMap, scriptUrl: string, line1: number): readonly SourceMapSegment[] {
    try {
      return decodedMappings(map.trace)[line1 - 1] ?? [];
    } catch (error) {
      this.#drop(plainPath(scriptUrl), error);
      return [];
    }
  }

  #trace(
    map: LoadedMap,
    scriptUrl: string,
    line1: number,
    column1: number,
  ): Readonly<SourceMapSegment> | undefined {
    if (!(line1 >= 1) || !(column1 >= 1)) return undefined;
    try {
      return traceSegment(map.trace, line1 - 1, column1 - 1) ?? undefined;
    } catch (error) {
      this.#drop(plainPath(scriptUrl), error);
      return undefined;
    }
  }

  #map(scriptUrl: string): LoadedMap | undefined {
    const path = plainPath(scriptUrl);
    if (this.#loaded.has(path)) return this.#loaded.get(path);
    this.#loaded.set(path, undefined);
    const script = this.#scripts.get(path);
    if (script === undefined) return undefined;
    const json = script.map ?? inlineMap(script.text);
    if (json === undefined) return undefined;
    try {
      const loaded = loadMap(json, script.mapPath ?? path, this.#options.roots);
      // Decoding is lazy in the library; a broken `mappings` shall show here.
      traceSegment(loaded.trace, 0, 0);
      this.#loaded.set(path, loaded);
      for (const [i, content] of (loaded.trace.sourcesContent ?? []).entries()) {
        const file = loaded.paths[i];
        if (typeof content === 'string' && file !== undefined)
          this.#contents.set(file, content.split(/\r\n|\n/));
      }
      return loaded;
    } catch (error) {
      this.#drop(path, error);
      return undefined;
    }
  }

  #drop(path: string, error: unknown): void {
    this.#loaded.set(path, undefined);
    this.notes.push(
      `source map of ${path} is not usable: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Parses one map; throws whatever is wrong with it. */
export function loadMap(json: string, mapPath: string, roots: readonly string[] | undefined): LoadedMap {
  // Servers put `)]}'` before JSON against inclusion as a script (ECMA-426 §11.2).
  const trace = new FlattenMap(json.replace(/^\)\]\}'?[^\n]*\n/, ''));
  const sourceRoot = typeof trace.sourceRoot === 'string' ? trace.sourceRoot : undefined;
  const paths = trace.sources.map((source) =>
    source === null ? '' : originalPath(String(source), { mapPath, sourceRoot, roots }),
  );
  return { trace, paths };
}

/** JSON of the map inlined in a script text, or undefined. */
export function inlineMap(text: string | undefined): string | undefined {
  const url = text === undefined ? undefined : findSourceMapUrl(text);
  return url === undefined ? undefined : readDataUrl(url);
}

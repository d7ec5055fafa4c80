import { classifyLocation } from '../source-map/location.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { Party } from './call-tree.ts';
import type { CallTreeBuilder, FrameInfo } from './call-tree-builder.ts';
import { categoryOf } from './frame-category.ts';

/** A generated function: script URL, name and 1-based place as V8 gives them. */
export interface ScriptFunction {
  name: string;
  url: string;
  line: number;
  column: number;
}

/**
 * Turns V8's call frames into rows of a builder's frame table: source maps, original name, party and package. One
 * look-up per generated function, however many nodes it has.
 */
export class ScriptFrames {
  readonly #builder: CallTreeBuilder;
  readonly #options: { maps?: SourceMaps; roots?: readonly string[] };
  readonly #known = new Map<string, { row: number; party: Party }>();

  constructor(builder: CallTreeBuilder, options: { maps?: SourceMaps; roots?: readonly string[] }) {
    this.#builder = builder;
    this.#options = options;
  }

  rowOf(call: ScriptFunction): number {
    return this.#entry(call).row;
  }

  partyOf(call: ScriptFunction): Party {
    return this.#entry(call).party;
  }

  #entry(call: ScriptFunction): { row: number; party: Party } {
    const key = `${call.line}:${call.column}:${call.name}\n${call.url}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const info = this.#describe(call);
    const entry = { row: this.#builder.frameRow(info), party: info.party };
    this.#known.set(key, entry);
    return entry;
  }

  #describe(call: ScriptFunction): FrameInfo {
    const { maps, roots } = this.#options;
    const place = call.url === '' ? undefined : maps?.original(call.url, call.line, call.column);
    const location = classifyLocation(place?.file ?? call.url, roots === undefined ? {} : { roots });
    const name =
      place === undefined ? call.name : maps!.functionName(call.url, call.line, call.column, call.name);
    return {
      name: name === '' ? '(anonymous)' : name,
      file: location.file,
      line: place?.line ?? call.line,
      column: place?.column ?? call.column,
      category: categoryOf(call.name, location),
      party: location.party,
      package: location.package,
    };
  }
}

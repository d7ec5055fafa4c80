import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bytes } from '../base/units.ts';
import { classifyLocation } from '../source-map/location.ts';
import { SourceMaps } from '../source-map/source-map.ts';
import { findSourceMapUrl, readDataUrl } from '../source-map/source-map-url.ts';
import type { Place } from './place.ts';

/** Scripts and maps larger than this are left alone: a bundle's map takes memory many times its size. */
const LARGEST: Bytes = 64e6;

/**
 * Places in the sources an author wrote, for scripts that are here with their source maps. A file is read when a place
 * in it is first asked for, and only trusted when it begins as the snapshot says the script does: a snapshot comes from
 * any machine, and its paths may be anything. Nothing throws; what cannot be mapped stays as it is.
 */
export class OriginalPlaces {
  readonly #beginOf: (file: string) => string;
  readonly #maps = new Map<string, SourceMaps | undefined>();

  /** @param beginOf the first characters of a script as the snapshot has them, '' unknown */
  constructor(beginOf: (file: string) => string) {
    this.#beginOf = beginOf;
  }

  /** The place before compilation, or the same. */
  map(place: Place): Place {
    const maps = this.#mapsOf(place.file);
    const original = maps?.original(place.file, place.line, place.column);
    if (maps === undefined || original === undefined || original.file === '') return place;
    const { party, package: name, file } = classifyLocation(original.file);
    return {
      function: maps.functionName(place.file, place.line, place.column, place.function),
      file,
      line: original.line,
      column: original.column,
      package: party === 'dependency' ? name : place.package,
    };
  }

  #mapsOf(file: string): SourceMaps | undefined {
    if (this.#maps.has(file)) return this.#maps.get(file);
    const maps = isAbsolute(file) ? this.#load(file) : undefined;
    this.#maps.set(file, maps);
    return maps;
  }

  #load(file: string): SourceMaps | undefined {
    const text = readText(file);
    const url = text === undefined ? undefined : findSourceMapUrl(text);
    if (text === undefined || url === undefined) return undefined;
    const begin = this.#beginOf(file);
    if (begin === '' || !text.startsWith(begin)) return undefined;
    const inline = readDataUrl(url);
    if (inline !== undefined) return new SourceMaps([{ url: file, map: inline, mapPath: file }]);
    const mapPath = pathBeside(file, url);
    const map = mapPath === undefined ? undefined : readText(mapPath);
    return map === undefined || mapPath === undefined
      ? undefined
      : new SourceMaps([{ url: file, map, mapPath }]);
  }
}

function pathBeside(file: string, url: string): string | undefined {
  try {
    if (url.startsWith('file:')) return fileURLToPath(url);
    if (/^[a-z][a-z\d+.-]+:/i.test(url)) return undefined;
    const path = decodeURIComponent(url.replace(/[?#].*$/, ''));
    return isAbsolute(path) ? path : join(dirname(file), path);
  } catch {
    return undefined;
  }
}

/** Text of an ordinary file (without its byte order mark), undefined when there is none to be read. */
function readText(path: string): string | undefined {
  try {
    const entry = statSync(path);
    if (!entry.isFile() || entry.size > LARGEST) return undefined;
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch {
    return undefined;
  }
}

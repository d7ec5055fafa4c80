import { classifyLocation, plainPath } from '../source-map/location.ts';
import type { JsFrame, StackReport } from './stack-frame.ts';

/** Reads a file as the target sees it; undefined for what cannot be read. */
export type ReadTargetFile = (path: string) => Buffer | undefined;

/** Lines of the texts that stacks stand in. */
export interface StackSources {
  /** Lines of a script or of an original file, and where they come from; undefined when nobody has them. */
  lines(file: string): { lines: readonly string[]; from: 'file' | 'map' } | undefined;
  /** Maps that could not be used, a sentence each. */
  notes: readonly string[];
}

const SCRIPT_BYTES_LIMIT = 16 * 2 ** 20;
const SCRIPTS_LIMIT = 200;

/**
 * Sets `place.original` of every frame whose script has a source map (beside it or inside it), in all reports, and gives
 * the texts for excerpts. Scripts of dependencies are looked at too: bundles are shipped as packages. Never throws for
 * bad files.
 */
export async function addOriginalPlaces(
  reports: readonly StackReport[],
  readFile: ReadTargetFile,
  roots: readonly string[],
): Promise<StackSources> {
  const frames = reports.flatMap(({ threads }) =>
    threads.flatMap((thread) => thread.frames.filter((frame): frame is JsFrame => frame.kind === 'js')),
  );
  const texts = new Map<string, string>();
  const urls = new Set(frames.flatMap(({ place }) => (place === undefined ? [] : [place.url])));
  const mapped: string[] = [];
  for (const url of [...urls].slice(0, SCRIPTS_LIMIT)) {
    const path = plainPath(url);
    if (!path.startsWith('/') || classifyLocation(url).party === 'core') continue;
    const bytes = readFile(path);
    if (bytes === undefined || bytes.length > SCRIPT_BYTES_LIMIT) continue;
    const text = bytes.toString('utf8');
    texts.set(path, text);
    if (text.includes('sourceMappingURL=')) mapped.push(url);
  }
  if (mapped.length === 0) return makeSources(texts, () => undefined, []);
  // The library for maps costs as much to load as reading a stack: only who has maps pays.
  const { collectSources, openSources } = await import('../source-map/collect-sources.ts');
  const file = await collectSources(
    mapped.map((url) => ({ url, weight: 1, always: true })),
    async (path) => readFile(path),
    { roots },
  );
  const { maps, book } = openSources(file, { roots });
  for (const { place } of frames) {
    if (place === undefined || !mapped.includes(place.url)) continue;
    const original = maps.original(place.url, place.line, place.column);
    if (original === undefined) continue;
    place.original = { file: original.file, line: original.line, column: original.column };
  }
  for (const frame of frames) {
    const { place } = frame;
    if (place?.original === undefined) continue;
    const name = maps.enclosingFunctionName(place.url, place.line, place.column, frame.functionName);
    if (name !== '' && name !== frame.functionName) place.original.name = name;
  }
  return makeSources(texts, (path) => book.lines(path) ?? maps.lines(path), maps.notes);
}

function makeSources(
  texts: ReadonlyMap<string, string>,
  original: (path: string) => readonly string[] | undefined,
  notes: readonly string[],
): StackSources {
  return {
    notes,
    lines(file) {
      const path = plainPath(file);
      const text = texts.get(path);
      if (text !== undefined) return { lines: text.split(/\r\n|\n|\u2028|\u2029/), from: 'file' };
      const lines = original(path);
      return lines === undefined ? undefined : { lines, from: 'map' };
    },
  };
}

import { encodedMap } from '@jridgewell/trace-mapping';
import type { Share } from '../base/units.ts';
import { classifyLocation, plainPath } from './location.ts';
import { makeSourceBook, type SourceBook } from './source-book.ts';
import { inlineMap, loadMap, SourceMaps } from './source-map.ts';
import { findSourceMapUrl } from './source-map-url.ts';

/** `sources` evidence of a recording: the texts that a verdict quotes, frozen as they were when the target ran. */
export interface SourcesFile {
  schema: 'holter.sources/1';
  /** `text` for scripts without a map; `map` is JSON with absolute `sources` and without their contents. */
  scripts: { url: string; text?: string; map?: string }[];
  /** Original texts by absolute path. */
  originals: Record<string, string>;
}

/** A script seen in profiles. */
export interface WeighedScript {
  url: string;
  /** Share of the evidence, 0–1. */
  weight: Share;
  /** Wanted whatever it weighs: it holds a frame that is blamed. */
  always?: boolean;
}

export interface CollectOptions {
  roots?: readonly string[];
}

const LIGHTEST_SHARE: Share = 0.003;
const SCRIPT_LIMIT = 30;
const SCRIPT_BYTES_LIMIT = 8 * 2 ** 20;
const MAP_BYTES_LIMIT = 64 * 2 ** 20;
const ORIGINAL_BYTES_LIMIT = 2 * 2 ** 20;
const ORIGINALS_LIMIT = 2000;
/** All originals together: a bundle may carry thousands, and every recording keeps them. */
const ALL_ORIGINALS_LIMIT = 24 * 2 ** 20;

/**
 * Reads the scripts that matter and their maps. `scripts` are seen scripts with their share (a map: URL → share). `readFile` gets absolute paths as the target sees them and answers
 * undefined for what it cannot read. User code only: scripts of ≥ 0.3 % or asked for by `always`, the 30
 * heaviest, ≤ 8 MB each; originals ≤ 2 MB each and 24 MB in all, none from node_modules. Never throws for bad content.
 */
export async function collectSources(
  scripts: readonly WeighedScript[] | ReadonlyMap<string, Share>,
  readFile: (path: string) => Promise<Buffer | undefined>,
  options: CollectOptions = {},
): Promise<SourcesFile> {
  const file: SourcesFile = { schema: 'holter.sources/1', scripts: [], originals: {} };
  const budget = { bytes: ALL_ORIGINALS_LIMIT, files: ORIGINALS_LIMIT };
  for (const url of wantedScripts(scripts, options)) {
    const path = plainPath(url);
    const bytes = await readFile(path);
    if (bytes === undefined || bytes.length > SCRIPT_BYTES_LIMIT) continue;
    const text = bytes.toString('utf8');
    const found = await findMap(path, text, readFile);
    const kept =
      found === undefined ? undefined : await keepMap(found, file.originals, budget, readFile, options);
    file.scripts.push(kept === undefined ? { url, text } : { url, map: kept });
  }
  return file;
}

/** Opens the `sources` evidence: maps for readers of profiles, a book for quoting lines. */
export function openSources(
  file: SourcesFile,
  options: CollectOptions = {},
): { maps: SourceMaps; book: SourceBook } {
  const texts = new Map(Object.entries(file.originals));
  for (const script of file.scripts)
    if (script.text !== undefined) texts.set(plainPath(script.url), script.text);
  const book = makeSourceBook(texts);
  return { maps: new SourceMaps(file.scripts, { ...options, book }), book };
}

function wantedScripts(
  scripts: readonly WeighedScript[] | ReadonlyMap<string, Share>,
  options: CollectOptions,
): string[] {
  const list: readonly WeighedScript[] =
    'length' in scripts ? scripts : [...scripts].map(([url, weight]) => ({ url, weight }));
  const merged = new Map<string, WeighedScript & { always: boolean }>();
  for (const { url, weight, always = false } of list) {
    const known = merged.get(url);
    merged.set(url, { url, weight: weight + (known?.weight ?? 0), always: always || known?.always === true });
  }
  return [...merged.values()]
    .filter((script) => script.always || script.weight >= LIGHTEST_SHARE)
    .filter((script) => script.always || classifyLocation(script.url, options).party === 'user')
    .filter((script) => isFile(plainPath(script.url)))
    .sort((a, b) => Number(b.always) - Number(a.always) || b.weight - a.weight)
    .slice(0, SCRIPT_LIMIT)
    .map((script) => script.url);
}

function isFile(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:\//.test(path);
}

async function findMap(
  scriptPath: string,
  text: string,
  readFile: (path: string) => Promise<Buffer | undefined>,
): Promise<{ json: string; mapPath: string } | undefined> {
  const inline = inlineMap(text);
  if (inline !== undefined) return { json: inline, mapPath: scriptPath };
  const url = findSourceMapUrl(text);
  if (url === undefined || (/^[a-z][\w+.-]*:/i.test(url) && !url.startsWith('file:'))) return undefined;
  const mapPath = resolveBeside(
    scriptPath,
    url.startsWith('file:') ? plainPath(url) : safeDecode(url.replace(/[?#].*$/, '')),
  );
  const bytes = await readFile(mapPath);
  if (bytes === undefined || bytes.length > MAP_BYTES_LIMIT) return undefined;
  return { json: bytes.toString('utf8'), mapPath };
}

/** The map with absolute sources as JSON; its user originals go to `originals`. Undefined for a broken map. */
async function keepMap(
  found: { json: string; mapPath: string },
  originals: Record<string, string>,
  budget: { bytes: number; files: number },
  readFile: (path: string) => Promise<Buffer | undefined>,
  options: CollectOptions,
): Promise<string | undefined> {
  try {
    const { trace, paths } = loadMap(found.json, found.mapPath, options.roots);
    const encoded = encodedMap(trace);
    for (const [i, path] of paths.entries()) {
      if (path === '' || path in originals || classifyLocation(path, options).party !== 'user') continue;
      if (budget.files <= 0 || budget.bytes <= 0) break;
      budget.files--;
      const inMap = trace.sourcesContent?.[i];
      const content =
        typeof inMap === 'string'
          ? inMap
          : isFile(path)
            ? (await readFile(path))?.toString('utf8')
            : undefined;
      if (content === undefined || content.length > ORIGINAL_BYTES_LIMIT || content.length > budget.bytes)
        continue;
      budget.bytes -= content.length;
      originals[path] = content;
    }
    return JSON.stringify({ version: 3, names: encoded.names, sources: paths, mappings: encoded.mappings });
  } catch {
    return undefined;
  }
}

function resolveBeside(scriptPath: string, name: string): string {
  if (isFile(name)) return name;
  const parts = scriptPath.split('/').slice(0, -1);
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function safeDecode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

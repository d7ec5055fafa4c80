import { plainPath } from './location.ts';

export interface OriginalPathContext {
  /** Path of the map file, or of the script when the map is inline. */
  mapPath: string;
  sourceRoot?: string | undefined;
  /** The user's own folders; a bundler's `webpack://app/./src/a.ts` is below the one that holds the map. */
  roots?: readonly string[] | undefined;
}

/** Folders that builds write to; the project is above them. */
const OUTPUT_FOLDER =
  /\/(?:dist|build|out|output|lib|\.next|\.nuxt|\.output|\.svelte-kit|\.webpack|\.serverless|public|target)(?:\/|$)/;

/**
 * Absolute path of an original source as named in a map's `sources`. Relative names count from the map file
 * (ECMA-426 §9); names in a bundler's own scheme count from the project's folder, which the map does not tell and is
 * taken to be the root that holds it, or the folder above `dist` and the like. Paths in a virtual namespace (`\0x`)
 * stay as they are.
 */
export function originalPath(source: string, context: OriginalPathContext): string {
  const root = context.sourceRoot ?? '';
  const joined = root === '' || isAbsolute(source) ? source : `${root.replace(/\/$/, '')}/${source}`;
  if (joined.startsWith('\0')) return joined;
  const path = plainPath(joined);
  if (isAbsolute(path) || /^[a-z][\w+.-]*:\/\//i.test(path)) return normalise(path);
  const ofBundler = path !== joined && /^[\w-]+:/.test(joined);
  const folder = ofBundler ? projectFolder(context) : folderOf(context.mapPath);
  return normalise(folder === '' ? path : `${folder}/${path}`);
}

function projectFolder(context: OriginalPathContext): string {
  let best = '';
  for (const root of context.roots ?? []) {
    const folder = root.replace(/\/$/, '');
    if (context.mapPath.startsWith(`${folder}/`) && folder.length > best.length) best = folder;
  }
  if (best !== '') return best;
  const folder = folderOf(context.mapPath);
  const output = OUTPUT_FOLDER.exec(folder);
  return output === null ? folder : folder.slice(0, output.index);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || /^[a-z][\w+.-]+:/i.test(path);
}

function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    // A `..` above the top has nowhere to go; keep what is left, it is a name for people.
    if (part === '..') {
      if (parts.length > 1 || (parts.length === 1 && parts[0] !== '')) parts.pop();
    } else parts.push(part);
  }
  return parts.join('/');
}

import type { Party } from './party.ts';

/** Who owns a script or source file. */
export interface Location {
  party: Party;
  /** npm package of a dependency (`@scope/name`), else ''. */
  package: string;
  /** Plain path without `file://`; `node:…` for core; '' for native; other URLs (`wasm://…`) as they are. */
  file: string;
}

export interface LocationOptions {
  /**
   * Folders that are the user's own even below a `node_modules`, e.g. the target's cwd when the service itself was
   * installed with npm. A `node_modules` further down inside a root still marks a dependency.
   */
  roots?: readonly string[];
}

const NATIVE: Location = { party: 'none', package: '', file: '' };

/**
 * Says which party and package a V8 script URL or an original source name belongs to. Never throws.
 *
 *     file:///app/node_modules/@a/b/x.js                 dependency @a/b
 *     /app/node_modules/.pnpm/x@1.0.0/node_modules/x/i.js dependency x
 *     /app/.yarn/cache/x-npm-1.0.0-abc.zip/node_modules/x/i.js  dependency x
 *     node:internal/crypto/pbkdf2, internal/main.js      core
 *     webpack://shop/./src/a.ts                          user, src/a.ts
 *     wasm://wasm/0a1b2c                                 none: code of an unknown owner, the caller is asked instead
 *     ''                                                 none: native
 */
export function classifyLocation(url: string, options: LocationOptions = {}): Location {
  if (url === '') return NATIVE;
  if (url.startsWith('node:')) return { party: 'core', package: '', file: url };
  // Node before 16 and stacks of core's own bundled code have no scheme: `internal/timers.js`.
  if (url.startsWith('internal/'))
    return { party: 'core', package: '', file: `node:${url.replace(/\.js$/, '')}` };
  if (url.startsWith('wasm://')) return { party: 'none', package: '', file: url };
  if (url.startsWith('native ') || url === 'native' || url.startsWith('v8/')) return NATIVE;
  const file = plainPath(url);
  if (/(^|\/)webpack\/(bootstrap|runtime)\b/.test(file))
    return { party: 'dependency', package: 'webpack', file };
  const dependency = packageOfPath(belowRoot(file, options.roots));
  if (dependency !== '') return { party: 'dependency', package: dependency, file };
  // Rollup and Vite name their virtual modules with a leading NUL: helper code no one wrote.
  if (file.startsWith('\0'))
    return { party: 'dependency', package: virtualPackage(file), file: file.slice(1) };
  return { party: 'user', package: '', file };
}

/**
 * Turns a script URL into the path an engineer would open: `file://` decoded, bundler schemes
 * (`webpack://name/./src/a.ts`) cut to the relative path, query and hash of ESM reloads (`?t=1`) removed,
 * Windows separators kept as forward slashes.
 */
export function plainPath(url: string): string {
  let path = url;
  if (path.startsWith('file:')) {
    path = decode(path.replace(/^file:\/\/\/?(?=[A-Za-z]:[\\/])/, '').replace(/^file:\/\//, ''));
    path = path.replace(/[?#].*$/, '');
  } else if (/^webpack(-internal)?:/.test(path)) {
    path = path
      .replace(/^webpack-internal:\/{0,3}/, '')
      .replace(/^webpack:\/\/\/?/, '')
      // `webpack://<unique name>/./src/a.ts`; an empty name leaves `./src/a.ts` and has been dealt with above.
      .replace(/^(?!\.{1,2}\/)(?:@[^/]+\/)?[^/]+\/(?=\.{1,2}\/|node_modules\/|webpack\/)/, '')
      .replace(/^(\(.*?\)\/)/, '')
      .replace(/\?[0-9a-z]*$/, '');
    path = path.replace(/^\.\//, '');
  } else if (/^(vite|rollup|turbopack|rsc|esbuild|ng|parcel)[\w-]*:\/{0,3}/.test(path)) {
    path = path.replace(/^[\w-]+:\/{0,3}(\[project\]\/)?/, '').replace(/\?.*$/, '');
  } else if (path.startsWith('/@fs/')) {
    path = path.slice('/@fs'.length).replace(/\?.*$/, '');
  } else if (/\.[cm]?[jt]sx?\?[\w=&.-]*$/.test(path)) {
    path = path.replace(/\?[^?]*$/, '');
  }
  if (/^[A-Za-z]:\\/.test(path) || path.startsWith('\\\\')) path = path.replaceAll('\\', '/');
  return path;
}

/**
 * npm package that a path lies in (`@scope/name`), '' when in none. The innermost `node_modules` counts, which is also
 * right for pnpm's `.pnpm/x@1/node_modules/x` and for Yarn PnP zip caches.
 */
export function packageOfPath(path: string): string {
  const marker = 'node_modules/';
  let at = path.lastIndexOf(marker);
  while (at > 0 && path[at - 1] !== '/' && path[at - 1] !== '\0') at = path.lastIndexOf(marker, at - 1);
  if (at >= 0) {
    const rest = path.slice(at + marker.length);
    const [first = '', second = ''] = rest.split('/', 2);
    if (first.startsWith('@')) return second === '' ? first : `${first}/${second}`;
    if (first === '.pnpm') return pnpmFolderPackage(second);
    return first;
  }
  // A file at the top of an unplugged or zipped package: `.yarn/cache/left-pad-npm-1.3.0-1c2d.zip/index.js`.
  const yarn =
    /\.yarn\/(?:__virtual__\/[^/]+\/\d+\/)?(?:cache|unplugged)\/([^/]+?)-(?:npm|virtual|https|patch)-[^/]*\//.exec(
      path,
    );
  if (yarn === null) return '';
  const name = yarn[1]!;
  const scope = /^(@[^-]+)-(.+)$/.exec(name);
  return scope === null ? name : `${scope[1]}/${scope[2]}`;
}

/** `.pnpm/@a+b@1.0.0_peer` → `@a/b`. */
function pnpmFolderPackage(folder: string): string {
  const end = folder.indexOf('@', 1);
  return (end < 0 ? folder : folder.slice(0, end)).replace('+', '/');
}

/** The part of `file` below the deepest root that holds it, or the whole of it. */
function belowRoot(file: string, roots: readonly string[] | undefined): string {
  let rest = file;
  for (const root of roots ?? []) {
    const folder = root.endsWith('/') ? root : `${root}/`;
    // The machine's root says nothing about ownership.
    if (folder === '/' || !file.startsWith(folder)) continue;
    if (file.length - folder.length < rest.length) rest = file.slice(folder.length);
  }
  return rest;
}

function virtualPackage(file: string): string {
  return /vite/.test(file) ? 'vite' : 'rollup';
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

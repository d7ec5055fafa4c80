import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Place } from './place.ts';

/** Sources larger than this are bundles, in which a name says nothing. */
const LARGEST = 4_000_000;
/** Lines of a function that are searched from where it begins. */
const WITHIN = 200;

/**
 * The line that adds to a container by its name, `sessions.set(…)`, `rows.push(…)`, `cache[key] = …`: in the function at
 * `place`, or without one in `file`. Undefined when the file is not here, does not fit the snapshot (the function's name is
 * not on its line), or no line does so.
 */
export function findAddingLine(
  name: string,
  place: Place | undefined,
  file: string | undefined,
): Place | undefined {
  const path = place?.file ?? file;
  if (name === '' || path === undefined || !/^[\p{ID_Start}$_#][\p{ID_Continue}$]*$/u.test(name))
    return undefined;
  const lines = sourceLines(path);
  if (lines === undefined) return undefined;
  const begin = place === undefined ? 0 : place.line - 1;
  if (place !== undefined) {
    const head = lines[begin];
    if (head === undefined || (place.function !== '' && !head.includes(place.function))) return undefined;
  }
  const word = name.replaceAll('$', '\\$');
  const adds = new RegExp(
    `(?<![\\w$])${word}(?:\\s*(?:\\?\\.|\\.)\\s*(?:push|set|add|unshift|enqueue|append)\\s*\\(|\\s*\\[[^\\]]+\\]\\s*(?:\\?\\?|\\|\\|)?=(?!=)|\\s*\\.\\s*[\\w$]+\\s*=(?!=))`,
    'u',
  );
  const end = place === undefined ? lines.length : Math.min(lines.length, begin + WITHIN);
  for (let at = begin; at < end; at++) {
    const column = adds.exec(lines[at] as string)?.index;
    if (column === undefined) continue;
    return {
      function: place?.function ?? '',
      file: path,
      line: at + 1,
      column: column + 1,
      package: place?.package ?? '',
    };
  }
  return undefined;
}

const READ = new Map<string, string[] | undefined>();

function sourceLines(path: string): string[] | undefined {
  if (!isAbsolute(path)) return undefined;
  if (READ.has(path)) return READ.get(path);
  let lines: string[] | undefined;
  try {
    const { size } = statSync(path);
    // A name in a snapshot may be anything: only ordinary files are opened.
    if (statSync(path).isFile() && size <= LARGEST) lines = readFileSync(path, 'utf8').split('\n');
  } catch {
    lines = undefined;
  }
  if (READ.size > 100) READ.clear();
  READ.set(path, lines);
  return lines;
}

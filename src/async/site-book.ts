import { classifyLocation, type LocationOptions } from '../source-map/location.ts';
import type { SourceMaps } from '../source-map/source-map.ts';
import type { AsyncLog } from './async-log.ts';
import type { CreationSite } from './operation.ts';

/** Places of a log's stacks after source maps. */
export interface SiteBook {
  /** Index into `sites` for each stack: the innermost of the user's frames; −1 when it has none of the user's. */
  siteOf: Int32Array;
  sites: CreationSite[];
  /** Whole stack, innermost first. */
  frames(stack: number): CreationSite[];
  /** Function of `node:fs` that the program called, outermost of the first run of core frames: `readFile`; '' none. */
  fileCallOf(stack: number): string;
}

/**
 * Gives each stack of `log` the line that stands for it. Without `maps` lines are those of the running code.
 */
export function buildSiteBook(
  log: Pick<AsyncLog, 'stacks' | 'frames'>,
  maps?: SourceMaps,
  options: LocationOptions = {},
): SiteBook {
  const places = log.frames.map((frame) => placeOf(frame, maps, options));
  const sites: CreationSite[] = [];
  const numbers = new Map<string, number>();
  const siteOf = Int32Array.from(log.stacks, (stack) => {
    const place = chooseSite(stack, places);
    if (place === undefined) return -1;
    const key = `${place.function}\n${place.file}:${place.line}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = sites.length;
      numbers.set(key, number);
      sites.push(place);
    }
    return number;
  });
  return {
    siteOf,
    sites,
    frames: (stack) => (log.stacks[stack] ?? []).flatMap((frame) => places[frame] ?? []),
    fileCallOf(stack) {
      let name = '';
      for (const frame of log.stacks[stack] ?? []) {
        const place = places[frame];
        // `new Promise` of `util.promisify` and the like.
        if (place?.party === 'unknown') continue;
        if (place?.party !== 'core') break;
        if (/^node:(?:internal\/)?fs/.test(place.file) && place.function !== '') name = place.function;
      }
      return (name.split('.').at(-1) ?? '').replace(/(?<=^read|^write)FileHandle$/, 'File');
    },
  };
}

/**
 * The innermost frame of the user's. An executor of `new Promise` or a function without a name keeps its line and takes
 * the name of the function around it in the same file.
 */
function chooseSite(stack: readonly number[], places: readonly CreationSite[]): CreationSite | undefined {
  const at = stack.findIndex((frame) => places[frame]?.party === 'user');
  const first = places[stack[at] ?? -1];
  if (first === undefined) return undefined;
  // `new Promise` and `Array.map` stand between a function and its own arrow function.
  let outer = at + 1;
  let isExecutor = false;
  for (; places[stack[outer] ?? -1]?.party === 'unknown'; outer++)
    if (places[stack[outer]!]!.function === 'Promise') isExecutor = true;
  const around = places[stack[outer] ?? -1];
  if (first.function !== '' && !isExecutor) return first;
  if (around?.party !== 'user' || around.file !== first.file || around.function === '') return first;
  return { ...first, function: around.function };
}

function placeOf(
  [name, url, line, column]: AsyncLog['frames'][number],
  maps: SourceMaps | undefined,
  options: LocationOptions,
): CreationSite {
  const original = maps?.original(url, line, column);
  const { party, package: packageName, file } = classifyLocation(original?.file ?? url, options);
  const written = maps?.enclosingFunctionName(url, line, column, name) ?? name;
  return {
    function: written.replace(/^(?:async |new )+/, ''),
    file,
    line: original?.line ?? line,
    column: original?.column ?? column,
    party: party === 'none' ? 'unknown' : party,
    package: packageName,
  };
}

import type { AsyncLogRequest } from './async-log.ts';
import type { OperationTable } from './build-operations.ts';
import type { CreationSite, Operation } from './operation.ts';

/** One step of an asynchronous stack: this operation was begun here. */
export interface ChainLink {
  operation: Operation;
  /** The line of the user's that began it; undefined when no stack was taken or it is Node's alone. */
  site: CreationSite | undefined;
}

/** How a wait came about: each link was begun while the next one's callback ran. */
export interface AsyncChain {
  links: ChainLink[];
  /** Where it ends: the request, the program's start, or before the recorder came. */
  origin: 'request' | 'start' | 'before';
  request: AsyncLogRequest | undefined;
}

const LONGEST_CHAIN = 200;

/** Async_hooks id of the code that runs while a program's main script is loaded. */
const PROGRAM_START = 1;

/** Who scheduled this: trigger by trigger up to the request, the program's start, or where the recording begins. */
export function chainOf(table: OperationTable, row: number): AsyncChain {
  const { operations, requests } = table.log;
  const links: ChainLink[] = [];
  const seen = new Set<number>();
  const requestOf = (number: number): AsyncLogRequest | undefined =>
    requests.find((candidate) => candidate.number === number);
  const request = requestOf(operations.request[row] ?? 0);
  for (let at = row; links.length < LONGEST_CHAIN && !seen.has(at); ) {
    seen.add(at);
    const site = table.sites.siteOf[operations.stack[at]!] ?? -1;
    links.push({ operation: table.operation(at), site: table.sites.sites[site] });
    const trigger = operations.trigger[at]!;
    if (trigger === PROGRAM_START) return { links, origin: 'start', request };
    // What a request left behind when it was answered is no part of it, and still goes back to it.
    if (trigger < 0 && trigger % 2 === 0)
      return { links, origin: 'request', request: request ?? requestOf(-trigger / 2) };
    const next = table.rowOf.get(trigger);
    if (next === undefined) break;
    at = next;
  }
  return { links, origin: 'before', request };
}

/**
 * The lines of a chain, innermost first, as an asynchronous stack is read: the frames of the user's and of packages on each
 * link's stack. Of further links only functions that are not in it yet: earlier awaits of the same function are its past,
 * not its callers.
 */
export function chainSites(table: OperationTable, chain: AsyncChain): CreationSite[] {
  const sites: CreationSite[] = [];
  const places: string[] = [];
  for (const [index, { operation, site }] of chain.links.entries()) {
    const frames = table.sites
      .frames(operation.stack)
      .filter(({ party }) => party === 'user' || party === 'dependency');
    const known = new Set(places);
    // What both stacks have in common tells where the new lines belong: from the outside in.
    let at = sites.length;
    for (let i = frames.length - 1; i >= -1; i--) {
      // The site stands for the frame with its line, under the name of the function around it.
      const frame = i === -1 ? site : frames[i];
      if (frame === undefined) continue;
      const place = placeName(frame, index > 0);
      const found = places.findIndex((_, k) => placeName(sites[k]!, index > 0) === place);
      if (found !== -1 && (index > 0 || known.has(place))) {
        at = Math.min(at, found);
        continue;
      }
      // Its own frame again, further out: `query` around its executor.
      if (i !== -1 && frame.function !== '' && frame.function === site?.function && frame.file === site.file)
        continue;
      if (i !== -1 && frame.line === site?.line && frame.file === site.file) continue;
      sites.splice(at, 0, frame);
      places.splice(at, 0, place);
    }
  }
  return sites;
}

/** Of the first stack every line counts, of further ones every function. */
function placeName({ file, function: name, line }: CreationSite, byFunction: boolean): string {
  return byFunction && name !== '' ? `${file} ${name}` : `${file}:${line}`;
}

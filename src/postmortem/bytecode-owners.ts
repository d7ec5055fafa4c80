import { bytecodeArrayOf } from './function-info.ts';
import { findHeapPages } from './heap-pages.ts';
import { HeapWalk } from './heap-walk.ts';
import type { V8Reader } from './v8-reader.ts';

/** Spaces in which SharedFunctionInfos are. */
const SPACES = new Set(['old', 'shared', 'new', '']);
/** A larger heap is not walked for this. */
const MOST_BYTES = 4 * 2 ** 30;

/**
 * SharedFunctionInfos by their bytecode, of those wanted: baseline code knows its bytecode, and only the function knows that.
 * All functions of the heap are asked, in one walk.
 */
export function functionsOfBytecode(
  v8: V8Reader,
  wanted: { has(bytecode: number): boolean; readonly size: number },
): Map<number, number> {
  const found = new Map<number, number>();
  if (wanted.size === 0) return found;
  const pages = findHeapPages(v8)
    .isolates.flatMap((isolate) => isolate.pages)
    .filter(({ space, isLarge }) => !isLarge && SPACES.has(space));
  if (pages.reduce((sum, { areaStart, areaEnd }) => sum + areaEnd - areaStart, 0) > MOST_BYTES) return found;
  const type = v8.layout.types.get('SHARED_FUNCTION_INFO_TYPE');
  const walk = new HeapWalk(v8);
  walk.walk(pages, ({ base, count, offsets, maps }) => {
    if (found.size === wanted.size) return;
    for (let index = 0; index < count; index++) {
      if (walk.maps[maps[index]!]!.type !== type) continue;
      const shared = base + offsets[index]! + 1;
      const bytecode = bytecodeArrayOf(v8, shared);
      if (wanted.has(bytecode) && !found.has(bytecode)) found.set(bytecode, shared);
    }
  });
  return found;
}

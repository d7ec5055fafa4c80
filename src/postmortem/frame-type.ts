import type { V8Layout } from './v8-layout.ts';
import type { V8Reader } from './v8-reader.ts';

/** V8 marks frames that are no JavaScript function's by their type, shifted like a Smi of 31 bits, at fp − 8. */
const MOST_TYPES = 100;

const names = new WeakMap<V8Layout, Map<number, string>>();

/** `Entry`, `Construct`, `BuiltinExit`, `Stub` … as in V8's metadata (frametype_*); undefined: it is not marked so. */
export function frameTypeAt(v8: V8Reader, fp: number): string | undefined {
  const marker = v8.memory.word(fp - 8);
  if (!(marker > 0 && marker < 2 * MOST_TYPES && marker % 2 === 0)) return undefined;
  return namesOf(v8.layout).get(marker / 2) ?? '';
}

/** Was the frame above this one called by `new`? */
export function isConstructFrame(v8: V8Reader, fp: number): boolean {
  const type = frameTypeAt(v8, fp);
  return type === 'Construct' || type === 'FastConstruct';
}

function namesOf(layout: V8Layout): Map<number, string> {
  let known = names.get(layout);
  if (known === undefined) {
    known = new Map();
    for (const [name, value] of layout.constants) {
      if (name.startsWith('frametype_'))
        known.set(value, name.slice('frametype_'.length).replace(/Frame$/, ''));
    }
    names.set(layout, known);
  }
  return known;
}

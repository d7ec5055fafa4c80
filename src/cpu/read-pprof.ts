import { type ByteSource, readAll } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import type { CallTree } from './call-tree.ts';
import { describePprofFrames } from './pprof-frames.ts';
import { growPprofTrees, type PprofThread } from './pprof-samples.ts';
import { type PprofTables, readPprofTables } from './pprof-tables.ts';
import type { NamedTree, ProfileFile, ReadProfileOptions } from './profile-file.ts';

/** More sample types than this are no profile; what is beyond is noted. */
const TYPE_LIMIT = 16;

/**
 * Reads a pprof profile (github google/pprof, proto/profile.proto) as Go, `@datadog/pprof`, perf tools and others
 * write it, plain or gzip: one tree per sample type, the default type first, and per thread where samples carry a
 * thread label. Times become µs, sizes bytes, everything else counts (`samples`). pprof sums up equal stacks and
 * has no order of time: `tree.samples` is empty.
 * A cut file gives what is sound, described in `partial`.
 * @throws HolterError E_FILE_FORMAT: not pprof; E_FILE_TRUNCATED: cut before the names
 */
export function readPprof(source: ByteSource, options: ReadProfileOptions): ProfileFile {
  const bytes = readAll(source);
  const tables = readPprofTables(bytes);
  const cut = tables.sound < bytes.length;
  const types = tables.types.map(({ type, unit }) => ({
    name: tables.text(type) || 'samples',
    ...unitOf(tables.text(unit)),
  }));
  const named = tables.types.every(({ type, unit }) => type < tables.strings && unit < tables.strings);
  if (types.length === 0 || tables.strings === 0 || !named) {
    const begun = types.length > 0 && cut;
    throw new HolterError(
      begun ? 'E_FILE_TRUNCATED' : 'E_FILE_FORMAT',
      `${source.name}: ${begun ? 'the file ends before the names of its functions' : 'this is not a pprof profile'}`,
      { hint: 'a pprof profile is a protocol buffer, mostly compressed: profile.pb.gz' },
    );
  }
  const notes: string[] = [];
  const used = types.slice(0, TYPE_LIMIT);
  if (types.length > used.length)
    notes.push(`${types.length - used.length} further sample types were left out`);
  const frames = describePprofFrames(tables, options.roots === undefined ? {} : { roots: options.roots });
  const { threads, negative, damaged } = growPprofTrees(bytes, tables, frames, used);
  const broken = damaged + tables.damaged;
  if (broken > 0) notes.push(`${broken} damaged entries were skipped`);
  if (negative > 0)
    notes.push(`${negative} negative values were left out: the file is a difference of two profiles`);
  const lost = [
    ...(cut ? [`file is sound for ${tables.sound} of ${bytes.length} bytes`] : []),
    ...(tables.unnamed > 0 ? [`${tables.unnamed} functions have no name in the file`] : []),
  ];
  const partial = lost.length > 0 ? lost.join('; ') : undefined;
  const recorded = Math.round(tables.time / 1e6);
  return {
    format: 'pprof',
    profiles: nameTrees(threads, used, defaultType(tables), Math.max(0, tables.duration / 1e6), partial),
    ...(recorded > 0 && recorded < 8.64e15 ? { recordedAt: new Date(recorded).toISOString() } : {}),
    notes,
  };
}

/** How values of a unit become values of ours: divided by the number. */
const UNITS: ReadonlyMap<string, readonly [CallTree['unit'], number]> = new Map([
  ['ns', ['microseconds', 1000]],
  ['nanosecond', ['microseconds', 1000]],
  ['us', ['microseconds', 1]],
  ['µs', ['microseconds', 1]],
  ['microsecond', ['microseconds', 1]],
  ['ms', ['microseconds', 1 / 1e3]],
  ['millisecond', ['microseconds', 1 / 1e3]],
  ['s', ['microseconds', 1 / 1e6]],
  ['second', ['microseconds', 1 / 1e6]],
  ['b', ['bytes', 1]],
  ['byte', ['bytes', 1]],
  ['kb', ['bytes', 1 / 1024]],
  ['kilobyte', ['bytes', 1 / 1024]],
  ['mb', ['bytes', 1 / 2 ** 20]],
  ['megabyte', ['bytes', 1 / 2 ** 20]],
] as const);

/** A value of the file divided by `divisor` is in `unit`: 1000 is exact, 0.001 is not. */
function unitOf(text: string): { unit: CallTree['unit']; divisor: number } {
  const key = text.toLowerCase();
  const [unit, divisor] = UNITS.get(key) ?? UNITS.get(key.replace(/s$/, '')) ?? (['samples', 1] as const);
  return { unit, divisor };
}

/** Row of the type to show first: what the file says, else the last, as pprof itself does. */
function defaultType(tables: PprofTables): number {
  const wanted = tables.text(tables.defaultType);
  const found = tables.types.findIndex(({ type }) => wanted !== '' && tables.text(type) === wanted);
  return found >= 0 ? found : tables.types.length - 1;
}

/** Default type first; the threads of one type by weight. A tree without any weight only where there is no other. */
function nameTrees(
  threads: readonly PprofThread[],
  types: readonly { name: string; unit: CallTree['unit'] }[],
  first: number,
  duration: number,
  partial: string | undefined,
): NamedTree[] {
  const order = [...types.keys()].sort((a, b) => Number(b === first) - Number(a === first) || a - b);
  const out: NamedTree[] = [];
  for (const type of order) {
    const { name, unit } = types[type]!;
    const ofType: NamedTree[] = [];
    for (const thread of threads) {
      const tree = thread.trees[type]!;
      if (partial !== undefined) tree.partial = partial;
      // Without a duration the time of the stacks is the best guess of how long it took.
      if (unit === 'microseconds') tree.to = duration > 0 ? duration : tree.total[0]! / 1000;
      const threadName = threads.length > 1 ? thread.name : '';
      ofType.push({
        name: [threadName, types.length > 1 || threadName === '' ? name : ''].filter(Boolean).join(' '),
        tree,
      });
    }
    out.push(...ofType.sort((a, b) => b.tree.total[0]! - a.tree.total[0]!));
  }
  const weighty = out.filter(({ tree }) => tree.total[0]! > 0);
  return weighty.length > 0 ? weighty : out.slice(0, 1);
}

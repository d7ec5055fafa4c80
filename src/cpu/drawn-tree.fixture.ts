import fc from 'fast-check';
import { CATEGORIES, type CallTree, PARTIES } from './call-tree.ts';
import { CallTreeBuilder } from './call-tree-builder.ts';
import { describeForeignFrame, type ForeignFrame } from './foreign-frame.ts';

/** Frames of all kinds, some of which differ in one field only. */
const FRAMES: ForeignFrame[] = [
  { name: 'main', file: '/app/server.js', line: 3, column: 10 },
  { name: 'main', file: '/app/server.js', line: 3, column: 44 },
  { name: 'main', file: '/app/other.js', line: 3, column: 10 },
  { name: 'hash', file: '/app/auth.ts', line: 41, column: 0 },
  { name: 'Foo.<computed> "x" \\ \u2028', file: '/app/ünï code.js', line: 1, column: 1 },
  { name: 'run', file: '/app/node_modules/@a/b/index.js', line: 7, column: 2 },
  { name: 'emit', file: 'node:events', line: 466, column: 5 },
  { name: 'noPlace', file: '/app/server.js', line: 0, column: 0 },
  { name: 'writev', file: '', line: 0, column: 0 },
  { name: 'constructor', file: '', line: 0, column: 0 },
  { name: '(garbage collector)', file: '', line: 0, column: 0 },
  { name: '(idle)', file: '', line: 0, column: 0 },
  { name: '(program)', file: '', line: 0, column: 0 },
  { name: 'tcp_sendmsg', file: '', line: 0, column: 0, category: 'kernel' },
];

/**
 * Trees for property tests of writers and readers: any unit, with and without samples, lines that ran, weights in
 * whole nanoseconds, bytes or counts; no weight on the root itself, no gap between samples.
 */
export const drawnTree: fc.Arbitrary<CallTree> = fc
  .record({
    unit: fc.constantFrom('microseconds' as const, 'bytes' as const, 'samples' as const),
    sampled: fc.boolean(),
    stacks: fc.array(
      fc.record({
        frames: fc.array(fc.nat(FRAMES.length - 1), { minLength: 1, maxLength: 12 }),
        weight: fc.integer({ min: 1, max: 50_000_000 }),
        line: fc.option(fc.integer({ min: 1, max: 90 }), { nil: 0 }),
      }),
      { minLength: 1, maxLength: 40 },
    ),
  })
  .map(({ unit, sampled, stacks }) => {
    const builder = new CallTreeBuilder(unit);
    const rows = FRAMES.map((frame) => builder.frameRow(describeForeignFrame(frame)));
    let now = 0;
    for (const { frames, weight, line } of stacks) {
      let node = 0;
      for (const frame of frames) node = builder.child(node, rows[frame]!);
      const own = unit === 'microseconds' ? weight / 1000 : weight;
      if (unit === 'microseconds' && sampled) builder.addSample(now, node, own);
      else builder.addSelf(node, own);
      if (FRAMES[frames.at(-1)!]!.line > 0) builder.addLine(node, line, own);
      if (unit === 'microseconds') now += own / 1000;
    }
    return builder.finish({ from: 0, to: now });
  });

/** One line per node with weight, `stack  self`, sorted: equal for trees that differ in the order of nodes only. */
export function describeTree(tree: CallTree, digits = 3): string[] {
  const paths = describePaths(tree);
  return paths
    .map((path, node) => `${path}  ${tree.self[node]!.toFixed(digits)}`)
    .filter((_, node) => tree.total[node]! > 0)
    .sort();
}

/** Same for self weight by line. */
export function describeLines(tree: CallTree, digits = 3): string[] {
  const paths = describePaths(tree);
  return [...tree.lines.node]
    .map((node, at) => `${paths[node]} #${tree.lines.line[at]}  ${tree.lines.weight[at]!.toFixed(digits)}`)
    .sort();
}

/**
 * Same for samples, in their order. Times of a drawn tree are whole ns, in ms: with fewer than 6 digits, half a
 * digit would be rounded up or down by what the sum of many is off by.
 */
export function describeSamples(tree: CallTree, timeDigits = 3): string[] {
  const paths = describePaths(tree);
  const { node, time, weight } = tree.samples;
  return [...node].map((at, i) => `${time[i]!.toFixed(timeDigits)} ${paths[at]} ${weight[i]!.toFixed(3)}`);
}

function describePaths({ frames, parent, frame, length }: CallTree): string[] {
  const paths: string[] = ['all'];
  for (let node = 1; node < length; node++) {
    const row = frame[node]!;
    const place = `${frames.name[row]}@${frames.file[row]}:${frames.line[row]}:${frames.column[row]}`;
    const kind = `${CATEGORIES[frames.category[row]!]}/${PARTIES[frames.party[row]!]}/${frames.package[row]}`;
    paths.push(`${paths[parent[node]!]} > ${place} ${kind}`);
  }
  return paths;
}

import { HolterError } from '../base/errors.ts';
import type { LiveGraph } from '../postmortem/graph-build.ts';
import type { HolderName } from '../postmortem/holder-names.ts';
import type { HeapObject } from '../postmortem/reference-find.ts';
import type { RootChain } from '../postmortem/root-chain.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';
import type { RefRow } from '../render/core-refs-text.ts';
import { openHeap } from './core-heap.ts';
import { type CoreOptions, commandText, present, withSubject } from './core-options.ts';
import { parseCount } from './options.ts';
import type { Subject } from './stack-image.ts';

/** Options of `core refs`. */
export type RefsOptions = CoreOptions & {
  toRoot?: boolean;
  retained?: boolean;
  top: string;
  yes?: boolean;
};

/** `holter core refs`. @throws HolterError of openSubject and openHeap, E_USAGE, E_NO_MATCH */
export async function runRefs(file: string, what: string, options: RefsOptions): Promise<void> {
  await withSubject(file, 'holter core refs', options, (subject) => answerRefs(subject, what, options));
}

/** Prints it. @throws HolterError E_USAGE; E_NO_MATCH: no object is there */
export async function answerRefs(subject: Subject, what: string, options: RefsOptions): Promise<void> {
  const top = parseCount(options.top, '--top', { min: 1, max: 1_000_000 });
  const asked = parseAddress(what, subject);
  const [{ HeapWalk }, { allPages }, { findReferrers, objectAt }, { nameHolder, scriptOfHolder }] =
    await Promise.all([
      import('../postmortem/heap-walk.ts'),
      import('../postmortem/heap-copy.ts'),
      import('../postmortem/reference-find.ts'),
      import('../postmortem/holder-names.ts'),
    ]);
  const { v8, pages, pausedMs } = await openHeap(subject, options);
  const walk = new HeapWalk(v8);
  const every = allPages(pages);
  const self = objectAt(walk, every, asked);
  if (self === undefined)
    throw new HolterError('E_NO_MATCH', `no object begins at ${what}`, {
      hint: `${commandText(subject, 'instances', 'CLASS')} lists addresses${subject.kind === 'process' ? '; in a process they change with every garbage collection' : ''}`,
    });
  let live: LiveGraph | undefined;
  if (options.toRoot === true || options.retained === true) {
    const { buildLiveGraph } = await import('../postmortem/graph-build.ts');
    live = buildLiveGraph(v8, pages, { walk, withPaths: options.toRoot === true });
  }
  const found = findReferrers(v8, walk, every, asked);
  const row = (object: HeapObject, reference: Pick<RefRow, 'type' | 'name'>, script?: number): RefRow => ({
    address: object.address,
    holder: nameHolder(v8, walk.maps, object, script),
    ...reference,
  });
  const rows = found.list
    .slice(0, top)
    .map((one) => row(one, one, one.closure === undefined ? undefined : scriptOfHolder(v8, one.closure)));
  let chain: { root: string; steps: RefRow[] } | null | undefined;
  let retained: { bytes: number; objects: number } | null | undefined;
  if (live !== undefined) {
    const { buildRootChain, measureRetained } = await import('../postmortem/root-chain.ts');
    if (options.toRoot === true) {
      const way = buildRootChain(v8, live, asked);
      chain =
        way === undefined
          ? null
          : {
              root: await rootText(v8, way),
              steps: way.steps.map((step) => row(step, step, step.script)),
            };
    }
    if (options.retained === true) retained = measureRetained(live, asked) ?? null;
  }
  const { buildRefsJson, renderRefs } = await import('../render/core-refs-text.ts');
  const { hexAddress } = await import('../render/value-text.ts');
  const description = {
    address: asked,
    className: classText(nameHolder(v8, walk.maps, self)),
    bytes: self.size,
    kind: subject.kind,
    name: subject.name,
    pid: subject.pid,
    cwd: subject.cwd,
    nodeVersion: v8.layout.nodeVersion,
    ...(pausedMs === undefined ? {} : { pausedMs }),
    rows,
    total: found.list.length,
    isCut: found.isCut,
    ...(chain === undefined ? {} : { chain }),
    ...(retained === undefined ? {} : { retained }),
    problems: [...new Set([...v8.image.problems, ...v8.problems])],
    next:
      subject.kind === 'process'
        ? []
        : options.toRoot === true
          ? [commandText(subject, 'inspect', hexAddress(asked))]
          : [commandText(subject, 'refs', `${hexAddress(asked)} --to-root --retained`)],
  };
  await present(
    options,
    () => buildRefsJson(description),
    (style) => renderRefs(description, style),
  );
}

function classText({ kind, name }: HolderName): string {
  if (kind === 'function') return name === '' ? 'anonymous function' : `function ${name}`;
  return kind === 'scope' ? `scope of ${name === '' ? 'an anonymous function' : name}` : name;
}

/** @throws HolterError E_USAGE */
function parseAddress(what: string, subject: Subject): number {
  const [, digits] = /^@?0x([\da-f]{1,12})$/i.exec(what.trim()) ?? [];
  if (digits === undefined)
    throw new HolterError('E_USAGE', `${what} is no address`, {
      hint: `an address as printed behind @: ${commandText(subject, 'refs', '0x2f3ac1')}; ${commandText(subject, 'instances', 'CLASS')} lists them`,
    });
  const address = Number.parseInt(digits, 16);
  // As it is printed, or of the memory itself.
  return address % 2 === 1 ? address : address + 1;
}

/** Where the first object of a chain is referred to from. */
async function rootText(v8: V8Reader, { root }: RootChain): Promise<string> {
  const { ROOT } = await import('../postmortem/root-isolate.ts');
  switch (root.kind) {
    case ROOT.stack:
      return stackText(v8, root.at);
    case ROOT.globalHandle:
      return 'a global handle of C++ (Node itself, or an addon)';
    case ROOT.handleScope:
      return 'a handle scope: C++ that runs';
    case ROOT.static:
      return "a variable of a binary's own";
    case ROOT.native:
      return 'memory of C++';
    case ROOT.microtask:
      return 'a microtask that waits';
    default:
      return "V8's own roots";
  }
}

/** `stack of thread 4711, frame 3 handler  app.js:8`: frames lie below their frame pointers. */
async function stackText(v8: V8Reader, at: number): Promise<string> {
  const [{ readStacks }, { buildStackReport }] = await Promise.all([
    import('../postmortem/read-stacks.ts'),
    import('../postmortem/stack-report.ts'),
  ]);
  const { threads } = buildStackReport(v8, readStacks(v8));
  let best: { text: string; distance: number } | undefined;
  for (const { tid, frames } of threads)
    for (const [index, frame] of frames.entries()) {
      const distance = frame.fp - at;
      if (!(distance >= 0) || (best !== undefined && distance >= best.distance)) continue;
      const place =
        frame.kind === 'js' && frame.place !== undefined ? `  ${frame.place.url}:${frame.place.line}` : '';
      best = { distance, text: `stack of thread ${tid}, frame ${index} ${frame.name}${place}` };
    }
  return best?.text ?? 'the stack of a thread';
}

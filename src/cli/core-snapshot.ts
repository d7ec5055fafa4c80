import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HolterError } from '../base/errors.ts';
import { chooseIsolates, openHeap } from './core-heap.ts';
import { type CoreOptions, present, withSubject } from './core-options.ts';
import { shellWord, shorten } from './paths.ts';

/** Options of `core snapshot`. */
export type CoreSnapshotOptions = CoreOptions & { out?: string; isolate: string; yes?: boolean };

/**
 * `holter core snapshot`: a heap snapshot out of a core, or of a process without V8's help.
 * @throws HolterError of openSubject and openHeap; E_USAGE; E_WRITE; E_TOO_LITTLE_MEMORY
 */
export async function runCoreSnapshot(file: string, options: CoreSnapshotOptions): Promise<void> {
  await withSubject(file, 'holter core snapshot', options, async (subject, signal) => {
    const path = targetPath(options.out, subject.pid);
    const { v8, pages, pausedMs } = await openHeap(subject, options);
    if (options.isolate === 'all' || options.isolate === 'shared')
      throw new HolterError('E_USAGE', 'a heap snapshot is of one isolate', {
        hint: '--isolate main, or the tid of a worker',
      });
    const chosen = chooseIsolates(pages, options.isolate, subject.pid);
    const [{ buildLiveGraph }, { buildSnapshot }, { writeSnapshot }] = await Promise.all([
      import('../postmortem/graph-build.ts'),
      import('../postmortem/snapshot-build.ts'),
      import('../postmortem/snapshot-write.ts'),
    ]);
    const live = buildLiveGraph(v8, pages, { isolates: chosen.isolates });
    const columns = buildSnapshot(v8, live);
    signal.throwIfAborted();
    const bytes = await writeSnapshot(columns, path, signal);
    const { buildCoreSnapshotJson, renderCoreSnapshot } = await import('../render/core-snapshot-text.ts');
    const word = shellWord(shorten(path));
    const description = {
      file: shorten(path),
      bytes,
      kind: subject.kind,
      name: subject.name,
      pid: subject.pid,
      nodeVersion: v8.layout.nodeVersion,
      nodes: columns.nodeCount,
      edges: columns.edgeTarget.length,
      garbage: live.graph.objects.count - live.marks.liveCount,
      ...(pausedMs === undefined ? {} : { pausedMs }),
      problems: [...new Set([...v8.image.problems, ...v8.problems])],
      next: [`holter heap suspects ${word}`, `holter heap open ${word}`],
    };
    await present(
      options,
      () => buildCoreSnapshotJson(description),
      (style) => renderCoreSnapshot(description, style),
    );
  });
}

/** Where to write: in a folder under a name of its own; nothing is replaced that was not named. */
function targetPath(out: string | undefined, pid: number): string {
  const name = `core-${pid}.heapsnapshot`;
  if (out !== undefined) {
    const path = resolve(out);
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, name) : path;
  }
  if (!existsSync(name)) return resolve(name);
  throw new HolterError('E_WRITE', `${name} is there already`, { hint: 'name the file: -o PATH' });
}

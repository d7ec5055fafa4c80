import { HolterError } from '../base/errors.ts';
import { describeClass, findClasses } from '../heap/describe-class.ts';
import { describeObject, nodeOfId } from '../heap/describe-object.ts';
import type { Heap } from '../heap/heap.ts';
import { writePageFile } from '../recording/write-recording.ts';
import { renderHeapClassJson, renderHeapObjectJson } from '../render/heap-show-json.ts';
import { terminalStyle } from './options.ts';
import { print } from './outcome.ts';
import { shellWord, shorten } from './paths.ts';

export interface ShowPartOptions {
  json?: boolean;
  /** Paths that end in `.json`. */
  out: readonly string[];
  color: boolean;
}

/**
 * Prints one object (`@123`) or one class of a heap.
 * @throws HolterError E_USAGE: no such object or class, or a part of a name that several classes have
 */
export async function showPart(
  heap: Heap,
  file: string,
  what: string,
  top: number,
  options: ShowPartOptions,
): Promise<void> {
  const total = heap.graph.retained.get(0) + heap.snapshot.extraNativeBytes;
  const style = terminalStyle(!options.color);
  const shown = { cwd: process.cwd(), written: options.out.map(shorten) };
  const path = shellWord(file);
  if (what.startsWith('@')) {
    const object = describeObject(heap, findNode(heap, file, what), top);
    const [nearest] = object.dominators;
    const next =
      nearest === undefined || nearest.node === 0 ? [] : [`holter heap show ${path} @${nearest.id}`];
    await put(renderHeapObjectJson(file, object, total), options, async () =>
      (await import('../render/heap-show-object.ts')).renderHeapObject(file, object, total, style, {
        ...shown,
        next,
      }),
    );
    return;
  }
  const description = describeClass(heap, findRows(heap, file, what), top);
  const [largest] = description.instances;
  const next = largest === undefined ? [] : [`holter heap show ${path} @${largest.id}`];
  await put(renderHeapClassJson(file, description, total), options, async () =>
    (await import('../render/heap-show-class.ts')).renderHeapClass(file, description, total, style, {
      ...shown,
      next,
    }),
  );
}

async function put(json: string, options: ShowPartOptions, text: () => Promise<string>): Promise<void> {
  for (const path of options.out) await writePageFile(path, json);
  await print(options.json ? json : await text());
}

function findNode({ snapshot }: Heap, file: string, what: string): number {
  const id = /^@\d{1,10}$/.test(what) ? Number(what.slice(1)) : -1;
  const node = id < 0 ? -1 : nodeOfId(snapshot, id);
  if (node < 0)
    throw new HolterError('E_USAGE', `no object of ${file} has the id ${what}`, {
      hint: 'ids are those of this snapshot, and of others of the same process',
    });
  return node;
}

const MOST_NAMES = 8;

function findRows({ classes }: Heap, file: string, what: string): number[] {
  const rows = findClasses(classes, what);
  if (rows.length === 0)
    throw new HolterError('E_USAGE', `no class of ${file} has ${JSON.stringify(what)} in its name`, {
      hint: `holter heap show ${shellWord(file)} --top ${classes.count} lists all`,
    });
  const names = [...new Set(rows.map((row) => classes.name[row]!))];
  if (names.length > 1) {
    const some = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name));
    const more = names.length > some.length ? ` and ${names.length - some.length} more` : '';
    throw new HolterError('E_USAGE', `no class of ${file} is called ${JSON.stringify(what)}`, {
      hint: `there are ${some.join(', ')}${more}`,
    });
  }
  return rows;
}

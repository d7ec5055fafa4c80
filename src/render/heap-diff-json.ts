import type { HeapBreach } from '../heap/difference-limit.ts';
import type { ClassChange, ContainerChange, HeapDifference } from '../heap/heap-difference.ts';
import { heapDiffHeadline } from './heap-diff-text.ts';
import { renderJsonDocument } from './json-document.ts';

/** `holter.heap-diff/1`. Sizes in bytes; lines 1-based; paths of holders as text, not step by step. */
export interface HeapDiffJson extends Omit<HeapDifference, 'classes' | 'containers'> {
  schema: 'holter.heap-diff/1';
  headline: string;
  /** Only with `--fail-on`. */
  limits?: { text: string; exceededBy: number | null }[];
  classes: (Omit<ClassChange, 'holders'> & {
    holders: { id: number; text: string; kind: string; held: number; place: string }[];
  })[];
  /** Classes that changed, before the list is cut. */
  classCount: number;
  containers: Omit<ContainerChange, 'node'>[];
}

export function renderHeapDiffJson(
  difference: HeapDifference,
  options: {
    top: number;
    classes: readonly ClassChange[];
    limits?: readonly string[];
    breaches: readonly HeapBreach[];
    idOf: (node: number) => number;
  },
): string {
  const { classes: _all, containers, ...rest } = difference;
  const { limits, breaches } = options;
  const json: HeapDiffJson = {
    schema: 'holter.heap-diff/1',
    headline: heapDiffHeadline(difference),
    ...(limits === undefined
      ? {}
      : {
          limits: limits.map((text) => ({
            text,
            exceededBy: breaches.find(({ limit }) => limit.text === text)?.value ?? null,
          })),
        }),
    ...rest,
    classes: options.classes.slice(0, options.top).map((change) => ({
      ...change,
      holders: change.holders.map(({ node, text, kind, held, place }) => ({
        id: options.idOf(node),
        text,
        kind,
        held,
        place: place === undefined ? '' : place.line > 0 ? `${place.file}:${place.line}` : place.file,
      })),
    })),
    classCount: options.classes.length,
    containers: containers.slice(0, options.top).map(({ node: _node, ...change }) => change),
  };
  return renderJsonDocument(json);
}

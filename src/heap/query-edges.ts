import type { Heap } from './heap.ts';
import type { QueryColumn } from './query-table.ts';
import { matchText, type TextValue } from './query-value.ts';
import { EDGE, EDGE_TYPES, type Snapshot } from './snapshot.ts';

/** Text of an edge: the name of the property or variable, the index of an element. */
export function edgeText(snapshot: Snapshot, edge: number): string {
  const type = (snapshot.edgeTarget[edge] as number) & 7;
  const name = snapshot.edgeName[edge] as number;
  return type === EDGE.element || type === EDGE.hidden ? String(name) : snapshot.strings.get(name);
}

/** Name and type of an edge, as columns. `edgeAt` gives the edge of a row, −1 none. */
export function edgeColumns(
  heap: Heap,
  names: { name: string; type: string },
  edgeAt: (row: number) => number,
): Map<string, QueryColumn> {
  const { snapshot } = heap;
  const { edgeTarget } = snapshot;
  const none = EDGE_TYPES.length;
  const codes = {
    count: none + 1,
    at: (row: number) => (edgeAt(row) < 0 ? none : (edgeTarget[edgeAt(row)] as number) & 7),
    text: (code: number) => EDGE_TYPES[code] ?? '',
  };
  return new Map<string, QueryColumn>([
    [
      names.name,
      { about: 'name of the property or variable, or the index', make: () => nameColumn(snapshot, edgeAt) },
    ],
    [
      names.type,
      {
        about: EDGE_TYPES.slice(0, 7).join(', '),
        make: () => ({ type: 'text', at: (row) => codes.text(codes.at(row)), codes }),
      },
    ],
  ]);
}

function nameColumn(snapshot: Snapshot, edgeAt: (row: number) => number): TextValue {
  const { edgeTarget, edgeName, strings } = snapshot;
  const isIndex = (edge: number) => {
    const type = (edgeTarget[edge] as number) & 7;
    return type === EDGE.element || type === EDGE.hidden;
  };
  return {
    type: 'text',
    at: (row) => (edgeAt(row) < 0 ? '' : edgeText(snapshot, edgeAt(row))),
    matcher(test) {
      const { exact } = test;
      if (exact !== undefined) {
        const wanted = strings.find(exact);
        const index = /^(0|[1-9]\d{0,9})$/.test(exact) ? Number(exact) : -1;
        return (row) => {
          const edge = edgeAt(row);
          if (edge < 0) return exact === '';
          return edgeName[edge] === (isIndex(edge) ? index : wanted);
        };
      }
      const named: TextValue = {
        type: 'text',
        at: (edge) => strings.get(edgeName[edge] as number),
        codes: {
          count: strings.count,
          at: (edge) => edgeName[edge] as number,
          text: (code) => strings.get(code),
        },
      };
      const byName = matchText(named, test);
      return (row) => {
        const edge = edgeAt(row);
        if (edge < 0) return test.test('');
        return isIndex(edge) ? test.test(String(edgeName[edge])) : byName(edge);
      };
    },
  };
}

/** Finds the node an edge belongs to; fast when asked for ascending edges. */
export function sourceFinder({ firstEdge, nodeCount }: Snapshot): (edge: number) => number {
  let last = 0;
  return (edge) => {
    if (edge >= (firstEdge[last] as number) && edge < (firstEdge[last + 1] as number)) return last;
    // The next node that has edges at all, when the walk goes on where it was.
    for (let step = 1; step <= 4 && last + step < nodeCount; step++)
      if (edge >= (firstEdge[last + step] as number) && edge < (firstEdge[last + step + 1] as number)) {
        last += step;
        return last;
      }
    let low = 0;
    let high = nodeCount - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((firstEdge[middle] as number) <= edge) low = middle;
      else high = middle - 1;
    }
    last = low;
    return low;
  };
}

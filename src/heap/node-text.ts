import type { Heap } from './heap.ts';
import { EDGE, NODE, type Snapshot } from './snapshot.ts';

/** Parts of one concatenated string that are looked at. */
const MOST_PARTS = 1000;

/**
 * What a single node is called, besides its class: the text of a string in quotes (at most `longest` characters of it),
 * the name of a function, the value of a number, the source of a regular expression, the name of a root; '' else.
 */
export function nodeText({ snapshot }: Pick<Heap, 'snapshot'>, node: number, longest = 60): string {
  const name = () => snapshot.strings.get(snapshot.nodeName[node]!);
  switch (snapshot.nodeType[node]) {
    case NODE.string:
    case NODE.slicedString:
      return quote(name(), longest);
    case NODE.consString:
      return quote(joinParts(snapshot, node, longest), longest);
    case NODE.closure:
      return cut(name(), longest) || '(anonymous)';
    case NODE.number:
    case NODE.bigint:
    case NODE.symbol:
    case NODE.regexp:
    case NODE.synthetic:
    case NODE.code:
      return cut(name(), longest);
    default:
      return '';
  }
}

function quote(text: string, longest: number): string {
  return JSON.stringify(cut(text, longest));
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** Beginning of a concatenated string: its halves are behind the internal edges `first` and `second`. */
function joinParts(snapshot: Snapshot, node: number, longest: number): string {
  const { nodeType, nodeName, firstEdge, edgeTarget, edgeName, strings } = snapshot;
  const first = strings.find('first');
  const second = strings.find('second');
  const open = [node];
  let text = '';
  // A hostile file may have a circle of halves.
  for (let parts = 0; open.length > 0 && text.length <= longest && parts < MOST_PARTS; parts++) {
    const at = open.pop()!;
    if (nodeType[at] !== NODE.consString) {
      text += strings.get(nodeName[at]!);
      continue;
    }
    let left = -1;
    let right = -1;
    for (let edge = firstEdge[at]!; edge < firstEdge[at + 1]!; edge++) {
      if ((edgeTarget[edge]! & 7) !== EDGE.internal) continue;
      if (edgeName[edge] === first) left = edgeTarget[edge]! >>> 3;
      else if (edgeName[edge] === second) right = edgeTarget[edge]! >>> 3;
    }
    if (right >= 0) open.push(right);
    if (left >= 0) open.push(left);
  }
  return text;
}

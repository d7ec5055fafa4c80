import { NO_NODE } from './query-value.ts';
import { EDGE, NODE, type Snapshot } from './snapshot.ts';

/** Characters of a string that V8 writes. */
const LONGEST = 1024;

/** Reads values of objects out of their edges. */
export class ObjectProperties {
  private readonly snapshot: Snapshot;
  private readonly value: number;
  private readonly proto: number;
  private readonly constructorName: number;
  private readonly first: number;
  private readonly second: number;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.value = snapshot.strings.find('value');
    this.proto = snapshot.strings.find('__proto__');
    this.first = snapshot.strings.find('first');
    this.second = snapshot.strings.find('second');
    this.constructorName = snapshot.strings.find('constructor');
  }

  /** From an object along the edge of this name (property, variable, V8's own) or index, to NO_NODE when it has none. */
  step(name: string): (node: number) => number {
    const { firstEdge, edgeTarget, edgeName, strings } = this.snapshot;
    const wanted = strings.find(name);
    const index = /^(0|[1-9]\d{0,9})$/.test(name) ? Number(name) : -1;
    return (node) => {
      const end = firstEdge[node + 1] as number;
      let internal = NO_NODE;
      for (let edge = firstEdge[node] as number; edge < end; edge++) {
        const target = edgeTarget[edge] as number;
        const type = target & 7;
        if (type === EDGE.element || type === EDGE.hidden) {
          if (type === EDGE.element && edgeName[edge] === index) return target >>> 3;
        } else if (edgeName[edge] === wanted && type !== EDGE.weak) {
          // An object may have a property called like an edge of V8's own: the property is meant.
          if (type !== EDGE.internal) return target >>> 3;
          if (internal === NO_NODE) internal = target >>> 3;
        }
      }
      return internal;
    };
  }

  /** Content of a string or number, else what it is: `Session @123`; '' for NO_NODE. */
  text(node: number): string {
    if (node === NO_NODE) return '';
    const { nodeType, nodeName, nodeId, strings } = this.snapshot;
    const name = strings.get(nodeName[node] as number);
    const type = nodeType[node];
    if (type === NODE.string || type === NODE.symbol || type === NODE.bigint) return name;
    if (type === NODE.consString) return this.joinedText(node);
    if (type === NODE.number) return this.numberText(node) ?? name;
    if (type === NODE.hidden && /^(true|false|null|undefined)$/.test(name)) return name;
    return `${name} @${nodeId[node]}`;
  }

  /** Of a string that V8 has not put together yet, its parts; as much as V8 writes of a whole one. */
  private joinedText(node: number): string {
    const { nodeType, nodeName, strings } = this.snapshot;
    let text = '';
    const left = [node];
    for (let steps = 0; left.length > 0 && text.length < LONGEST && steps < LONGEST; steps++) {
      const part = left.pop() as number;
      if (nodeType[part] !== NODE.consString) {
        text += strings.get(nodeName[part] as number);
        continue;
      }
      const [first, second] = [
        this.along(part, this.first, EDGE.internal),
        this.along(part, this.second, EDGE.internal),
      ];
      if (second !== NO_NODE) left.push(second);
      if (first !== NO_NODE) left.push(first);
    }
    return text.slice(0, LONGEST);
  }

  /** Only snapshots with numeric values (`exposeNumericValues`) have them, behind an edge `value`. */
  private numberText(node: number): string | undefined {
    const { firstEdge, edgeTarget, edgeName, nodeName, strings } = this.snapshot;
    const end = firstEdge[node + 1] as number;
    for (let edge = firstEdge[node] as number; edge < end; edge++)
      if (edgeName[edge] === this.value && ((edgeTarget[edge] as number) & 7) === EDGE.internal)
        return strings.get(nodeName[(edgeTarget[edge] as number) >>> 3] as number);
    return undefined;
  }

  /** Is the object of this class or of one that extends it: along `__proto__`, by the names of the constructors. */
  instanceTest(className: string): (node: number) => boolean {
    const { nodeCount, nodeType, nodeName, strings } = this.snapshot;
    const wanted = strings.find(className);
    /** By node: 0 unknown, 1 no, 2 its chain of prototypes has the class. */
    const known = new Uint8Array(nodeCount);
    const trail: number[] = [];
    return (node) => {
      if (nodeType[node] !== NODE.object && nodeType[node] !== NODE.closure && nodeType[node] !== NODE.regexp)
        return false;
      if (wanted < 0) return false;
      trail.length = 0;
      let answer = nodeName[node] === wanted && nodeType[node] === NODE.object ? 2 : 0;
      // Prototypes are shared by many objects, so that the chain is walked once for each.
      let at = answer === 0 ? this.along(node, this.proto) : NO_NODE;
      while (answer === 0 && at !== NO_NODE) {
        answer = known[at] as number;
        if (answer !== 0) break;
        known[at] = 1;
        trail.push(at);
        const maker = this.along(at, this.constructorName);
        if (maker !== NO_NODE && nodeName[maker] === wanted) answer = 2;
        at = this.along(at, this.proto);
      }
      if (answer === 2) for (const each of trail) known[each] = 2;
      return answer === 2;
    };
  }

  private along(node: number, name: number, type: number = EDGE.property): number {
    const { firstEdge, edgeTarget, edgeName } = this.snapshot;
    const end = firstEdge[node + 1] as number;
    for (let edge = firstEdge[node] as number; edge < end; edge++)
      if (edgeName[edge] === name && ((edgeTarget[edge] as number) & 7) === type)
        return (edgeTarget[edge] as number) >>> 3;
    return NO_NODE;
  }
}

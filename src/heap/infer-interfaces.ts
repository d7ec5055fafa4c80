import { EDGE, NODE, type Snapshot } from './snapshot.ts';

/** DevTools' limits: length of a name, and how many objects an interface must have. */
const LONGEST_NAME = 120;
const FEWEST_OBJECTS = 2;
const LEAST_PART = 1000;

/** Plain objects sorted by the properties they have. */
export interface Interfaces {
  /** `{id, name}`: names of what several objects have in common, most objects first. */
  names: string[];
  /** Plain objects by node, ascending, and the row of `names` of each; −1: just `Object`. */
  node: Uint32Array;
  interface: Int32Array;
}

/** Objects that have the same properties in the same order. */
interface Shape {
  /** Names of the properties, in order, as string indexes. */
  properties: Uint32Array;
  count: number;
}

/**
 * Names plain objects by their properties as DevTools does (HeapSnapshot.ts, `inferInterfaceDefinitions` and
 * `applyInterfaceDefinitions`): lists of first properties that enough objects share become definitions; an object is of
 * the definition with most properties among those it has all properties of, the more frequent one of equals.
 *
 * Objects are grouped by shape first, by a hash of string indexes: V8 interns, so texts are looked at once per shape.
 *
 * @param like take the definitions of this snapshot instead: DevTools' Comparison names the older one by the newer's
 */
export function inferInterfaces(snapshot: Snapshot, like?: Snapshot): Interfaces {
  const { shapes, node, shapeOf, total } = groupByShape(snapshot);
  let definitions: Definition[];
  if (like === undefined) {
    definitions = chooseDefinitions(snapshot, shapes, total);
    chosen.set(snapshot, definitions);
  } else definitions = translateDefinitions(like, snapshot, shapes);
  const matches = matchShapes(shapes, definitions);
  return {
    names: definitions.map(({ name }) => name),
    node,
    interface: Int32Array.from(shapeOf, (shape) => matches[shape]!),
  };
}

/** Name of a property in the name of an interface: quoted where it would confuse. */
export function formatPropertyName(name: string): string {
  return /[,'"{}]/.test(name) ? JSON.stringify(name) : name;
}

function groupByShape(snapshot: Snapshot): {
  shapes: Shape[];
  node: Uint32Array;
  shapeOf: Int32Array;
  total: number;
} {
  const { nodeCount, nodeType, nodeName, firstEdge, edgeTarget, edgeName } = snapshot;
  const plain = snapshot.strings.find('Object');
  let total = 0;
  if (plain >= 0)
    for (let at = 0; at < nodeCount; at++)
      if (nodeType[at] === NODE.object && nodeName[at] === plain) total++;
  const node = new Uint32Array(total);
  const shapeOf = new Int32Array(total);
  const shapes: Shape[] = [];
  let table: Int32Array = new Int32Array(1024).fill(-1);
  const hashes: number[] = [];
  let properties = new Uint32Array(64);
  let row = 0;
  for (let at = 0; row < total; at++) {
    if (nodeType[at] !== NODE.object || nodeName[at] !== plain) continue;
    let length = 0;
    let hash = 0x811c9dc5;
    for (let edge = firstEdge[at]!; edge < firstEdge[at + 1]!; edge++) {
      if ((edgeTarget[edge]! & 7) !== EDGE.property) continue;
      if (length === properties.length) {
        const wider = new Uint32Array(2 * length);
        wider.set(properties);
        properties = wider;
      }
      const name = edgeName[edge]!;
      properties[length++] = name;
      hash = Math.imul(hash ^ name, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    let slot = hash & (table.length - 1);
    let shape = -1;
    for (; table[slot]! >= 0; slot = (slot + 1) & (table.length - 1))
      if (hashes[table[slot]!] === hash && isSame(shapes[table[slot]!]!.properties, properties, length)) {
        shape = table[slot]!;
        break;
      }
    if (shape < 0) {
      shape = shapes.length;
      shapes.push({ properties: properties.slice(0, length), count: 0 });
      hashes.push(hash);
      table[slot] = shape;
      if (2 * shapes.length > table.length) table = rebuild(hashes, 4 * table.length);
    }
    shapes[shape]!.count++;
    node[row] = at;
    shapeOf[row++] = shape;
  }
  return { shapes, node, shapeOf, total };
}

function isSame(a: Uint32Array, b: Uint32Array, length: number): boolean {
  if (a.length !== length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function rebuild(hashes: readonly number[], size: number): Int32Array {
  const table = new Int32Array(size).fill(-1);
  hashes.forEach((hash, shape) => {
    let slot = hash & (size - 1);
    while (table[slot]! >= 0) slot = (slot + 1) & (size - 1);
    table[slot] = shape;
  });
  return table;
}

interface Definition {
  name: string;
  properties: number[];
  count: number;
}

function chooseDefinitions(snapshot: Snapshot, shapes: readonly Shape[], total: number): Definition[] {
  const { strings } = snapshot;
  const proto = strings.find('__proto__');
  const formatted = new Map<number, string>();
  const format = (name: number): string => {
    let text = formatted.get(name);
    if (text === undefined) {
      text = formatPropertyName(strings.get(name));
      formatted.set(name, text);
    }
    return text;
  };
  const candidates = new Map<string, Definition>();
  for (const { properties, count } of shapes) {
    let name = '{';
    const taken: number[] = [];
    for (const property of properties) {
      if (property === proto) continue;
      const text = format(property);
      if (name.length > 1 && name.length + text.length > LONGEST_NAME) break;
      name += name.length === 1 ? text : `, ${text}`;
      taken.push(property);
    }
    if (taken.length === 0) continue;
    name += '}';
    const known = candidates.get(name);
    if (known === undefined) candidates.set(name, { name, properties: taken, count });
    else known.count += count;
  }
  const least = Math.max(FEWEST_OBJECTS, total / LEAST_PART);
  return [...candidates.values()].filter(({ count }) => count >= least).sort((a, b) => b.count - a.count);
}

/** Definitions of snapshots whose classes were made, for comparing another with them. */
const chosen = new WeakMap<Snapshot, Definition[]>();

/** Definitions of another snapshot in the string indexes of this one; what has a property that is not here fits nothing. */
function translateDefinitions(like: Snapshot, snapshot: Snapshot, shapes: readonly Shape[]): Definition[] {
  let definitions = chosen.get(like);
  if (definitions === undefined) {
    const other = groupByShape(like);
    definitions = chooseDefinitions(like, other.shapes, other.total);
  }
  const likely = new Set<number>();
  for (const { properties } of definitions)
    for (const property of properties) likely.add(outline(like.strings.bytes(property)));
  const indexes = new Map<string, number>();
  // An object used as a dictionary has tens of thousands, of which none is ever wanted: few are decoded.
  for (const { properties } of shapes)
    for (const property of properties)
      if (likely.has(outline(snapshot.strings.bytes(property))))
        indexes.set(snapshot.strings.get(property), property);
  return definitions.map((definition) => ({
    ...definition,
    properties: definition.properties.map((property) => indexes.get(like.strings.get(property)) ?? -1),
  }));
}

/** Length and three bytes of a text: enough to tell that it is another one. */
function outline(bytes: Uint8Array): number {
  const { length } = bytes;
  return (
    length * 2 ** 24 + (((bytes[0] ?? 0) << 16) | ((bytes[length >> 1] ?? 0) << 8) | (bytes[length - 1] ?? 0))
  );
}

/** Best definition of each shape, −1 none. */
function matchShapes(shapes: readonly Shape[], definitions: readonly Definition[]): Int32Array {
  // A definition is looked for under its rarest property: those with `id` are many, those with `pageToken` few.
  const users = new Map<number, number>();
  for (const { properties } of definitions)
    for (const property of properties) users.set(property, (users.get(property) ?? 0) + 1);
  const byRarest = new Map<number, number[]>();
  definitions.forEach(({ properties }, i) => {
    const rarest = properties.reduce((a, b) => (users.get(b)! < users.get(a)! ? b : a));
    const list = byRarest.get(rarest);
    if (list === undefined) byRarest.set(rarest, [i]);
    else list.push(i);
  });
  const result = new Int32Array(shapes.length).fill(-1);
  const has = new Set<number>();
  shapes.forEach(({ properties }, shape) => {
    has.clear();
    for (const property of properties) if (users.has(property)) has.add(property);
    let best = -1;
    for (const property of has)
      for (const i of byRarest.get(property) ?? []) {
        const wanted = definitions[i]!.properties;
        const length = best < 0 ? 0 : definitions[best]!.properties.length;
        if (wanted.length < length || (wanted.length === length && i > best)) continue;
        if (wanted.every((name) => has.has(name))) best = i;
      }
    result[shape] = best;
  });
  return result;
}

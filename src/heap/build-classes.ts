import { type ClassTable, NO_CLASS } from './class-table.ts';
import type { HeapGraph } from './heap-graph.ts';
import { inferInterfaces } from './infer-interfaces.ts';
import type { ScriptTable } from './script-table.ts';
import { NODE, NODE_TYPES, type Snapshot } from './snapshot.ts';

const DETACHED = 2;

/**
 * Groups nodes into classes as DevTools does (research/heap.md §4, rules 9 and 10), and weighs the classes.
 * `scripts`: asked when stable keys are. `like`: name plain objects by the shapes of this snapshot instead.
 */
export function buildClasses(
  snapshot: Snapshot,
  graph: HeapGraph,
  scripts: () => Pick<ScriptTable, 'fileOf'>,
  like?: Snapshot,
): ClassTable {
  const { nodeCount } = snapshot;
  const names = nameNodes(snapshot, graph, like);
  const { of } = names;
  const { rows, location } = splitByLocation(snapshot, names);
  const count = rows.length;

  // Classes in the order of their first counted instance; those that have none go.
  const instances = new Uint32Array(count);
  const shallow = new Float64Array(count);
  const distance = new Int32Array(count);
  const { low } = graph.shallow;
  for (let node = 0; node < nodeCount; node++) {
    if (low[node] === 0) {
      of[node] = NO_CLASS;
      continue;
    }
    const row = of[node]!;
    const away = graph.distance[node]!;
    if (instances[row]!++ === 0 || away < distance[row]!) distance[row] = away;
    shallow[row]! += graph.shallow.get(node);
  }
  const retained = sumRetained(graph, of, count);
  const kept = Array.from(instances.keys()).filter((row) => instances[row]! > 0);
  const renumbered = new Uint32Array(count);
  kept.forEach((row, i) => {
    renumbered[row] = i;
  });
  if (kept.length < count)
    for (let node = 0; node < nodeCount; node++) if (of[node] !== NO_CLASS) of[node] = renumbered[of[node]!]!;

  const name = kept.map((row) => names.texts[rows[row]!.name]!);
  const { locations } = snapshot;
  const key = kept.map((row, i) => {
    const at = location[row]!;
    return at < 0
      ? name[i]!
      : `${locations.script[at]},${locations.line[at]},${locations.column[at]},${name[i]}`;
  });
  let stableKey: string[] | undefined;
  return {
    of,
    count: kept.length,
    name,
    key,
    get stableKey() {
      stableKey ??= kept.map((row, i) => {
        const at = location[row]!;
        return at < 0
          ? name[i]!
          : `${scripts().fileOf(locations.script[at]!)},${locations.line[at]},${locations.column[at]},${name[i]}`;
      });
      return stableKey;
    },
    instances: pick(instances, kept),
    shallow: pick(shallow, kept),
    retained: pick(retained, kept),
    distance: pick(distance, kept),
    location: pick(location, kept),
  };
}

function pick<T extends Uint32Array | Int32Array | Float64Array>(column: T, rows: readonly number[]): T {
  const result = column.slice(0, rows.length) as T;
  rows.forEach((row, i) => {
    result[i] = column[row]!;
  });
  return result;
}

interface Names {
  /** Node → row of `texts`. */
  of: Uint32Array;
  texts: string[];
}

/** Class names without regard to locations. */
function nameNodes(snapshot: Snapshot, graph: HeapGraph, like: Snapshot | undefined): Names {
  const { nodeCount, nodeType, nodeName, strings } = snapshot;
  const { detachedness } = graph;
  const of = new Uint32Array(new SharedArrayBuffer(4 * nodeCount));
  const texts: string[] = [];
  const made = new Map<string, number>();
  const intern = (text: string): number => {
    const known = made.get(text);
    if (known !== undefined) return known;
    made.set(text, texts.length);
    return texts.push(text) - 1;
  };
  // Types that have one class each; of the others the name decides.
  const byType = Int32Array.from(NODE_TYPES, (type, code) => {
    if (code === NODE.object || code === NODE.native) return -1;
    if (code === NODE.hidden) return intern('(system)');
    if (code === NODE.code) return intern('(compiled code)');
    if (code === NODE.closure) return intern('Function');
    if (code === NODE.regexp) return intern('RegExp');
    return intern(`(${type})`);
  });
  const byName = new Int32Array(strings.count).fill(-1);
  // Files without the field tell by the name, which has the word already.
  const isPrefixed = snapshot.detachedness !== undefined;
  const detached = new Map<number, number>();
  for (let node = 0; node < nodeCount; node++) {
    const fixed = byType[nodeType[node]!]!;
    if (fixed >= 0) {
      of[node] = fixed;
      continue;
    }
    const name = nodeName[node]!;
    if (isPrefixed && detachedness?.[node] === DETACHED && nodeType[node] === NODE.native) {
      // The text of the file is not changed; DevTools writes the state into the name.
      const row = detached.get(name) ?? classOfText(`Detached ${strings.get(name)}`, texts, intern);
      detached.set(name, row);
      of[node] = row;
      continue;
    }
    let row = byName[name]!;
    if (row < 0) {
      row = classOfText(strings.get(name), texts, intern);
      byName[name] = row;
    }
    of[node] = row;
  }
  const interfaces = inferInterfaces(snapshot, like);
  const rows = interfaces.names.map((name) => texts.push(name) - 1);
  interfaces.node.forEach((node, i) => {
    const row = interfaces.interface[i]!;
    if (row >= 0) of[node] = rows[row]!;
  });
  return { of, texts };
}

/** `<div id="a">` is of the class `<div>`. Other names are classes of their own, even where they look like a made one. */
function classOfText(text: string, texts: string[], intern: (text: string) => number): number {
  const from = text.startsWith('<') ? 0 : text.startsWith('Detached <') ? 10 : -1;
  if (from < 0) return texts.push(text) - 1;
  const space = text.indexOf(' ', from);
  return intern(space < 0 ? text : `${text.slice(0, space)}>`);
}

interface Split {
  /** By class: row of the name. */
  rows: { name: number }[];
  /** By class: row of `locations`, −1 without. */
  location: Int32Array;
}

/** Splits classes of objects whose constructors stand in different places. Rewrites `names.of` from names to classes. */
function splitByLocation(snapshot: Snapshot, { of, texts }: Names): Split {
  const { locations, nodeType } = snapshot;
  // Classes without a location first: one for each name.
  const rows = texts.map((_, name) => ({ name }));
  const at: number[] = rows.map(() => -1);
  /** Script and line → column and name → class. */
  const byPlace = new Map<number, Map<number, number>>();
  // Most classes have one place: the last one seen of each name is tried before the tables.
  const lastOf = new Int32Array(texts.length).fill(-1);
  const lastRow = new Int32Array(texts.length);
  for (let i = 0; i < locations.node.length; i++) {
    const node = locations.node[i]!;
    if (nodeType[node] !== NODE.object) continue;
    // The last location of a node counts.
    if (locations.node[i + 1] === node) continue;
    const name = of[node]!;
    const last = lastOf[name]!;
    const [script, line, column] = [locations.script[i]!, locations.line[i]!, locations.column[i]!];
    if (
      last < 0 ||
      locations.script[last] !== script ||
      locations.line[last] !== line ||
      locations.column[last] !== column
    ) {
      const inLine = byPlace.get(script * 2 ** 26 + line) ?? new Map<number, number>();
      if (inLine.size === 0) byPlace.set(script * 2 ** 26 + line, inLine);
      const key = column * texts.length + name;
      let row = inLine.get(key);
      if (row === undefined) {
        row = rows.push({ name }) - 1;
        at.push(i);
        inLine.set(key, row);
      }
      lastOf[name] = i;
      lastRow[name] = row;
    }
    of[node] = lastRow[name]!;
  }
  return { rows, location: Int32Array.from(at) };
}

/**
 * Σ retained of the instances of each class that are not below another instance of it: in preorder, one that begins
 * before the subtree of the last counted one ends is below it.
 */
function sumRetained(graph: HeapGraph, of: Uint32Array, count: number): Float64Array {
  const { preorder, subtree, retained } = graph;
  const sums = new Float64Array(count);
  const end = new Uint32Array(count);
  for (let rank = 0; rank < preorder.length; rank++) {
    const node = preorder[rank]!;
    const row = of[node]!;
    if (row === NO_CLASS || rank < end[row]!) continue;
    sums[row]! += retained.get(node);
    end[row] = rank + subtree[rank]!;
  }
  return sums;
}

import { classifyLocation, type Location } from '../source-map/location.ts';
import { OriginalPlaces } from './original-places.ts';
import type { Place } from './place.ts';
import type { ScriptTable } from './script-table.ts';
import { EDGE, NODE, type Snapshot } from './snapshot.ts';

const UNKNOWN: Location = { party: 'none', package: '', file: '' };

/**
 * Finds the names of scripts: a function leads to what all its closures share, that to its script, and the script's node
 * has its name. `script` is the edge of Node 22 on, `script_or_debug_info` of earlier ones, where a debugger that was
 * attached stands between (`debug_info` leads on to the function and its script).
 *
 * Places are those before compilation where the scripts and their source maps are on this machine.
 */
export function buildScripts(snapshot: Snapshot): ScriptTable {
  const { locations, nodeType, nodeName, strings } = snapshot;
  const shared = strings.find('shared');
  const toScript = [strings.find('script'), strings.find('script_or_debug_info')].filter((name) => name >= 0);
  const toDebug = strings.find('shared_function_info');
  const source = strings.find('source');
  /** Script id → node of the script. */
  const nodes = new Map<number, number>();
  for (let i = 0; i < locations.node.length; i++) {
    const id = locations.script[i]!;
    const node = locations.node[i]!;
    if (nodeType[node] !== NODE.closure || nodes.has(id)) continue;
    const common = follow(snapshot, node, [shared]);
    if (common < 0) continue;
    let script = follow(snapshot, common, toScript);
    if (script >= 0 && strings.get(nodeName[script]!).startsWith('system / DebugInfo')) {
      const back = follow(snapshot, script, [toDebug]);
      script = back < 0 ? -1 : follow(snapshot, back, toScript.slice(0, 1));
    }
    if (script >= 0) nodes.set(id, script);
  }
  const known = new Map<number, Location>();
  const locate = (id: number): Location => {
    let found = known.get(id);
    if (found === undefined) {
      const script = nodes.get(id);
      const url = script === undefined ? '' : strings.get(nodeName[script]!);
      found = url === '' || url.startsWith('system /') ? UNKNOWN : classifyLocation(url);
      known.set(id, found);
    }
    return found;
  };
  const originals = new OriginalPlaces((file) => {
    for (const [id, script] of nodes) {
      if (locate(id).file !== file) continue;
      const text = source < 0 ? -1 : follow(snapshot, script, [source]);
      // V8 cuts at 1024 characters.
      if (text >= 0 && nodeType[text] === NODE.string) return strings.get(nodeName[text]!).slice(0, 1000);
    }
    return '';
  });
  return {
    fileOf: (id) => locate(id).file,
    placeOf(node): Place | undefined {
      const row = findLocation(snapshot, node);
      if (row < 0) return undefined;
      const { file, package: name } = locate(locations.script[row]!);
      return originals.map({
        function: strings.get(nodeName[node]!),
        file,
        line: locations.line[row]! + 1,
        column: locations.column[row]! + 1,
        package: name,
      });
    },
    packageOf(node) {
      const row = findLocation(snapshot, node);
      if (row < 0) return undefined;
      const { party, package: name } = locate(locations.script[row]!);
      return party === 'core' ? 'node' : party === 'none' ? undefined : name;
    },
  };
}

/** Row of the last location of a node, −1 when it has none. */
export function findLocation({ locations }: Snapshot, node: number): number {
  let low = 0;
  let high = locations.node.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (locations.node[middle]! <= node) low = middle + 1;
    else high = middle;
  }
  return low > 0 && locations.node[low - 1] === node ? low - 1 : -1;
}

/** Target of the first internal edge of one of these names, −1 without. */
function follow(snapshot: Snapshot, node: number, names: readonly number[]): number {
  const { firstEdge, edgeTarget, edgeName } = snapshot;
  for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge++)
    if ((edgeTarget[edge]! & 7) === EDGE.internal && names.includes(edgeName[edge]!))
      return edgeTarget[edge]! >>> 3;
  return -1;
}

// Where holter and Chrome DevTools disagree about a heap snapshot; see heap-differences.d.mts.

const NONE = 0xffff_ffff;
const SHOWN = 5;

export function differentNodes(heap, devtools, nodeTypes) {
  const { snapshot, graph } = heap;
  if (snapshot.nodeCount !== devtools.nodeCount)
    return [`${snapshot.nodeCount} nodes, DevTools ${devtools.nodeCount}`];
  const detachedness = (node) => graph.detachedness?.[node] ?? 0;
  return [
    ...column('shallow', (node) => graph.shallow.get(node), devtools.self),
    ...column('retained', (node) => graph.retained.get(node), devtools.retained),
    ...column('dominator', (node) => graph.dominator[node], devtools.dominator),
    ...column('distance', (node) => graph.distance[node], devtools.distance),
    ...column('detachedness', detachedness, devtools.detachedness),
  ];

  function column(what, ours, theirs) {
    let count = 0;
    const said = [];
    for (let node = 0; node < devtools.nodeCount; node++) {
      if (ours(node) === theirs[node]) continue;
      if (++count <= SHOWN)
        said.push(`${what} of ${describe(node)}: ${ours(node)}, DevTools ${theirs[node]}`);
    }
    return count <= SHOWN ? said : [...said, `${what}: ${count} of ${devtools.nodeCount} nodes differ`];
  }

  function describe(node) {
    const type = nodeTypes[snapshot.nodeType[node]];
    return `${node} @${snapshot.nodeId[node]} ${type} "${snapshot.strings.get(snapshot.nodeName[node]).slice(0, 60)}"`;
  }
}

export function differentClasses(heap, devtools) {
  const { classes } = heap;
  const differences = [];
  const theirs = new Map(devtools.aggregates.map((row, index) => [keyOf(row.key), { ...row, index }]));
  const theirRow = new Int32Array(classes.count).fill(-1);
  for (let row = 0; row < classes.count; row++) {
    const key = classes.key[row];
    const other = theirs.get(key);
    theirs.delete(key);
    if (other === undefined) {
      differences.push(`class "${key}" × ${classes.instances[row]}: not in DevTools`);
      continue;
    }
    theirRow[row] = other.index;
    const pairs = {
      name: [classes.name[row], other.name],
      count: [classes.instances[row], other.count],
      shallow: [classes.shallow[row], other.self],
      retained: [classes.retained[row], other.maxRet],
      distance: [classes.distance[row], other.distance],
    };
    for (const [what, [ours, devtoolsSays]] of Object.entries(pairs))
      if (ours !== devtoolsSays)
        differences.push(`${what} of class "${key}": ${ours}, DevTools ${devtoolsSays}`);
  }
  for (const { key, count } of theirs.values())
    differences.push(`class "${key}" × ${count}: only in DevTools`);
  let moved = 0;
  for (let node = 0; node < devtools.nodeCount; node++) {
    const row = classes.of[node];
    if ((row === NONE ? NONE : theirRow[row] >>> 0) !== devtools.classOf[node]) moved++;
  }
  if (moved > 0) differences.push(`${moved} nodes are of another class`);
  return differences;
}

export function differentComparison(difference, devtools) {
  const differences = [];
  const rows = devtools.comparison.map((row) => ({ ...row, taken: false }));
  for (const ours of difference.classes) {
    if (ours.added === 0 && ours.removed === 0) continue;
    // A name may be that of several classes: take the row that agrees, and say so if none does.
    const same = rows.filter((row) => !row.taken && row.name === ours.name);
    const other =
      same.find(
        (row) =>
          row.addedCount === ours.added &&
          row.removedCount === ours.removed &&
          row.addedSize === ours.addedBytes &&
          row.removedSize === ours.removedBytes,
      ) ?? same[0];
    if (other === undefined) {
      differences.push(`"${ours.name}" +${ours.added} −${ours.removed}: not in DevTools' comparison`);
      continue;
    }
    other.taken = true;
    const text = (row) => `+${row[0]} −${row[1]} (+${row[2]} −${row[3]} B)`;
    const [a, b] = [
      text([ours.added, ours.removed, ours.addedBytes, ours.removedBytes]),
      text([other.addedCount, other.removedCount, other.addedSize, other.removedSize]),
    ];
    if (a !== b) differences.push(`"${ours.name}" ${a}, DevTools ${b}`);
  }
  for (const row of rows)
    if (!row.taken)
      differences.push(`"${row.name}" +${row.addedCount} −${row.removedCount}: only in DevTools' comparison`);
  return differences;
}

/** Ours has the bare name where DevTools writes `,name`. */
function keyOf(key) {
  return key.startsWith(',') ? key.slice(1) : key;
}

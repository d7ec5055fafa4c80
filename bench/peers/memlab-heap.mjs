// memlab over a heap snapshot: getFullHeapFromFile (parse, dominators, retained sizes) and one histogram pass over all
// nodes, in this process: node --max-old-space-size=12000 memlab-heap.mjs FILE. Prints one line of JSON.
import { createRequire } from 'node:module';

const { getFullHeapFromFile } = createRequire(import.meta.url)('@memlab/heap-analysis');

// memlab says what it does on stdout.
const out = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;
const heap = await getFullHeapFromFile(process.argv[2]);
const classes = new Map();
let nodes = 0;
heap.nodes.forEach((node) => {
  nodes++;
  const key = `${node.type} ${node.name}`;
  let row = classes.get(key);
  if (row === undefined) {
    row = { count: 0, shallow: 0, retained: 0 };
    classes.set(key, row);
  }
  row.count++;
  row.shallow += node.self_size;
  row.retained += node.retainedSize;
});
const { user, system } = process.cpuUsage();
const peakRss = process.resourceUsage().maxRSS * 1024;
out(`${JSON.stringify({ nodes, classes: classes.size, cpuSeconds: (user + system) / 1e6, peakRss })}\n`, () =>
  process.exit(0),
);

// .cpuprofile → folded stacks, as flamegraph.pl takes them: the shortest program that does it, so that what is measured
// is flamegraph.pl. usage: node fold.mjs in.cpuprofile out.folded
import { readFileSync, writeFileSync } from 'node:fs';

const { nodes } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const byId = new Map(nodes.map((node) => [node.id, node]));
const paths = new Map();
for (const node of nodes) for (const child of node.children ?? []) byId.get(child).parent = node;
const nameOf = ({ callFrame: { functionName, url, lineNumber } }) =>
  `${functionName || '(anonymous)'} ${url}:${lineNumber + 1}`.replaceAll(';', ',');
const lines = [];
// V8 writes parents before children.
for (const node of nodes) {
  const above = node.parent === undefined ? undefined : paths.get(node.parent);
  const path = above === undefined ? nameOf(node) : `${above};${nameOf(node)}`;
  paths.set(node, path);
  if (node.hitCount > 0) lines.push(`${path} ${node.hitCount}`);
}
writeFileSync(process.argv[3], `${lines.join('\n')}\n`);

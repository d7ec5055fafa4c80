import { formatBytes, formatNumber } from '../base/quantity.ts';
import { findHolders } from './find-holders.ts';
import { NodeList } from './node-list.ts';
import { NODE } from './snapshot.ts';
import { type Candidate, topmost } from './suspect-candidate.ts';
import type { Survey } from './suspect-survey.ts';

/** Texts that get a claim of their own. */
const MOST_TEXTS = 3;
/** Longest text V8 writes: longer ones of the same beginning look the same. */
const CUT = 1024;

/**
 * Strings that are in the heap many times: by name index, which V8 gives once per text, wasted = bytes × (n − 1) / n. A
 * text that wastes `threshold` is a suspect; otherwise all together from twice the threshold on. (5 % of the heap and more in
 * copies is what an engineer would fix; every program has some.)
 */
export function findDuplicateStrings(survey: Survey): Candidate[] {
  const { heap, textCount, textBytes, threshold } = survey;
  let wasted = 0;
  let copies = 0;
  const worst: { name: number; wasted: number }[] = [];
  for (let name = 0; name < textCount.length; name++) {
    const count = textCount[name] as number;
    if (count < 2) continue;
    const bytes = ((textBytes[name] as number) * (count - 1)) / count;
    wasted += bytes;
    copies += count - 1;
    if (worst.length < MOST_TEXTS || bytes > (worst.at(-1) as { wasted: number }).wasted) {
      worst.push({ name, wasted: bytes });
      worst.sort((a, b) => b.wasted - a.wasted);
      if (worst.length > MOST_TEXTS) worst.length = MOST_TEXTS;
    }
  }
  const found = worst
    .filter((each) => each.wasted >= threshold)
    .map((each) => oneText(survey, each.name, each.wasted));
  if (found.length > 0 || wasted < 2 * threshold) return found;
  const nodes = nodesOf(survey, (name) => (textCount[name] as number) > 1);
  return [
    {
      detector: 'duplicate-strings',
      what: 'copies of strings',
      count: copies,
      bytes: wasted,
      bytesAre: 'wasted',
      roots: topmost(heap, nodes),
      classRow: -1,
      evidence: worst.map(
        ({ name, wasted: bytes }) =>
          `${quote(heap.snapshot.strings.get(name))} × ${formatNumber(textCount[name] as number)}, ${formatBytes(bytes)}`,
      ),
      advice: 'keep one copy of texts that repeat: a Map from text to text where they are read',
    },
  ];
}

function oneText(survey: Survey, text: number, wasted: number): Candidate {
  const { heap, textCount } = survey;
  const nodes = nodesOf(survey, (name) => name === text);
  const shown = heap.snapshot.strings.get(text);
  const evidence = [`the text ${quote(shown)}`];
  if (shown.length >= CUT)
    evidence.push(
      'snapshots cut texts at 1024 characters: these have the same beginning, perhaps not the same end',
    );
  return {
    detector: 'duplicate-strings',
    what: `string ${quote(shown, 30)}`,
    count: textCount[text] as number,
    bytes: wasted,
    bytesAre: 'wasted',
    roots: topmost(heap, nodes),
    classRow: -1,
    holders: findHolders(heap, nodes),
    evidence,
    advice: 'keep one copy: a Map from text to text where it is read',
  };
}

function nodesOf({ heap }: Survey, wanted: (name: number) => boolean): Uint32Array {
  const { nodeCount, nodeType, nodeName, selfSize } = heap.snapshot;
  const list = new NodeList();
  for (let node = 0; node < nodeCount; node++)
    if (nodeType[node] === NODE.string && wanted(nodeName[node] as number) && selfSize.get(node) > 0)
      list.push(node);
  return list.nodes;
}

function quote(text: string, most = 60): string {
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text);
}

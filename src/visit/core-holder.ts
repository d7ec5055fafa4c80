import { EDGE_TYPES } from '../heap/snapshot.ts';
import type { LiveGraph } from '../postmortem/graph-build.ts';
import { nameHolder } from '../postmortem/holder-names.ts';
import type { ObjectRow } from '../postmortem/object-table.ts';
import { buildRootChain, measureRetained, type RootChain } from '../postmortem/root-chain.ts';
import { ROOT } from '../postmortem/root-isolate.ts';
import { readScript, scriptText } from '../postmortem/source-lines.ts';
import type { JsFrame } from '../postmortem/stack-frame.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';
import type { CoreEvidence, CoreHolder } from '../recording/core-evidence.ts';

/** What fills a heap most, with its way from the root. */
export interface Held {
  held: CoreEvidence['held'];
  /** Texts of the scripts on the way, by URL. */
  scripts: Map<string, string>;
}

/** Fewer of one class are no pile. */
const LEAST_COUNT = 1000;
/** Classes whose holder is looked for: each costs another marking of the heap. */
const MOST_ROWS = 6;
/** Of two containers that keep about as much the one of the larger class is told. */
const CLEARLY_MORE = 1.02;
/** Characters of a line that is looked at for a declaration. */
const LONGEST_LINE = 1000;
/** Characters of a script that is kept for its excerpt. */
const LONGEST_SCRIPT = 2 * 2 ** 20;

/**
 * Of the classes that there are many of, what lies in the container by which most lives.
 * @param live made with `withPaths`
 * @param rows classes of the program, most bytes first
 */
export function findHeld(v8: V8Reader, live: LiveGraph, rows: readonly ObjectRow[]): Held {
  let held: CoreEvidence['held'] = null;
  let best: RootChain | undefined;
  // Strings and dates of sessions may fill more than the sessions: all lead to one container.
  for (const row of rows.filter(({ count }) => count >= LEAST_COUNT).slice(0, MOST_ROWS)) {
    const chain = buildRootChain(v8, live, row.sample);
    if (chain === undefined) continue;
    const at = containerIn(chain);
    const kept = measureRetained(live, chain.steps[at]!.address);
    if (kept === undefined || (held !== null && kept.bytes <= held.retainedBytes * CLEARLY_MORE)) continue;
    const steps = { ...chain, steps: chain.steps.slice(0, at + 2) };
    const holders = holdersOf(v8, live, steps);
    const item = rows.find(({ name }) => name === holders.at(-1)?.name) ?? row;
    best = steps;
    held = {
      name: item.name,
      count: item.count,
      bytes: item.bytes + item.outsideBytes,
      retainedBytes: kept.bytes,
      retainedObjects: kept.objects,
      root: ROOT_WORDS[chain.root.kind] ?? '',
      chain: holders,
    };
  }
  return { held, scripts: best === undefined ? new Map() : scriptsOf(v8, best) };
}

const ROOT_WORDS: Readonly<Record<number, string>> = {
  [ROOT.stack]: 'the stack of a thread',
  [ROOT.globalHandle]: 'a global handle of C++',
  [ROOT.handleScope]: 'a handle scope of C++',
  [ROOT.microtask]: 'a microtask that waits',
};

/** The outermost collection on the way, by its place in it: what has many of something. */
function containerIn({ steps }: RootChain): number {
  const at = steps.findIndex(
    ({ type, name }) => EDGE_TYPES[type] === 'element' || name === 'entry' || name === 'next',
  );
  return at === -1 ? Math.max(0, steps.length - 2) : at;
}

function holdersOf(v8: V8Reader, live: LiveGraph, { steps }: RootChain): CoreHolder[] {
  return steps.map((step, index) => {
    const { kind, name, url, line } = nameHolder(v8, live.walk.maps, step, step.script);
    const isLast = index === steps.length - 1;
    const holder: CoreHolder = {
      kind,
      name,
      file: url,
      line: line || 0,
      column: 1,
      edge: isLast ? '' : (EDGE_TYPES[step.type] ?? ''),
      edgeName: isLast ? '' : String(step.name),
    };
    if (kind === 'scope' && holder.edge === 'context' && holder.line > 0)
      Object.assign(holder, declarationOf(scriptText(v8, step.script), holder.line, holder.edgeName));
    return holder;
  });
}

/** Where a variable is declared, 1-based: on the first line that says so from the one on where its scope begins; else that. */
function declarationOf(text: string, from: number, name: string): { line: number; column: number } {
  const nowhere = { line: from, column: 1 };
  const escaped = name.replace(/[$]/g, '\\$&');
  if (text.length > LONGEST_SCRIPT || !/^[\p{ID_Continue}$]{1,200}$/u.test(name)) return nowhere;
  const declares = new RegExp(
    `\\b(?:const|let|var|function\\*?|class)\\s(?:[^=;]{0,200}[\\s,{[])??(?=${escaped}(?![\\p{ID_Continue}$]))`,
    'u',
  );
  for (const [index, line] of text
    .split('\n')
    .slice(from - 1)
    .entries()) {
    const found = declares.exec(line.slice(0, LONGEST_LINE));
    if (found !== null) return { line: from + index, column: found.index + found[0].length + 1 };
  }
  return nowhere;
}

/** Holders as frames, so that source maps are asked about both at once. */
export function framesOfHolders(chain: readonly CoreHolder[]): JsFrame[] {
  return chain.map(({ name, file, line, column }) => ({
    kind: 'js',
    name,
    functionName: name,
    ...(file === '' || line === 0 ? {} : { place: { url: file, line, column, precision: 'near' } }),
    tier: 'interpreter',
    isInlined: false,
    isConstructor: false,
    isAsync: false,
    pc: Number.NaN,
    fp: Number.NaN,
  }));
}

/** Gives each holder the place that source maps gave its frame. */
export function placeHolders(chain: readonly CoreHolder[], frames: readonly JsFrame[]): void {
  for (const [index, holder] of chain.entries()) {
    const original = frames[index]?.place?.original;
    if (original === undefined) continue;
    Object.assign(holder, { file: original.file, line: original.line, column: original.column });
  }
}

function scriptsOf(v8: V8Reader, { steps }: RootChain): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { script } of steps) {
    const url = readScript(v8, script)?.url ?? '';
    if (url === '' || url.startsWith('node:') || texts.has(url)) continue;
    const text = scriptText(v8, script);
    if (text !== '' && text.length <= LONGEST_SCRIPT) texts.set(url, text);
  }
  return texts;
}

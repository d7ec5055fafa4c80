import { EDGE_TYPES } from '../heap/snapshot.ts';
import { findCrashReason } from '../postmortem/crash-reason.ts';
import { findFatalMessage } from '../postmortem/fatal-message.ts';
import { buildLiveGraph, type LiveGraph, liveTest } from '../postmortem/graph-build.ts';
import { findHeapPages } from '../postmortem/heap-pages.ts';
import { readHeapSpaces } from '../postmortem/heap-spaces.ts';
import { HeapWalk } from '../postmortem/heap-walk.ts';
import { nameHolder } from '../postmortem/holder-names.ts';
import { countObjects, type ObjectRow, placeOfRow } from '../postmortem/object-table.ts';
import { readStacks } from '../postmortem/read-stacks.ts';
import { buildRootChain, measureRetained, type RootChain } from '../postmortem/root-chain.ts';
import { ROOT } from '../postmortem/root-isolate.ts';
import { readScriptText } from '../postmortem/script-text.ts';
import type { ThreadStack } from '../postmortem/stack-frame.ts';
import { buildStackReport } from '../postmortem/stack-report.ts';
import { addOriginalPlaces, type ReadTargetFile } from '../postmortem/stack-sources.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';
import type { Value } from '../postmortem/value.ts';
import type { CoreEvidence, CoreHolder } from '../recording/core-evidence.ts';
import type { SourcesFile } from '../source-map/collect-sources.ts';
import { findRequest } from './core-request.ts';

/** What reading a core gave: the evidence, and texts of the scripts on its stack. */
export interface ReadCore {
  evidence: CoreEvidence;
  sources: SourcesFile;
}

const MOST_FRAMES = 60;
const MOST_CLASSES = 20;
/** Fewer of one class are no pile. */
const LEAST_COUNT = 1000;
const MOST_TEXT = 300;

/**
 * Reads from a core what the doctor judges: how it ended, where, what fills its heap and who holds that.
 * @param core its path, as it was given
 * @throws HolterError of the readers of postmortem/
 */
export async function readCoreEvidence(
  v8: V8Reader,
  core: string,
  readFile: ReadTargetFile,
  onStep: (text: string) => void = () => {},
): Promise<ReadCore> {
  onStep('reading stacks');
  const report = buildStackReport(v8, readStacks(v8, { threads: 'main', values: true }));
  const reason = findCrashReason(v8, report);
  const [thread] = report.threads;
  const fatal = thread === undefined ? undefined : findFatalMessage(v8, thread);
  const scripts = textsOf(v8, thread);
  const found = await addOriginalPlaces([report], readFile, []);
  onStep('counting objects');
  const heap = readHeap(v8, onStep);
  const spaces = readHeapSpaces(v8)?.find(({ tid }) => tid === v8.image.pid);
  const evidence: CoreEvidence = {
    schema: 'holter.core-evidence/1',
    core,
    crash:
      report.crash === undefined
        ? null
        : { signal: report.crash.name, reason: reason?.text ?? '', message: fatal?.text ?? '' },
    exception: reason?.exception === undefined ? null : errorOf(reason.exception),
    thread: thread === undefined ? null : { tid: thread.tid, state: thread.state, isIdle: thread.isIdle },
    frames: framesOf(thread),
    request: thread === undefined || thread.isIdle ? null : findRequest(v8, thread.frames),
    heap:
      spaces === undefined
        ? null
        : {
            usedBytes: spaces.spaces.reduce((sum, { usedBytes }) => sum + (usedBytes || 0), 0),
            limitBytes: Number.isFinite(spaces.limitBytes) ? spaces.limitBytes : null,
            spaces: spaces.spaces
              .filter(({ usedBytes }) => usedBytes > 0)
              .map(({ name, usedBytes }) => ({ name, usedBytes })),
          },
    ...heap,
    problems: [...new Set([...v8.image.problems, ...v8.problems, ...report.problems, ...found.notes])],
  };
  const originals: Record<string, string> = {};
  for (const { file } of evidence.frames) {
    const lines = file === '' || scripts.has(file) ? undefined : found.lines(file);
    if (lines !== undefined) originals[file] = lines.lines.join('\n');
  }
  return {
    evidence,
    sources: {
      schema: 'holter.sources/1',
      scripts: [...scripts].map(([url, text]) => ({ url, text })),
      originals,
    },
  };
}

/** Texts of the program's scripts on the stack, as they ran. */
function textsOf(v8: V8Reader, thread: ThreadStack | undefined): Map<string, string> {
  const texts = new Map<string, string>();
  for (const frame of thread?.frames ?? []) {
    if (frame.kind !== 'js' || frame.functionAddress === undefined || frame.place === undefined) continue;
    const { url } = frame.place;
    if (url.startsWith('node:') || texts.has(url) || texts.size >= 10) continue;
    const text = readScriptText(v8, frame.functionAddress);
    if (text?.isWhole === true) texts.set(url, text.lines.join('\n'));
  }
  return texts;
}

function framesOf(thread: ThreadStack | undefined): CoreEvidence['frames'] {
  return (thread?.frames ?? []).slice(0, MOST_FRAMES).map((frame) => {
    if (frame.kind !== 'js') return { function: frame.name, file: '', line: 0, column: 0, isNative: true };
    const place = frame.place?.original ?? frame.place;
    const file = place === undefined ? '' : 'file' in place ? place.file : place.url;
    return {
      function: frame.name || '(anonymous)',
      file,
      line: place?.line ?? 0,
      column: place?.column ?? 0,
      isNative: false,
    };
  });
}

function errorOf(value: Value): { name: string; message: string } {
  if (value.type !== 'object') return { name: value.type, message: '' };
  const text = (key: string): string => {
    const property = value.properties?.find((one) => one.key === key)?.value;
    return property?.type === 'string' ? property.text.slice(0, MOST_TEXT) : '';
  };
  return { name: value.className, message: text('message') };
}

type Heap = Pick<CoreEvidence, 'objects' | 'classes' | 'held'>;

function readHeap(v8: V8Reader, onStep: (text: string) => void): Heap {
  const nothing: Heap = { objects: { count: 0, bytes: 0, outsideBytes: 0 }, classes: [], held: null };
  const pages = findHeapPages(v8);
  if (pages.isolates.length === 0) return nothing;
  const walk = new HeapWalk(v8);
  onStep('finding what holds them');
  const live = buildLiveGraph(v8, pages, { walk, withPaths: true });
  const isLive = liveTest(live);
  const table = countObjects(v8, pages, { walk, isLive });
  const rows = table.rows.filter(({ kind }) => kind !== 'engine');
  return {
    objects: { count: table.count, bytes: table.bytes, outsideBytes: table.outsideBytes },
    classes: rows.slice(0, MOST_CLASSES).map((row) => ({
      name: row.name,
      kind: row.kind as 'class' | 'shape' | 'string',
      count: row.count,
      bytes: row.bytes,
      outsideBytes: row.outsideBytes,
      place: placeOfRow(v8, walk, row),
    })),
    held: findHeld(v8, live, rows),
  };
}

/** Of the classes that there are many of, what lies in the container by which most lives. */
function findHeld(v8: V8Reader, live: LiveGraph, rows: readonly ObjectRow[]): CoreEvidence['held'] {
  let best: CoreEvidence['held'] = null;
  // Strings and dates of sessions may fill more than the sessions: all lead to one container.
  for (const row of rows.filter(({ count }) => count >= LEAST_COUNT).slice(0, 6)) {
    const chain = buildRootChain(v8, live, row.sample);
    if (chain === undefined) continue;
    const at = containerIn(chain);
    const kept = measureRetained(live, chain.steps[at]!.address);
    if (kept === undefined || (best !== null && kept.bytes <= best.retainedBytes * 1.02)) continue;
    const holders = holdersOf(v8, live, chain, at);
    const item = rows.find(({ name }) => name === holders.at(-1)?.name) ?? row;
    best = {
      name: item.name,
      count: item.count,
      bytes: item.bytes + item.outsideBytes,
      retainedBytes: kept.bytes,
      retainedObjects: kept.objects,
      root: ROOT_WORDS[chain.root.kind] ?? '',
      chain: holders,
    };
  }
  return best;
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

/** The way up to what lies in the container. */
function holdersOf(v8: V8Reader, live: LiveGraph, { steps }: RootChain, container: number): CoreHolder[] {
  const { maps } = live.walk;
  return steps.slice(0, container + 2).map((step, index, all) => {
    const { kind, name, url, line } = nameHolder(v8, maps, step, step.script);
    const isLast = index === all.length - 1;
    return {
      kind,
      name,
      file: url,
      line: Number.isNaN(line) ? 0 : line,
      edge: isLast ? '' : (EDGE_TYPES[step.type] ?? ''),
      edgeName: isLast ? '' : String(step.name),
    };
  });
}

import { HolterError } from '../base/errors.ts';
import { findCrashReason } from '../postmortem/crash-reason.ts';
import { findFatalMessage } from '../postmortem/fatal-message.ts';
import { buildLiveGraph, type LiveGraph, liveTest } from '../postmortem/graph-build.ts';
import type { HeapPages } from '../postmortem/heap-page.ts';
import { findHeapPages } from '../postmortem/heap-pages.ts';
import { readHeapSpaces } from '../postmortem/heap-spaces.ts';
import { HeapWalk } from '../postmortem/heap-walk.ts';
import { countObjects, placeOfRow } from '../postmortem/object-table.ts';
import { readStacks } from '../postmortem/read-stacks.ts';
import { readScriptText } from '../postmortem/script-text.ts';
import type { ThreadStack } from '../postmortem/stack-frame.ts';
import { buildStackReport } from '../postmortem/stack-report.ts';
import { addOriginalPlaces, type ReadTargetFile } from '../postmortem/stack-sources.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';
import type { Value } from '../postmortem/value.ts';
import type { CoreEvidence } from '../recording/core-evidence.ts';
import type { SourcesFile } from '../source-map/collect-sources.ts';
import { findHeld, framesOfHolders, type Held, placeHolders } from './core-holder.ts';
import { findRequest } from './core-request.ts';

/** What reading a core gave: the evidence, and texts of the scripts on its stack. */
export interface ReadCore {
  evidence: CoreEvidence;
  sources: SourcesFile;
}

const MOST_FRAMES = 60;
const MOST_CLASSES = 20;
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
  onStep('counting objects');
  const problems: string[] = [];
  const { scripts: holding, ...heap } = readHeap(v8, problems, onStep);
  for (const [url, text] of holding) if (!scripts.has(url)) scripts.set(url, text);
  const chain = heap.held?.chain ?? [];
  const holders = framesOfHolders(chain);
  const found = await addOriginalPlaces(
    [report, { ...report, threads: thread === undefined ? [] : [{ ...thread, frames: holders }] }],
    readFile,
    [],
  );
  placeHolders(chain, holders);
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
    problems: [
      ...new Set([...report.problems, ...v8.image.problems, ...v8.problems, ...found.notes, ...problems]),
    ],
  };
  const originals: Record<string, string> = {};
  for (const { file } of [...evidence.frames, ...chain]) {
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
      // NaN, too: JSON has none.
      line: place?.line || 0,
      column: place?.column || 0,
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

type Heap = Pick<CoreEvidence, 'objects' | 'classes'> & Held;

function readHeap(v8: V8Reader, problems: string[], onStep: (text: string) => void): Heap {
  const nothing: Heap = {
    objects: { count: 0, bytes: 0, outsideBytes: 0 },
    classes: [],
    held: null,
    scripts: new Map(),
  };
  const pages = findHeapPages(v8);
  if (pages.isolates.length === 0) return nothing;
  const walk = new HeapWalk(v8);
  onStep('finding what holds them');
  const live = tryLiveGraph(v8, pages, walk, problems);
  const table = countObjects(v8, pages, { walk, ...(live === undefined ? {} : { isLive: liveTest(live) }) });
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
    ...(live === undefined ? { held: null, scripts: new Map() } : findHeld(v8, live, rows)),
  };
}

/** A heap too large for the memory of this machine still has its classes told. */
function tryLiveGraph(
  v8: V8Reader,
  pages: HeapPages,
  walk: HeapWalk,
  problems: string[],
): LiveGraph | undefined {
  try {
    return buildLiveGraph(v8, pages, { walk, withPaths: true });
  } catch (error) {
    if (!(error instanceof HolterError) || error.code !== 'E_TOO_LITTLE_MEMORY') throw error;
    problems.push(`what holds the objects was not looked for, garbage is counted: ${error.message}`);
    return undefined;
  }
}

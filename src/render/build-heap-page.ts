import { formatBytes, formatNumber } from '../base/quantity.ts';
import type { Bytes } from '../base/units.ts';
import type { Heap } from '../heap/heap.ts';
import { type HeapDifference, leakBytes } from '../heap/heap-difference.ts';
import type { HeapSummary, ObjectRow } from '../heap/heap-summary.ts';
import type { Holder } from '../heap/holder.ts';
import type { Place } from '../heap/place.ts';
import { EDGE } from '../heap/snapshot.ts';
import { countStrings } from '../heap/string-census.ts';
import type { Suspect, SuspectReport } from '../heap/suspect.ts';
import { buildPageClasses } from './heap-page-classes.ts';
import { buildHeapMap } from './heap-page-map.ts';
import { cut } from './heap-page-names.ts';
import type {
  HeapDifferencePage,
  HeapPage,
  PageHolder,
  PageObject,
  PageServer,
  PageSuspect,
} from './page-data.ts';
import { shortPath } from './short-path.ts';

/** What a page about a heap needs to know besides the heap. */
export interface HeapPageInput {
  /** `heap show`, `heap suspects`, `open`: for the top bar. */
  verb: string;
  /** The file as it was given, for the commands on the page. */
  file: string;
  /** Version of holter. */
  holter: string;
  /** Folder paths are shown relative to, '' = whole paths. */
  cwd: string;
  /** The answer in one sentence; default: what takes most. */
  headline?: string;
  /** Sentences below it. */
  details?: string[];
  /** Moment, process, time of the capture: whatever is known. */
  facts?: { label: string; value: string }[];
  warnings?: string[];
  suspects?: SuspectReport;
  next?: { command: string; note: string }[];
  /** Set by the server only. */
  server?: PageServer;
}

const MOST_STRINGS = 200;

/** Everything the page of a heap shows. Pure; makes the tables of the heap that it needs. */
export function buildHeapPage(heap: Heap, summary: HeapSummary, input: HeapPageInput): HeapPage {
  const { snapshot } = heap;
  const short = (place: string) => shortPath(place, input.cwd);
  const map = buildHeapMap(heap);
  const strings = countStrings(heap, MOST_STRINGS);
  const textOf = (name: number) => cut(snapshot.strings.get(name), 200);
  const name = input.file.split('/').at(-1) ?? input.file;
  const suspects = input.suspects;
  return {
    schema: 'holter.page/2',
    kind: 'heap',
    subject: { verb: input.verb, name, detail: '' },
    holter: input.holter,
    recording: name,
    recordingBytes: summary.fileBytes,
    profiles: [map.profile],
    sources: {},
    headline: input.headline ?? headlineOf(summary, suspects, short),
    details: input.details ?? [describe(summary)],
    facts: [
      ...(input.facts ?? []),
      { label: 'heap', value: formatBytes(summary.totalBytes) },
      { label: 'objects', value: formatNumber(summary.nodeCount) },
      { label: 'references', value: formatNumber(summary.edgeCount) },
      { label: 'file', value: `${name}, ${formatBytes(summary.fileBytes)}` },
    ],
    warnings: [
      ...(summary.partial === undefined ? [] : [`Partial snapshot: ${summary.partial}.`]),
      ...(input.warnings ?? []),
    ],
    totalBytes: summary.totalBytes,
    objectCount: summary.nodeCount,
    kinds: summary.kinds,
    map: { id: map.id, count: map.count },
    ...(suspects === undefined
      ? {}
      : {
          suspects: {
            list: suspects.suspects.map((one) => pageSuspect(heap, one, short)),
            explained: suspects.explained,
            quiet: [...suspects.quiet],
          },
        }),
    classes: buildPageClasses(heap, input.cwd),
    classCount: heap.classes.count,
    dominators: summary.dominators.map(pageObject),
    largest: summary.largest.map(pageObject),
    duplicateStrings: strings.duplicates.map(({ name: row, count, bytes }) => ({
      text: textOf(row),
      count,
      bytes,
    })),
    duplicateBytes: strings.duplicateBytes,
    largestStrings: strings.largest.map((node) => ({
      id: snapshot.nodeId[node]!,
      text: textOf(snapshot.nodeName[node]!),
      bytes: heap.graph.shallow.get(node),
    })),
    packages: summary.packages,
    file: input.file,
    ...(input.server === undefined ? {} : { server: input.server }),
    next: input.next ?? [],
  };
}

function pageObject(row: ObjectRow): PageObject {
  return {
    id: row.id,
    className: cut(row.className, 120),
    text: row.text ?? '',
    shallow: row.shallowBytes,
    retained: row.retainedBytes,
    path: row.path,
    holds: row.holds === undefined ? '' : `${formatNumber(row.holds.count)} ${cut(row.holds.className, 80)}`,
  };
}

function pageSuspect(heap: Heap, one: Suspect, short: (place: string) => string): PageSuspect {
  const growth = one.growth;
  return {
    title: one.title,
    detector: one.detector,
    bytes: one.bytes,
    bytesAre: one.bytesAre,
    share: one.share,
    place: placeText(one.place, short),
    holders: one.holders.map((holder) => pageHolder(heap, holder, short)),
    growth:
      growth === undefined
        ? ''
        : `${signed(growth.count, formatNumber)} objects, ${signed(growth.bytes, formatBytes)} since the snapshot before${growth.perMinute === undefined ? '' : `, ${signed(growth.perMinute, formatNumber)} a minute`}`,
    evidence: [...one.evidence],
    advice: one.advice,
    ids: one.nodes.slice(0, 20).map((node) => heap.snapshot.nodeId[node]!),
  };
}

function pageHolder(heap: Heap | undefined, holder: Holder, short: (place: string) => string): PageHolder {
  return {
    text: holder.text,
    kind: holder.kind,
    held: holder.held,
    place: placeText(holder.place, short),
    path: holder.path
      .map(({ edge, edgeText, className }, i) => {
        if (i === 0 || edge < 0) return className;
        const type = heap === undefined ? EDGE.property : heap.snapshot.edgeTarget[edge]! & 7;
        return type === EDGE.element ? `[${edgeText}] ${className}` : `${edgeText} ${className}`;
      })
      .join(' › '),
  };
}

function placeText(place: Place | undefined, short: (place: string) => string): string {
  if (place === undefined || place.file === '') return '';
  const file = short(place.file);
  return place.line > 0 ? `${file}:${place.line}` : file;
}

/** `+1 390`, `−12 kB`. */
function signed(value: number, format: (value: number) => string): string {
  return `${value < 0 ? '−' : '+'}${format(Math.abs(value))}`;
}

/** The largest suspect, or what takes most when there is none. */
function headlineOf(
  { totalBytes, dominators, classes }: HeapSummary,
  report: SuspectReport | undefined,
  short: (place: string) => string,
): string {
  const first = report?.suspects[0];
  if (first !== undefined) {
    const place = placeText(first.place ?? first.holders[0]?.place, short);
    return `${first.title}: ${formatBytes(first.bytes)} ${first.bytesAre}, ${percent(first.share)} of the heap${place === '' ? '' : `, ${place}`}`;
  }
  const top = dominators[0];
  const largest =
    top === undefined || totalBytes === 0
      ? undefined
      : `${top.path || top.className} keeps ${formatBytes(top.retainedBytes)}, ${percent(top.retainedBytes / totalBytes)} of it`;
  if (report !== undefined)
    return `Nothing stands out in ${formatBytes(totalBytes)}${largest === undefined ? '' : `; ${largest}`}`;
  return largest === undefined
    ? `${formatBytes(totalBytes)} in ${formatNumber(classes.length)} classes`
    : `${formatBytes(totalBytes)}; ${largest}`;
}

function describe({ totalBytes, kinds }: HeapSummary): string {
  const parts = [...kinds]
    .sort((a, b) => b.bytes - a.bytes)
    .filter(({ bytes }) => totalBytes > 0 && bytes / totalBytes >= 0.005)
    .map(({ kind, bytes }) => `${kind} ${percent(bytes / totalBytes)}`);
  return parts.length === 0 ? '' : `${parts.join(', ')}.`;
}

const percent = (share: number): string => `${formatNumber(share * 100)} %`;

const MOST_CHANGES = 2000;

export interface HeapDifferencePageInput
  extends Pick<
    HeapPageInput,
    'verb' | 'holter' | 'cwd' | 'headline' | 'details' | 'facts' | 'warnings' | 'next'
  > {
  /** Of all files together. */
  fileBytes: Bytes;
}

/** Everything the page of a comparison of heaps shows. Pure. */
export function buildHeapDifferencePage(
  difference: HeapDifference,
  input: HeapDifferencePageInput,
): HeapDifferencePage {
  const short = (place: string) => shortPath(place, input.cwd);
  const base = (name: string) => name.split('/').at(-1) ?? name;
  const { beforeName, afterName, lastName, totalBefore, totalAfter, totalLast } = difference;
  const names = [beforeName, afterName, ...(lastName === undefined ? [] : [lastName])].map(base);
  const totals = [totalBefore, totalAfter, ...(totalLast === undefined ? [] : [totalLast])];
  const first = difference.classes.find((row) => leakBytes(row) > 0);
  const change = (totalLast ?? totalAfter) - totalBefore;
  const holder = first?.holders[0];
  return {
    schema: 'holter.page/2',
    kind: 'heap-difference',
    subject: { verb: input.verb, name: names.join(' → '), detail: '' },
    holter: input.holter,
    recording: names.join(', '),
    recordingBytes: input.fileBytes,
    profiles: [],
    sources: {},
    headline:
      input.headline ??
      (first === undefined
        ? `Nothing grew; heap ${totals.map(formatBytes).join(' → ')}`
        : `${first.name} ${signed(first.added - first.removed, formatNumber)}${holder === undefined ? '' : `, held by ${holder.text}`}, ${signed(Math.round(leakBytes(first)), formatBytes)}; heap ${totals.map(formatBytes).join(' → ')}`),
    details: input.details ?? [
      `The heap ${change >= 0 ? 'grew' : 'shrank'} by ${formatBytes(Math.abs(change))}: ${formatNumber(difference.added.count)} objects came (${formatBytes(difference.added.bytes)}), ${formatNumber(difference.removed.count)} went (${formatBytes(difference.removed.bytes)}).`,
      `Compared by ${difference.mode === 'ids' ? 'object ids' : 'classes'}: ${difference.modeReason}.`,
    ],
    facts: [
      ...names.map((name, i) => ({
        label: i === 0 ? 'before' : i === 1 ? 'after' : 'last',
        value: `${name}, ${formatBytes(totals[i]!)}`,
      })),
      ...(input.facts ?? []),
    ],
    warnings: [...difference.notes, ...(input.warnings ?? [])],
    beforeName: names[0]!,
    afterName: names[1]!,
    lastName: names[2] ?? '',
    byIds: difference.mode === 'ids',
    classes: difference.classes.slice(0, MOST_CHANGES).map((row) => ({
      name: cut(row.name, 120),
      place: short(row.place),
      countBefore: row.countBefore,
      countAfter: row.countAfter,
      countLast: row.countLast ?? -1,
      added: row.added,
      removed: row.removed,
      addedBytes: row.addedBytes,
      removedBytes: row.removedBytes,
      retainedDelta: row.retainedDelta,
      holders: row.holders.map((one) => pageHolder(undefined, one, short)),
    })),
    classCount: difference.classes.length,
    containers: difference.containers.slice(0, MOST_CHANGES).map((row) => ({
      id: row.id,
      className: cut(row.className, 120),
      path: row.path,
      entriesBefore: row.entriesBefore,
      entriesAfter: row.entriesAfter,
      entriesLast: row.entriesLast ?? -1,
      retainedBefore: row.retainedBefore,
      retainedAfter: row.retainedAfter,
      newBytes: row.newBytes,
    })),
    containerCount: difference.containers.length,
    next: input.next ?? [],
  };
}

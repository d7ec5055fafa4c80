import type { Holder } from '../heap/holder.ts';
import type { Suspect } from '../heap/suspect.ts';
import type { HeapSuspectsView } from './heap-suspects-terminal.ts';
import { pathNames, suspectPlace } from './heap-suspects-text.ts';

/**
 * `holter.heap-suspects/1`, one document: the suspects shown with holders (the path of the first only), places as
 * `file:line` relative to the working directory, objects by V8's id. Shares 0…1 with four digits.
 */
export function renderHeapSuspectsJson(view: HeapSuspectsView, idOf: (node: number) => number): string {
  const { report } = view;
  const shown = report.suspects.slice(0, view.top);
  return `${JSON.stringify({
    schema: 'holter.heap-suspects/1',
    file: view.file,
    ...(view.before === '' ? {} : { before: view.before }),
    totalBytes: Math.round(view.totalBytes),
    objects: view.nodeCount,
    ...(view.partial === undefined ? {} : { partial: view.partial }),
    explained: round(report.explained),
    suspects: shown.map((suspect) => suspectJson(suspect, view, idOf)),
    ...(shown.length < report.suspects.length ? { notShown: report.suspects.length - shown.length } : {}),
    ...(report.suspects.length === 0 && view.largest !== '' ? { largest: view.largest } : {}),
    quiet: report.quiet,
    next: [view.next],
  })}\n`;
}

function suspectJson(suspect: Suspect, view: HeapSuspectsView, idOf: (node: number) => number): object {
  const { place, holders } = suspect;
  return {
    detector: suspect.detector,
    title: suspect.title,
    what: suspect.what,
    count: suspect.count,
    bytes: Math.round(suspect.bytes),
    bytesAre: suspect.bytesAre,
    share: round(suspect.share),
    place: suspectPlace(place, view.cwd),
    ...(place === undefined || place.function === '' ? {} : { function: place.function }),
    ...(place === undefined || place.package === '' ? {} : { package: place.package }),
    ...(suspect.growth === undefined ? {} : { growth: suspect.growth }),
    holders: holders.map((holder, index) => holderJson(holder, index, suspect, view, idOf)),
    evidence: suspect.evidence,
    ...(suspect.advice === '' ? {} : { advice: suspect.advice }),
    ids: suspect.nodes.map(idOf),
  };
}

function holderJson(
  holder: Holder,
  index: number,
  suspect: Suspect,
  view: HeapSuspectsView,
  idOf: (node: number) => number,
): object {
  const place = suspectPlace(holder.place, view.cwd);
  return {
    text: holder.text,
    kind: holder.kind,
    held: holder.held,
    ...(place === '' ? {} : { place }),
    id: idOf(holder.node),
    ...(index === 0 && holder.path.length > 1 ? { path: pathNames(holder, suspect.what) } : {}),
  };
}

function round(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}

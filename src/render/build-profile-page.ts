import { formatNumber } from '../base/quantity.ts';
import type { ProfileDifference } from '../cpu/difference.ts';
import type { NamedTree } from '../cpu/profile-file.ts';
import type { CpuSummary } from '../cpu/summary.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import type { SourceBook } from '../source-map/source-book.ts';
import { buildPageProfile, MAX_PAGE_SAMPLES } from './build-page-data.ts';
import type {
  DifferencePage,
  PageDifferenceRow,
  PageFact,
  PageProfile,
  PageRoom,
  ProfilePage,
} from './page-data.ts';
import { quoteSources } from './quote-sources.ts';
import { shortPath } from './short-path.ts';

/** What a profile page is made of. */
export interface ProfilePageInput {
  verb: string;
  name: string;
  detail: string;
  holter: string;
  recording: string;
  recordingBytes: number;
  /** Folder paths are shown relative to. */
  cwd: string;
  profiles: readonly NamedTree[];
  headline: string;
  details: string[];
  facts: PageFact[];
  warnings: string[];
  book: SourceBook;
  sourcesNote?: string;
  load?: LoadResult;
  manifest?: RecordingManifest;
  next: { command: string; note: string }[];
}

/** Everything the page of a profile shows. Pure. */
export function buildProfilePage(input: ProfilePageInput): ProfilePage {
  const { manifest, book, cwd } = input;
  return {
    schema: 'holter.page/2',
    kind: 'profile',
    subject: { verb: input.verb, name: input.name, detail: input.detail },
    holter: input.holter,
    recording: input.recording,
    recordingBytes: input.recordingBytes,
    profiles: input.profiles.map(({ name, tree }) => buildPageProfile(name, tree, { cwd, book })),
    sources: quoteSources(
      input.profiles.map(({ tree }) => tree),
      book,
      cwd,
    ),
    ...(input.sourcesNote === undefined ? {} : { sourcesNote: input.sourcesNote }),
    headline: input.headline,
    details: input.details,
    facts: input.facts,
    warnings: [...input.warnings, ...thinned(input.profiles)],
    ...(input.load === undefined ? {} : { load: input.load }),
    ...(manifest === undefined
      ? {}
      : {
          target: {
            actions: manifest.actions,
            left: manifest.left,
            inspectorOpenMs: manifest.inspectorOpenMs,
          },
        }),
    next: input.next,
  };
}

function thinned(profiles: readonly NamedTree[]): string[] {
  return profiles
    .filter(({ tree }) => tree.samples.time.length > MAX_PAGE_SAMPLES)
    .map(
      ({ name, tree }) =>
        `${name}: the chart and time ranges use every ${Math.ceil(tree.samples.time.length / MAX_PAGE_SAMPLES)}th of ${formatNumber(tree.samples.time.length)} samples; all other numbers are of all.`,
    );
}

export interface DifferencePageInput
  extends Omit<ProfilePageInput, 'profiles' | 'load' | 'manifest' | 'facts'> {
  difference: ProfileDifference;
}

/** Everything the page of a comparison shows. Pure. */
export function buildDifferencePage(input: DifferencePageInput): DifferencePage {
  const { difference } = input;
  const { tree, before, inputs, normalisation } = difference;
  // Shares travel as parts of a million, weights per request as thousandths: the page keeps whole numbers.
  const scale = { total: 1e6, requests: 1e3, nothing: 1 }[normalisation];
  const scaled = (values: Float64Array) => (scale === 1 ? values : values.map((value) => value * scale));
  const page = buildPageProfile(
    'difference',
    { ...tree, self: scaled(tree.self) },
    { cwd: input.cwd, before: scaled(before.self), book: input.book },
  );
  const profile: PageProfile = { ...page, unit: normalisation === 'total' ? 'share' : page.unit };
  const amount = (one: (typeof inputs)['before']) =>
    `${formatNumber(one.samples)} samples${one.requests === undefined ? '' : `, ${formatNumber(one.requests)} requests`}`;
  return {
    schema: 'holter.page/2',
    kind: 'difference',
    subject: { verb: input.verb, name: input.name, detail: input.detail },
    holter: input.holter,
    recording: input.recording,
    recordingBytes: input.recordingBytes,
    profiles: [profile],
    sources: quoteSources([tree], input.book, input.cwd),
    ...(input.sourcesNote === undefined ? {} : { sourcesNote: input.sourcesNote }),
    headline: input.headline,
    details: input.details,
    facts: [
      { label: 'before', value: `${inputs.before.name}: ${amount(inputs.before)}` },
      { label: 'after', value: `${inputs.after.name}: ${amount(inputs.after)}` },
      { label: 'compared by', value: NORMALISED[normalisation] },
    ],
    warnings: input.warnings,
    normalised: NORMALISED[normalisation],
    weight:
      normalisation === 'total'
        ? { scale: 100 / scale, unit: ' %' }
        : difference.unit === 'microseconds'
          ? { scale: 1e-3 / scale, unit: ' ms' }
          : { scale: 1 / scale, unit: ` ${difference.unit}` },
    beforeName: inputs.before.name,
    afterName: inputs.after.name,
    rows: difference.rows.slice(0, MOST_ROWS).map(
      (row): PageDifferenceRow => ({
        name: row.name,
        file: shortPath(row.file, input.cwd),
        line: row.line,
        room: roomOfRow(row),
        selfBefore: row.selfBefore * scale,
        selfAfter: row.selfAfter * scale,
        totalBefore: row.totalBefore * scale,
        totalAfter: row.totalAfter * scale,
        relative: Number.isFinite(row.relative) ? row.relative : null,
        significant: row.significant,
      }),
    ),
    next: input.next,
  };
}

const MOST_ROWS = 2000;
const NORMALISED: Record<ProfileDifference['normalisation'], string> = {
  total: 'share of the busy time',
  requests: 'weight per request',
  nothing: 'as recorded',
};

function roomOfRow({ party, name }: ProfileDifference['rows'][number]): PageRoom {
  if (party !== 'none') return party;
  return name === '(garbage collector)' ? 'gc' : 'native';
}

/** Sentences below the headline. */
export function describeSplit(summary: CpuSummary): string[] {
  if (summary.unit !== 'microseconds') return [];
  const { split } = summary;
  const percent = (share: number) => `${formatNumber(share * 100)} %`;
  const words: [string, number][] = [
    ['your code', split.share.user],
    ['dependencies', split.share.dependency],
    ['node core', split.share.core],
    ['native', split.share.native + split.share.program],
    ['kernel', split.share.kernel],
    ['garbage collection', split.share.gc],
  ];
  const busy = split.total === 0 ? 0 : split.busy / split.total;
  return [
    `Busy ${percent(busy)} of the time: ${words
      .filter(([, share]) => share >= 0.005)
      .map(([word, share]) => `${word} ${percent(share)}`)
      .join(', ')}.`,
  ];
}

import { formatNumber, formatShare } from '../base/quantity.ts';
import { findHeaviestPaths, type HeaviestPath, type PathStep } from '../cpu/heaviest-path.ts';
import type { CpuSummary } from '../cpu/summary.ts';
import { TIME_ROOMS } from '../cpu/time-split.ts';
import type { CpuDocument, CpuDocumentProfile } from './cpu-document.ts';
import {
  cpuHeadline,
  locationText,
  nameOf,
  percent,
  ROOM_LABELS,
  samplingText,
  uncertaintyText,
} from './cpu-headline.ts';
import { loadText } from './cpu-terminal.ts';
import { escapeMarkdown, markdownCode, markdownTable } from './markdown-text.ts';
import { describeWhole, formatWeight } from './weight-text.ts';

/** Further profiles get a line each. */
const MOST_PROFILES = 8;
const MOST = { user: 25, functions: 15, lines: 20, packages: 15, files: 15, paths: 5 };
const LEAST_SHARE = 0.0005;

/**
 * A profile as Markdown (GFM), for a ticket or for an assistant that reads it: the answer, facts, split, tables, hottest
 * lines with their text, the heaviest stacks, and what to be careful with. The first eight profiles in full.
 */
export function renderCpuMarkdown(document: CpuDocument): string {
  const [main] = document.profiles;
  const head = main === undefined ? 'no profile' : cpuHeadline(main.summary, document.cwd);
  const lines = [`# ${escapeMarkdown(document.name)}: ${escapeMarkdown(head)}`, '', ...factLines(document)];
  const several = document.profiles.length > 1;
  for (const profile of document.profiles.slice(0, MOST_PROFILES)) {
    if (several)
      lines.push(
        '',
        `## Profile: ${escapeMarkdown(profile.name)}`,
        '',
        escapeMarkdown(cpuHeadline(profile.summary, document.cwd)),
      );
    lines.push(...profileLines(profile, document.cwd, several ? '###' : '##'));
  }
  const rest = document.profiles.slice(MOST_PROFILES);
  if (rest.length > 0)
    lines.push(
      '',
      `## ${formatNumber(rest.length)} more profiles`,
      '',
      ...rest.map(
        ({ name, summary }) => `- ${escapeMarkdown(`${name}: ${cpuHeadline(summary, document.cwd)}`)}`,
      ),
    );
  lines.push(...caveatLines(document));
  if (document.next.length > 0)
    lines.push(
      '',
      '## Next',
      '',
      ...document.next.map(({ command, note }) => `- ${markdownCode(command)}: ${escapeMarkdown(note)}`),
    );
  return `${lines.join('\n')}\n`;
}

function factLines({ verb, detail, facts, load, manifest, profiles }: CpuDocument): string[] {
  const lines = [`- made with: \`holter ${verb}\``];
  if (detail !== '') lines.push(`- what: ${escapeMarkdown(detail)}`);
  for (const { label, value } of facts) lines.push(`- ${escapeMarkdown(label)}: ${escapeMarkdown(value)}`);
  const [main] = profiles;
  if (main !== undefined && !facts.some(({ label }) => label === 'samples'))
    lines.push(`- samples: ${escapeMarkdown(samplingText(main.summary))}`);
  if (load !== undefined) lines.push(`- load: ${escapeMarkdown(loadText(load))}`);
  if (manifest !== undefined) {
    const left = manifest.left.leftBehind.map(
      ({ what, command }) => `${escapeMarkdown(what)} (remove with ${markdownCode(command)})`,
    );
    lines.push(
      `- left behind in the target: ${left.length > 0 ? left.join('; ') : manifest.left.verified ? 'nothing' : 'not verified'}`,
    );
  }
  return lines;
}

function profileLines({ summary, tree }: CpuDocumentProfile, cwd: string, level: string): string[] {
  const { unit, busy, split, counts } = summary;
  const isTime = unit === 'microseconds';
  const section = (title: string, shown: number, all: number, table: string[]): string[] =>
    shown === 0
      ? []
      : [
          '',
          `${level} ${title}`,
          '',
          ...table,
          ...(shown < all ? ['', `${shown} of ${formatNumber(all)} rows.`] : []),
        ];
  const rooms = TIME_ROOMS.filter((room) => split.weight[room] > 0);
  const user = summary.user
    .filter((row) => row.chargedShare >= LEAST_SHARE || row.totalShare >= LEAST_SHARE)
    .slice(0, MOST.user);
  const functions = summary.functions.filter((row) => row.selfShare >= LEAST_SHARE).slice(0, MOST.functions);
  const hot = summary.lines.filter((line) => line.chargedShare >= LEAST_SHARE).slice(0, MOST.lines);
  const packages = summary.packages.filter((row) => row.totalShare >= LEAST_SHARE).slice(0, MOST.packages);
  const files = summary.files.filter((row) => row.totalShare >= LEAST_SHARE).slice(0, MOST.files);
  const paths = findHeaviestPaths(tree, MOST.paths).filter(({ weight }) => busy > 0 && weight / busy >= 0.01);
  return [
    ...section(
      isTime ? 'Where the time goes (idle included)' : 'Whose code it is',
      rooms.length,
      rooms.length,
      markdownTable(
        ['whose', 'share', isTime ? 'time' : 'weight'],
        'lrr',
        rooms.map((room) => [
          ROOM_LABELS[room],
          formatShare(split.share[room]),
          formatWeight(unit, split.weight[room]),
        ]),
      ),
    ),
    ...section(
      `Your functions (shares ${describeWhole(unit, busy)})`,
      user.length,
      counts.user,
      markdownTable(
        ['function', 'charged', 'self', 'total', 'calls most', 'where'],
        'lrrrll',
        user.map((row) => [
          markdownCode(nameOf(row)),
          formatShare(row.chargedShare),
          formatShare(row.selfShare),
          formatShare(row.totalShare),
          row.mostIn === undefined ? '' : markdownCode(row.mostIn.name),
          markdownCode(locationText(row, cwd)),
        ]),
      ),
    ),
    ...section(
      'On top of the stack',
      functions.length,
      counts.functions,
      markdownTable(
        ['function', 'self', 'total', 'whose', 'where'],
        'lrrll',
        functions.map((row) => [
          markdownCode(nameOf(row)),
          formatShare(row.selfShare),
          formatShare(row.totalShare),
          escapeMarkdown(
            row.package === '' ? (row.party === 'none' ? row.category : ROOM_LABELS[row.party]) : row.package,
          ),
          markdownCode(row.file === '' ? '' : locationText(row, cwd)),
        ]),
      ),
    ),
    ...section(
      'Hottest lines',
      hot.length,
      counts.lines,
      markdownTable(
        ['share', 'self', 'where', 'function', 'source'],
        'rrlll',
        hot.map((line) => [
          formatShare(line.chargedShare),
          formatShare(line.share),
          markdownCode(locationText(line, cwd)),
          markdownCode(nameOf({ name: line.function })),
          markdownCode(line.text ?? ''),
        ]),
      ),
    ),
    ...section('By package', packages.length, counts.packages, groupTable('package', packages)),
    ...section(
      'By file',
      files.length,
      counts.files,
      groupTable(
        'file',
        files.map((row) => ({ ...row, name: locationText({ file: row.name, line: 0 }, cwd) })),
      ),
    ),
    ...section(
      'Heaviest stacks',
      paths.length,
      paths.length,
      paths.flatMap((path, index) => [...(index === 0 ? [] : ['']), ...pathLines(path, summary, cwd)]),
    ),
  ];
}

function groupTable(what: string, rows: CpuSummary['packages']): string[] {
  return markdownTable(
    [what, 'self', 'total'],
    'lrr',
    rows.map((row) => [markdownCode(row.name), formatShare(row.selfShare), formatShare(row.totalShare)]),
  );
}

/** A stack as a list, outermost first; the function it is about is bold. */
function pathLines(path: HeaviestPath, { busy }: CpuSummary, cwd: string): string[] {
  const lines = [`${markdownCode(nameOf(path))}, ${percent(path.weight / busy)}:`, ''];
  for (const [index, step] of path.steps.entries()) {
    const gap = path.gaps.find(({ before }) => before === index);
    if (gap !== undefined) lines.push(`- … ${formatNumber(gap.count)} frames …`);
    lines.push(`- ${stepText(step, index === path.at, busy, cwd)}`);
  }
  const below = path.gaps.find(({ before }) => before === path.steps.length);
  if (below !== undefined) lines.push(`- … ${formatNumber(below.count)} frames …`);
  return lines;
}

function stepText(step: PathStep, isIt: boolean, busy: number, cwd: string): string {
  const name = markdownCode(nameOf(step));
  const place = step.file === '' ? '' : ` ${markdownCode(locationText(step, cwd))}`;
  const owner = step.package === '' ? '' : ` (${escapeMarkdown(step.package)})`;
  const again = step.repeats > 1 ? ` × ${formatNumber(step.repeats)} (recursion)` : '';
  return `${isIt ? `**${name}**` : name}${place}${owner}${again}: ${formatShare(step.total / busy)}`;
}

function caveatLines({ profiles, notes, load }: CpuDocument): string[] {
  const lines = notes.map((note) => escapeMarkdown(note));
  for (const { name, summary } of profiles) {
    const who = profiles.length > 1 ? `${escapeMarkdown(name)}: ` : '';
    if (summary.partial !== undefined)
      lines.push(`${who}the profile is partial: ${escapeMarkdown(summary.partial)}`);
    const doubt = uncertaintyText(summary);
    if (doubt !== undefined) lines.push(`${who}${escapeMarkdown(doubt)}`);
  }
  for (const note of load?.notes ?? []) lines.push(`load: ${escapeMarkdown(note)}`);
  lines.push(
    '*charged* = own weight of a function of yours and all native, core and dependency work below it, up to your next function; GC is charged to nobody.',
    '*total* counts a stack once, however often the function recurs in it.',
  );
  if (profiles.some(({ summary }) => summary.lines.length > 0))
    lines.push(
      '*share* of a line = its own weight and that of the calls on it which leave your code, where the source says which line calls.',
    );
  return ['', '## To know when reading this', '', ...lines.map((line) => `- ${line}`)];
}

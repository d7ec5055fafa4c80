import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { mergeTrees } from '../cpu/merge-trees.ts';
import type { NamedTree } from '../cpu/profile-file.ts';
import { type CpuSummary, summariseProfile } from '../cpu/summary.ts';
import { writePageFile } from '../recording/write-recording.ts';
import { buildProfilePage, describeSplit } from '../render/build-profile-page.ts';
import { renderCpuJson } from '../render/cpu-json.ts';
import { renderCpuMarkdown } from '../render/cpu-markdown.ts';
import { cpuHeadline, renderCpu } from '../render/cpu-terminal.ts';
import { renderFlameSvg } from '../render/flame-svg.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import type { ProfilePage } from '../render/page-data.ts';
import { openInBrowser } from './browser.ts';
import { terminalStyle } from './options.ts';
import { print } from './outcome.ts';
import { outputFormat, writeOutput } from './output-files.ts';
import { shellWord, shorten, temporaryPath } from './paths.ts';
import type { ProfileInput } from './profile-input.ts';
import { HOLTER_VERSION } from './version.ts';

export interface PresentOptions {
  verb: string;
  /** Page of a recording; undefined: a file was read, its page goes where `files` says or into the temporary directory. */
  page: string | undefined;
  /** Paths of `-o`. */
  files: readonly string[];
  json: boolean;
  open: boolean;
  noColor: boolean;
}

/** Prints the answer and writes the page and every file asked for. @throws HolterError E_WRITE, E_USAGE */
export async function presentProfile(read: ProfileInput, options: PresentOptions): Promise<void> {
  const input = withMerged(read);
  const profiles = input.profiles.map(({ name, tree }) => ({
    name,
    tree,
    summary: summariseProfile(tree, { sources: input.book }),
  }));
  const main = profiles[0]!.summary;
  const next = nextCommands(input, options.verb);
  const html = (): string => renderHtmlPage(buildPage(input, main, options.verb, next));
  let page = options.files.find((file) => outputFormat(file) === 'html');
  const named = page !== undefined;
  // Converting a file is not asking for a page; everything else is.
  if (page === undefined && (options.page !== undefined || options.files.length === 0 || options.open))
    page = options.page ?? temporaryPath(input.path, '.html');
  const document = {
    verb: options.verb,
    name: input.name,
    detail: input.detail,
    cwd: input.cwd,
    profiles,
    facts: input.facts,
    notes: input.notes,
    ...(input.load === undefined ? {} : { load: input.load }),
    ...(input.threads === undefined || input.threads.length === 0 ? {} : { threads: input.threads }),
    ...(input.manifest === undefined ? {} : { manifest: input.manifest }),
    files: {
      ...(page === undefined ? {} : { page: shorten(page) }),
      ...(input.manifest === undefined ? {} : { recording: shorten(input.path) }),
      written: options.files.map(shorten),
    },
    next,
  };
  for (const file of options.files) {
    await writeOutput(file, input, {
      html,
      svg: () =>
        renderFlameSvg(input.profiles[0]!.tree, {
          title: `${input.name} ${input.detail}`.trim(),
          subtitle: cpuHeadline(main, input.cwd),
          cwd: input.cwd,
          hideIdle: true,
        }),
      markdown: () => renderCpuMarkdown(document),
      json: () => renderCpuJson(document),
    });
  }
  if (page !== undefined && !named) {
    await mkdir(dirname(page), { recursive: true, mode: 0o700 });
    await writePageFile(page, html());
  }
  if (options.json) await print(renderCpuJson(document));
  else await print(renderCpu(document, terminalStyle(options.noColor)));
  if (options.open && page !== undefined) openInBrowser(page);
}

/** The page alone, as `holter open` makes it. */
export function profilePage(read: ProfileInput, verb: string): ProfilePage {
  const input = withMerged(read);
  const main = summariseProfile(input.profiles[0]!.tree, { sources: input.book });
  return buildPage(input, main, verb, nextCommands(input, verb));
}

/** Several processes: all of them merged come first. */
export function withMerged(input: ProfileInput): ProfileInput {
  const processes = new Set(input.files?.map(({ pid }) => pid));
  if (processes.size < 2) return input;
  const all: NamedTree = { name: `all ${processes.size} processes`, tree: mergeTrees(input.profiles) };
  const { files: _, ...rest } = input;
  return { ...rest, profiles: [all, ...input.profiles] };
}

function buildPage(
  input: ProfileInput,
  main: CpuSummary,
  verb: string,
  next: { command: string; note: string }[],
): ProfilePage {
  return buildProfilePage({
    verb,
    name: input.name,
    detail: input.detail,
    holter: HOLTER_VERSION,
    recording: basename(input.path),
    recordingBytes: input.bytes,
    cwd: input.cwd,
    profiles: input.profiles,
    headline: cpuHeadline(main, input.cwd),
    details: describeSplit(main),
    facts: input.facts,
    warnings: [...(main.partial === undefined ? [] : [`Partial profile: ${main.partial}.`]), ...input.notes],
    book: input.book,
    ...(input.sourcesNote === undefined ? {} : { sourcesNote: input.sourcesNote }),
    ...(input.load === undefined ? {} : { load: input.load }),
    ...(input.manifest === undefined ? {} : { manifest: input.manifest }),
    next,
  });
}

function nextCommands(input: ProfileInput, verb: string): { command: string; note: string }[] {
  const pid = input.manifest?.target.pid ?? 0;
  const path = shellWord(shorten(input.path));
  const again =
    pid > 0 && verb !== 'flame' && existsSync(`/proc/${pid}`)
      ? [{ command: `holter doctor ${pid}`, note: 'whether that is a problem, and what to do about it' }]
      : [];
  return [
    ...again,
    { command: `holter cpu diff ${path} <after>`, note: 'after the fix: what changed' },
    ...(input.manifest === undefined
      ? [{ command: `holter cpu ${path} -o out.pb.gz`, note: 'for pprof, Pyroscope, speedscope …' }]
      : []),
  ];
}

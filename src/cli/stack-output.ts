import { HolterError } from '../base/errors.ts';
import type { StackReport, ThreadStack } from '../postmortem/stack-frame.ts';
import type { StackSources } from '../postmortem/stack-sources.ts';
import { buildExcerpt, type SourceExcerpt } from '../render/source-excerpt.ts';
import type { StackDocument } from '../render/stack-document.ts';
import { partyOfFrame, placeOf } from '../render/stack-names.ts';
import { hotFrame } from '../render/stack-rows.ts';
import type { StackTextOptions } from '../render/stack-terminal.ts';
import { terminalStyle } from './options.ts';
import { print } from './outcome.ts';

/** Options of `stack` and `core bt` that say how it is shown. */
export interface StackViewOptions {
  threads?: boolean;
  frames?: string;
  values?: boolean;
  locals?: boolean;
  raw?: boolean;
  json?: boolean;
  out: string[];
  color: boolean;
}

/** Lines around a place that are shown. */
export const EXCERPT_AROUND: { before: number; after: number } = { before: 3, after: 3 };

/** @throws HolterError E_USAGE for a file name of no known format; to be called before anything is stopped */
export function refuseStackOutputs(out: readonly string[]): void {
  const wrong = out.find((path) => !/\.(md|markdown|json)$/i.test(path));
  if (wrong !== undefined)
    throw new HolterError('E_USAGE', `no format is known for the file name ${JSON.stringify(wrong)}`, {
      hint: /\.html?$/i.test(wrong) ? 'stacks have no page: .json or .md' : '.json or .md',
    });
}

/** Text around the innermost own frame of the thread that matters: the one that crashed, else the first busy one. */
export function excerptOf(
  report: StackReport,
  cwd: string,
  sources: StackSources,
  inMemory?: (url: string) => readonly string[] | undefined,
): (SourceExcerpt & { tid: number }) | undefined {
  const thread = report.threads.find(({ isIdle }) => !isIdle) ?? report.threads[0];
  const excerpt = thread === undefined ? undefined : excerptOfThread(thread, cwd, sources, inMemory);
  return excerpt === undefined ? undefined : { ...excerpt, tid: thread!.tid };
}

function excerptOfThread(
  thread: ThreadStack,
  cwd: string,
  sources: StackSources,
  inMemory?: (url: string) => readonly string[] | undefined,
): SourceExcerpt | undefined {
  const frame = thread.frames[hotFrame(thread.frames, cwd)];
  if (frame?.kind !== 'js' || frame.place === undefined || partyOfFrame(frame, cwd) === 'core')
    return undefined;
  const place = placeOf(frame.place);
  const found = sources.lines(place.file);
  if (found !== undefined) return buildExcerpt(place, found.lines, found.from, EXCERPT_AROUND);
  const lines = inMemory?.(frame.place.url);
  if (lines === undefined) return undefined;
  return buildExcerpt(
    { file: frame.place.url, line: frame.place.line, column: frame.place.column },
    lines,
    'memory',
    EXCERPT_AROUND,
  );
}

/** Writes the files asked for and prints the rest. */
export async function presentStack(
  made: StackDocument,
  view: StackViewOptions,
  text: StackTextOptions,
): Promise<void> {
  let document = made;
  const json = async () => (await import('../render/stack-json.ts')).renderStackJson(document);
  if (view.out.length > 0) {
    const [{ writePageFile }, { renderStackMarkdown }, { shorten }] = await Promise.all([
      import('../recording/write-recording.ts'),
      import('../render/stack-markdown.ts'),
      import('./paths.ts'),
    ]);
    for (const path of view.out)
      await writePageFile(path, /\.json$/i.test(path) ? await json() : renderStackMarkdown(document, text));
    document = { ...document, written: view.out.map(shorten) };
  }
  if (view.json) await print(await json());
  else {
    const { renderStack } = await import('../render/stack-terminal.ts');
    await print(renderStack(document, terminalStyle(!view.color), text));
  }
}

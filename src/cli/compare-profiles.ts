import { dirname } from 'node:path';
import { HolterError } from '../base/errors.ts';
import { compareProfiles, exceedsLimit, type Normalisation, parseChangeLimit } from '../cpu/difference.ts';
import { makeFolder, writePageFile } from '../recording/write-recording.ts';
import { buildDifferencePage } from '../render/build-profile-page.ts';
import { renderDifferenceJson } from '../render/difference-json.ts';
import { renderDifferenceMarkdown } from '../render/difference-markdown.ts';
import { differenceHeadline, renderDifference } from '../render/difference-terminal.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import { openInBrowser } from './browser.ts';
import { shown } from './cpu.ts';
import type { DiffOptions } from './cpu-diff.ts';
import { waitingCorrection } from './kernel-time-notes.ts';
import { parseChoice, terminalStyle } from './options.ts';
import { type ExitCode, print } from './outcome.ts';
import { shorten, temporaryPath } from './paths.ts';
import { withMerged } from './present-profile.ts';
import { type ProfileInput, readProfileInput } from './profile-input.ts';
import { HOLTER_VERSION } from './version.ts';

/** Compares, prints and writes what was asked for; 4 when a rise is over `--fail-on`. */
export async function runDiff(before: string, after: string, options: DiffOptions): Promise<ExitCode> {
  const limit = options.failOn === undefined ? undefined : parseChangeLimit(options.failOn);
  const wrong = options.out.find((file) => !/\.(html?|md|markdown|json)$/i.test(file));
  if (wrong !== undefined)
    throw new HolterError('E_USAGE', `a comparison cannot be written as ${wrong}`, {
      hint: '.html, .md or .json',
    });
  // Of a cluster all processes together: what one of them serves more, another serves less.
  const [a, b] = [withMerged(await readProfileInput(before)), withMerged(await readProfileInput(after))];
  const waiting = waitingCorrection(a.kernelTime, b.kernelTime);
  const difference = compareProfiles(a.profiles[0]!.tree, b.profiles[0]!.tree, {
    normalise: chooseNormalisation(a, b, options),
    ...(waiting === undefined ? {} : { runShare: waiting.runShare }),
    beforeName: shorten(before),
    afterName: shorten(after),
    ...(a.recordedAt === undefined ? {} : { beforeRecordedAt: a.recordedAt }),
    ...(b.recordedAt === undefined ? {} : { afterRecordedAt: b.recordedAt }),
  });
  const notes = [a, b].flatMap((input) => input.notes.map((note) => `${shorten(input.path)}: ${note}`));
  const threads = [a, b].find(({ profiles, manifest }) => manifest !== undefined && profiles.length > 1);
  if (threads !== undefined && threads.files !== undefined)
    notes.push('Only the main threads are compared; worker threads are in each profile by itself.');
  if (waiting?.note !== undefined && difference.normalisation !== 'total') notes.unshift(waiting.note);
  difference.notes.push(...notes);
  const html = () =>
    renderHtmlPage(
      buildDifferencePage({
        verb: 'cpu diff',
        name: shorten(before),
        detail: `→ ${shorten(after)}`,
        holter: HOLTER_VERSION,
        recording: shorten(after),
        recordingBytes: a.bytes + b.bytes,
        cwd: b.cwd,
        difference,
        headline: differenceHeadline(difference, b.cwd),
        details: loadDetails(a, b),
        warnings: difference.notes,
        book: b.book,
        ...(b.sourcesNote === undefined ? {} : { sourcesNote: b.sourcesNote }),
        next: [{ command: `holter cpu ${shorten(after)}`, note: 'the later profile by itself' }],
      }),
    );
  const details = loadDetails(a, b);
  const failOn = limit === undefined ? {} : { failOn: limit };
  let page: string | undefined;
  for (const file of options.out) {
    if (/\.html?$/i.test(file)) {
      page = file;
      await writePageFile(file, html());
    } else
      await writePageFile(
        file,
        /\.json$/i.test(file)
          ? renderDifferenceJson(difference, failOn)
          : renderDifferenceMarkdown(difference, { cwd: b.cwd, details, ...failOn }),
      );
  }
  if (page === undefined && (options.out.length === 0 || options.open)) {
    page = temporaryPath('difference', '.html');
    await makeFolder(dirname(page));
    await writePageFile(page, html());
  }
  const { json, open, noColor } = shown(options);
  if (json) await print(renderDifferenceJson(difference, failOn));
  else
    await print(
      renderDifference(
        difference,
        { cwd: b.cwd, details, ...failOn, ...(page === undefined ? {} : { page: shorten(page) }) },
        terminalStyle(noColor),
      ),
    );
  if (open && page !== undefined) openInBrowser(page);
  return limit !== undefined && exceedsLimit(difference, limit) ? 4 : 0;
}

function chooseNormalisation(a: ProfileInput, b: ProfileInput, options: DiffOptions): Normalisation {
  const given = options.requests === undefined ? undefined : /^(\d+):(\d+)$/.exec(options.requests);
  if (given === null || given?.slice(1).some((count) => Number(count) === 0))
    throw new HolterError('E_USAGE', `--requests ${JSON.stringify(options.requests)} is not BEFORE:AFTER`, {
      hint: '--requests 9120:11840',
    });
  const before = given === undefined ? a.load?.requests.ok : Number(given[1]);
  const after = given === undefined ? b.load?.requests.ok : Number(given[2]);
  const known = before !== undefined && after !== undefined && before > 0 && after > 0;
  const by =
    options.by === undefined
      ? known
        ? 'requests'
        : 'total'
      : parseChoice(options.by, '--by', ['total', 'requests', 'nothing'] as const);
  if (by !== 'requests') return { by };
  if (!known)
    throw new HolterError('E_USAGE', 'how many requests each profile stands for is not known', {
      hint: 'make them with holter flame --load, or say it: --requests 9120:11840',
    });
  return { by, before, after };
}

/** Throughput and p99 of both, where both were recorded under a load. */
function loadDetails(a: ProfileInput, b: ProfileInput): string[] {
  if (a.load === undefined || b.load === undefined) return [];
  const change = (before: number, after: number) =>
    before > 0
      ? ` (${after >= before ? '+' : '−'}${Math.abs((100 * (after - before)) / before).toFixed(0)} %)`
      : '';
  const [slow, fast] = [a.load, b.load];
  const [rpsA, rpsB] = [slow.throughput.requestsPerSecond, fast.throughput.requestsPerSecond];
  return [
    `Throughput ${rpsA.toFixed(rpsA < 100 ? 1 : 0)} → ${rpsB.toFixed(rpsB < 100 ? 1 : 0)} requests a second${change(rpsA, rpsB)}.`,
    `Latency p50 ${slow.latency.p50.toFixed(0)} → ${fast.latency.p50.toFixed(0)} ms${change(slow.latency.p50, fast.latency.p50)}, p99 ${slow.latency.p99.toFixed(0)} → ${fast.latency.p99.toFixed(0)} ms${change(slow.latency.p99, fast.latency.p99)}.`,
  ];
}

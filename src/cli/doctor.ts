import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import type { Evidence } from '../doctor/evidence.ts';
import { judge } from '../doctor/judge.ts';
import { readEvidence } from '../doctor/read-evidence.ts';
import type { DoctorReport, Severity } from '../doctor/report.ts';
import { openRecording, type Recording } from '../recording/read-recording.ts';
import { createRecording, type RecordingWriter } from '../recording/write-recording.ts';
import { buildPageData } from '../render/build-page-data.ts';
import { renderDoctorJson } from '../render/doctor-json.ts';
import { renderDoctor } from '../render/doctor-terminal.ts';
import { renderHtmlPage } from '../render/html-page.ts';
import { resolveTarget } from '../target/resolve.ts';
import { type StartedTarget, startTarget } from '../target/start.ts';
import { readTargetInfo } from '../target/target-info.ts';
import { type VisitTarget, visit } from '../visit/visit.ts';
import { openInBrowser } from './browser.ts';
import { agreeToNeed } from './heap-consent.ts';
import { parseChoice, parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { shorten, temporaryPath } from './paths.ts';
import { startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

interface DoctorOptions {
  duration: string;
  interval: string;
  out?: string;
  json?: boolean;
  open?: boolean;
  heap?: boolean;
  force?: boolean;
  yes?: boolean;
  failOn?: string;
  color: boolean;
}

const SEVERITIES: readonly Severity[] = ['note', 'warning', 'critical'];
const PAGE = 'doctor.html';

export function registerDoctor(
  program: Command,
  rest: readonly string[],
  setExit: (code: ExitCode) => void,
): void {
  program
    .command('doctor')
    .summary('say what is wrong with a process, and in which line')
    .description(
      'Watches a running Node.js process for a while and says what is wrong, in which line, with the evidence.',
    )
    .argument(
      '[target]',
      'pid, name, :port, inspector host:port or ws:// URL, recording folder; or -- node app.js …',
    )
    .option('-d, --duration <time>', 'how long to watch, 1s to 1h; a stuck process is told after 3 s', '10s')
    .option('--interval <time>', 'time between CPU samples, 100us to 100ms', '1ms')
    .option(
      '-o, --out <folder>',
      'keep the recording here (default: a new folder in the temporary directory)',
    )
    .option('--json', 'print one JSON document, schema holter.doctor/1')
    .option('--open', 'open the page in the browser')
    .option(
      '--heap',
      'when the heap grows, two heap snapshots after the window: names the class that piles up and its holder (asks, or --yes)',
    )
    .option(
      '--force',
      'where a signal is unsafe, wake the inspector through process memory (needs ptrace rights)',
    )
    .option('-y, --yes', 'agree to pauses over half a second (reading the allocations of a heap over 512 MB)')
    .option('--fail-on <severity>', 'exit 4 when a finding is at or above: note, warning, critical')
    .option('--no-color', 'no colour')
    .addHelpText(
      'after',
      `
What it does to the target: opens its inspector on 127.0.0.1 for about 100 ms, then works through a worker thread
and a private socket; profiles the CPU; leaves nothing behind and checks that. All acts are listed in the result.

Examples:
  holter doctor 4711
  holter doctor :3000 -d 30s -o ./evidence
  holter doctor api --json --fail-on warning
  holter doctor api --heap --yes
  holter doctor ./evidence
  holter doctor -- node server.js`,
    )
    .action(async (target: string | undefined, options: DoctorOptions) =>
      setExit(await runDoctor(target, rest, options)),
    );
}

async function runDoctor(
  target: string | undefined,
  command: readonly string[],
  options: DoctorOptions,
): Promise<ExitCode> {
  const seconds = parseDuration(options.duration, '--duration', { min: 1, max: 3600 });
  const intervalUs = parseDuration(options.interval, '--interval', { min: 1e-4, max: 0.1 }) * 1e6;
  const failOn =
    options.failOn === undefined ? undefined : parseChoice(options.failOn, '--fail-on', SEVERITIES);
  if ((target === undefined) === (command.length === 0))
    throw new HolterError(
      'E_USAGE',
      target === undefined ? 'no target given' : 'give a target or a command, not both',
      {
        hint: 'holter doctor <pid | name | :port>, or holter ps to see what runs',
      },
    );

  let recording: Recording;
  let freshWriter: RecordingWriter | undefined;
  if (target !== undefined && (await isFolder(target))) recording = await openRecording(target);
  else {
    freshWriter = await capture(target, command, {
      seconds,
      intervalUs,
      force: options.force === true,
      consent: options.yes === true,
      heap: options.heap === true,
      out: options.out,
    });
    recording = await openRecording(freshWriter.folder);
  }

  const { evidence, problems } = await readEvidence(recording);
  const report = judge(evidence);
  report.gaps.push(...problems);
  const pagePath = await writePage(recording, freshWriter, evidence, report);

  if (options.json) await print(renderDoctorJson(report));
  else
    await print(
      renderDoctor(report, {
        ...terminalStyle(!options.color),
        vitals: evidence.vitals,
        ...(pagePath === undefined ? {} : { recording: shorten(pagePath) }),
      }),
    );
  if (options.open && pagePath !== undefined) openInBrowser(pagePath);
  return failOn !== undefined && worst(report) >= SEVERITIES.indexOf(failOn) ? 4 : 0;
}

async function capture(
  target: string | undefined,
  command: readonly string[],
  options: {
    seconds: number;
    intervalUs: number;
    force: boolean;
    consent: boolean;
    heap: boolean;
    out: string | undefined;
  },
): Promise<RecordingWriter> {
  const signal = abortOnSignals();
  let started: StartedTarget | undefined;
  const progress = startProgress(`holter doctor ${target ?? command.join(' ')}`, options.seconds);
  try {
    let visited: VisitTarget;
    if (target === undefined) {
      progress.step('starting');
      started = await startTarget(command, signal);
      visited = { kind: 'process', pid: started.pid, info: readTargetInfo(started.pid) };
    } else visited = await resolveTarget(target);
    const label =
      visited.kind === 'process' ? `${visited.info.name}-${visited.pid}` : new URL(visited.url).host;
    const writer = await createRecording(options.out ?? temporaryPath(label, ''));
    await visit(visited, {
      seconds: options.seconds,
      intervalUs: options.intervalUs,
      force: options.force,
      consent: options.consent,
      writer,
      holter: HOLTER_VERSION,
      signal,
      onStep: (what) => progress.step(what),
      ...(options.heap
        ? {
            heap: {
              agree: (need) =>
                agreeToNeed(need, {
                  yes: options.consent,
                  counts: 2,
                  signal,
                  progress,
                  histogram: `holter heap histogram ${visited.kind === 'process' ? visited.pid : target}`,
                }),
            },
          }
        : {}),
    });
    return writer;
  } finally {
    progress.end();
    await started?.stop();
  }
}

/** The page lies in the recording. A recording on a read-only disk is shown without one. */
async function writePage(
  recording: Recording,
  fresh: RecordingWriter | undefined,
  evidence: Evidence,
  report: DoctorReport,
): Promise<string | undefined> {
  const path = join(recording.folder, PAGE);
  if (fresh === undefined)
    return (await stat(path).then(
      () => true,
      () => false,
    ))
      ? path
      : undefined;
  const name = recording.folder.split('/').at(-1) ?? recording.folder;
  const data = buildPageData(evidence, report, { name, bytes: fresh.bytes, holter: HOLTER_VERSION });
  await fresh.addPage(PAGE, renderHtmlPage(data));
  return path;
}

function worst({ findings }: DoctorReport): number {
  return Math.max(-1, ...findings.map(({ severity }) => SEVERITIES.indexOf(severity)));
}

/** A bare word is a name before it is a folder, unless the folder is a recording. */
async function isFolder(target: string): Promise<boolean> {
  if (/^\d+$|^:/.test(target)) return false;
  if (
    !(await stat(target).then(
      (entry) => entry.isDirectory(),
      () => false,
    ))
  )
    return false;
  return (
    target.includes('/') ||
    (await stat(join(target, 'recording.json')).then(
      () => true,
      () => false,
    ))
  );
}

import { existsSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { HolterError } from '../base/errors.ts';
import { formatDuration, formatNumber } from '../base/quantity.ts';
import type { Evidence } from '../doctor/evidence.ts';
import { judge } from '../doctor/judge.ts';
import { readEvidence } from '../doctor/read-evidence.ts';
import type { DoctorReport, Finding, Severity } from '../doctor/report.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { EvidenceFile } from '../recording/manifest.ts';
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
import {
  addLoadOptions,
  findFamily,
  type LoadOptions,
  type LoadWish,
  needsPort,
  putLoad,
  readLoadWish,
  warmUp,
} from './app-load.ts';
import { openInBrowser } from './browser.ts';
import { captureBox, isBlackBox } from './doctor-box.ts';
import { captureCore, isCoreFile } from './doctor-core.ts';
import { agreeToNeed } from './heap-consent.ts';
import { parseChoice, parseDuration, terminalStyle } from './options.ts';
import { abortOnSignals, type ExitCode, print } from './outcome.ts';
import { shorten, temporaryPath } from './paths.ts';
import { type Progress, startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

interface DoctorOptions extends LoadOptions {
  duration: string;
  interval: string;
  out?: string;
  json?: boolean;
  junit?: string;
  sarif?: string;
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
  const doctor = program
    .command('doctor')
    .summary('say what is wrong with a process, and in which line')
    .description(
      'Watches a running Node.js process for a while and says what is wrong, in which line, with the evidence.',
    )
    .argument(
      '[target]',
      'pid, name, :port, inspector host:port or ws:// URL, recording folder, black box, core file; or -- node app.js …',
    )
    .option('-d, --duration <time>', 'how long to watch, 1s to 1h; a stuck process is told after 3 s', '10s')
    .option('--interval <time>', 'time between CPU samples, 100us to 100ms', '1ms')
    .option(
      '-o, --out <folder>',
      'keep the recording here (default: a new folder in the temporary directory)',
    )
    .option('--json', 'print one JSON document, schema holter.doctor/1')
    .option('--junit <file>', 'write JUnit XML too: a test case for each kind of finding')
    .option(
      '--sarif <file>',
      'write SARIF 2.1.0 too, for code scanning; paths count from the root of the repository',
    )
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
    .option('--no-color', 'no colour');
  addLoadOptions(doctor)
    .option('--warmup <time>', 'load before it is watched, 0s to 10m', '1s')
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
  holter doctor core.4711
  holter doctor -- node server.js
  holter doctor --load /checkout --fail-on warning --junit doctor.xml -- node server.js`,
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

  const wish = readLoadWish(options);

  let recording: Recording;
  let freshWriter: RecordingWriter | undefined;
  let loadProblem: HolterError | undefined;
  if (target !== undefined && (await isFolder(target))) {
    if (wish.load !== undefined)
      throw new HolterError('E_USAGE', 'no load can be put on a recording', {
        hint: 'holter doctor --load /path -- node app.js',
      });
    if (isBlackBox(target)) {
      freshWriter = await captureBox(target, options.out);
      recording = await openRecording(freshWriter.folder);
    } else recording = await openRecording(target);
  } else if (target !== undefined && (await isCoreFile(target))) {
    if (wish.load !== undefined)
      throw new HolterError('E_USAGE', 'no load can be put on a core', {
        hint: 'holter doctor --load /path -- node app.js',
      });
    freshWriter = await captureCore(target, options.out);
    recording = await openRecording(freshWriter.folder);
  } else {
    ({ writer: freshWriter, loadProblem } = await capture(target, command, {
      seconds,
      intervalUs,
      force: options.force === true,
      consent: options.yes === true,
      heap: options.heap === true,
      out: options.out,
      wish,
    }));
    recording = await openRecording(freshWriter.folder);
  }

  const { evidence, problems } = await readEvidence(recording);
  const report = judge(evidence);
  report.gaps.push(...problems);
  // A stuck server answers nothing, and that is told. But healthy without a single answer would be no result at all.
  if (loadProblem !== undefined) {
    if (!report.findings.some(explainsSilence)) throw loadProblem;
    report.gaps.push(`the load got no answer: ${loadProblem.message}`);
  }
  const pagePath = await writePage(recording, freshWriter, evidence, report);

  await writeForCi(report, options, failOn);
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
    wish: LoadWish;
  },
): Promise<{ writer: RecordingWriter; loadProblem: HolterError | undefined }> {
  const interrupted = abortOnSignals();
  // A load that cannot be put on ends the visit, too.
  const hopeless = new AbortController();
  const signal = AbortSignal.any([interrupted, hopeless.signal]);
  let started: StartedTarget | undefined;
  const progress = startProgress(`holter doctor ${target ?? command.join(' ')}`, options.seconds);
  try {
    let visited: VisitTarget;
    if (target === undefined) {
      progress.step('starting');
      started = await startTarget(command, signal);
      visited = { kind: 'process', pid: started.pid, info: readTargetInfo(started.pid) };
    } else visited = await resolveTarget(target);
    const load = await startLoad(visited, options.wish, { signal, hopeless, progress });
    visited = load?.target ?? visited;
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
      ...(load === undefined ? {} : { extraFiles: load.end }),
    });
    if (load?.problem() !== undefined && hopeless.signal.aborted) throw load.problem();
    return { writer, loadProblem: load?.problem() };
  } finally {
    hopeless.abort();
    progress.end();
    await started?.stop();
  }
}

interface RunningLoad {
  /** The process that listens. */
  target: VisitTarget;
  /** Ends the load; what it measured, for the recording. */
  end: () => Promise<{ file: EvidenceFile; content: string }[]>;
  /** Why it measured nothing. */
  problem: () => HolterError | undefined;
}

/**
 * Warms up and begins the load that is wished for; it goes on until `end`. A load that fails without a single answer is
 * kept as `problem`: the doctor may know why. Any other error aborts `hopeless`.
 * @throws HolterError of findFamily and warmUp
 */
async function startLoad(
  found: VisitTarget,
  wish: LoadWish,
  context: { signal: AbortSignal; hopeless: AbortController; progress: Progress },
): Promise<RunningLoad | undefined> {
  if (wish.load === undefined) return undefined;
  const { signal, hopeless, progress } = context;
  progress.step('waiting for a listening port');
  const family = await findFamily(found, needsPort(wish.load), signal);
  let { target } = family;
  const worker = family.isCluster ? family.others[0] : undefined;
  if (worker !== undefined) {
    target = { kind: 'process', pid: worker, info: readTargetInfo(worker) };
    process.stderr.write(`holter: a cluster: worker ${worker} is watched, the others serve beside it\n`);
  }
  progress.step('warming up');
  await warmUp(wish, family, signal);
  const enough = new AbortController();
  let problem: HolterError | undefined;
  const running = putLoad(wish, family, { signal: AbortSignal.any([signal, enough.signal]) }).catch(
    (error: unknown) => {
      if (!(error instanceof HolterError)) throw error;
      // Ended by us with the window: it had all that time for an answer.
      const isUnanswered = error.code === 'E_INTERRUPTED' && enough.signal.aborted;
      problem = isUnanswered
        ? new HolterError('E_LOAD_FAILED', 'not one request was answered while it was watched', {
            cause: error,
          })
        : error;
      if (problem.code !== 'E_LOAD_FAILED') hopeless.abort();
      return {};
    },
  );
  running.catch(() => {});
  return {
    target,
    problem: () => problem,
    async end() {
      enough.abort();
      const { result } = (await running) as { result?: LoadResult };
      if (result === undefined) return [];
      const { throughput, latency, requests } = result;
      process.stderr.write(
        `holter: load ${formatNumber(throughput.requestsPerSecond)} requests/s, p99 ${formatDuration(latency.p99)}, ` +
          `${requests.non2xx + requests.errors + requests.timeouts} of ${requests.total} failed\n`,
      );
      return [{ file: { name: 'load.json', kind: 'load' }, content: JSON.stringify(result) }];
    },
  };
}

/** Files for continuous integration. @throws HolterError E_WRITE */
async function writeForCi(
  report: DoctorReport,
  { junit, sarif }: DoctorOptions,
  failOn: Severity | undefined,
): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    } catch (cause) {
      throw new HolterError('E_WRITE', `cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
  };
  if (junit !== undefined) {
    const { renderDoctorJunit } = await import('../render/doctor-junit.ts');
    await write(junit, renderDoctorJunit(report, { failOn: failOn ?? 'warning' }));
  }
  if (sarif !== undefined) {
    const { renderDoctorSarif } = await import('../render/doctor-sarif.ts');
    await write(
      sarif,
      renderDoctorSarif(report, { root: repositoryRoot(process.cwd()), version: HOLTER_VERSION }),
    );
  }
}

/** The nearest folder upwards that a version control system knows; else `folder` itself. */
function repositoryRoot(folder: string): string {
  for (let each = folder; ; each = dirname(each)) {
    if (['.git', '.hg', '.jj'].some((name) => existsSync(join(each, name)))) return each;
    if (dirname(each) === each) return folder;
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

/** True for findings that may be why a load gets not one answer; a wrong port is none of them. */
function explainsSilence({ kind, problem, severity, alsoExplains = [] }: Finding): boolean {
  const explained = [problem, ...alsoExplains];
  return (
    severity !== 'note' &&
    kind !== 'cpu-starved' &&
    (explained.includes('cpu-stuck') || explained.includes('gateway-timeout'))
  );
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

import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { EvidenceFile } from '../recording/manifest.ts';
import { createRecording } from '../recording/write-recording.ts';
import { listNodeDescendants } from '../target/descendants.ts';
import { resolveTarget } from '../target/resolve.ts';
import { type StartedTarget, startTarget } from '../target/start.ts';
import { readTargetInfo } from '../target/target-info.ts';
import { type ProfileVisitOptions, profileVisit } from '../visit/profile-visit.ts';
import type { VisitTarget } from '../visit/visit.ts';
import { abortOnSignals } from './outcome.ts';
import { temporaryPath } from './paths.ts';
import { type Progress, startProgress } from './progress.ts';
import { HOLTER_VERSION } from './version.ts';

export interface CaptureOptions {
  /** `holter cpu`, for the progress line. */
  verb: string;
  target: string | undefined;
  /** Command to start instead, `-- node app.js`. */
  command: readonly string[];
  seconds: number;
  intervalUs: number;
  workers: boolean;
  children: boolean;
  force: boolean;
  consent: boolean;
  /** Folder of the recording; default: a new one in the temporary directory. */
  folder: string | undefined;
  allocations?: ProfileVisitOptions['allocations'];
  /** What runs while it is profiled, in place of waiting `seconds`. Told the process and a progress line. */
  prepare?: (context: {
    target: VisitTarget;
    started: StartedTarget | undefined;
    signal: AbortSignal;
    progress: Progress;
  }) => Promise<{
    target: VisitTarget;
    children: readonly number[];
    during: (signal: AbortSignal) => Promise<unknown>;
    extraFiles?: () => { file: EvidenceFile; content: string }[];
  }>;
}

/**
 * Finds or starts the target, profiles it, leaves it (or ends what was started), and returns the folder of the recording.
 * Ctrl-C ends the recording early; what was recorded by then is kept.
 * @throws HolterError of target/resolve, target/start, visit/profile-visit
 */
export async function captureProfile(options: CaptureOptions): Promise<string> {
  const { target, command, seconds } = options;
  if ((target === undefined) === (command.length === 0))
    throw new HolterError(
      'E_USAGE',
      target === undefined ? 'no target given' : 'give a target or a command, not both',
      { hint: `${options.verb} <pid | name | :port | file>, or holter ps to see what runs` },
    );
  const signal = abortOnSignals();
  let started: StartedTarget | undefined;
  const progress = startProgress(`${options.verb} ${target ?? command.join(' ')}`, seconds);
  try {
    let visited: VisitTarget;
    if (target === undefined) {
      progress.step('starting');
      started = await startTarget(command, signal);
      visited = { kind: 'process', pid: started.pid, info: readTargetInfo(started.pid) };
    } else visited = await resolveTarget(target);
    const prepared = await options.prepare?.({ target: visited, started, signal, progress });
    visited = prepared?.target ?? visited;
    const label =
      visited.kind === 'process' ? `${visited.info.name}-${visited.pid}` : new URL(visited.url).host;
    const writer = await createRecording(options.folder ?? temporaryPath(label, ''));
    const children =
      prepared?.children ??
      (options.children && visited.kind === 'process' ? listNodeDescendants(visited.pid) : []);
    if (options.children && children.length === 0)
      process.stderr.write('holter: the target has no Node processes below it; only itself is profiled\n');
    await profileVisit(visited, {
      during:
        prepared?.during ??
        (async (end) => {
          await sleep(seconds * 1000, undefined, { signal: end }).catch(() => {});
        }),
      requestedSeconds: seconds,
      intervalUs: options.intervalUs,
      workers: options.workers,
      children,
      ...(options.allocations === undefined ? {} : { allocations: options.allocations }),
      force: options.force,
      consent: options.consent,
      writer,
      holter: HOLTER_VERSION,
      signal,
      onStep: (what) => progress.step(what),
      ...(prepared?.extraFiles === undefined ? {} : { extraFiles: prepared.extraFiles }),
    });
    return writer.folder;
  } finally {
    progress.end();
    await started?.stop();
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { AsyncLog } from '../async/async-log.ts';
import { recordAsync } from '../async/record-async.ts';
import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { Seconds } from '../base/units.ts';
import type { Action, RecordingManifest } from '../recording/manifest.ts';
import type { RecordingWriter } from '../recording/write-recording.ts';
import { type Attachment, attach, attachToUrl } from '../target/attach.ts';
import { framesOf } from './async-part.ts';
import { startClock } from './clock.ts';
import { gatherSources } from './gather-sources.ts';
import { inspectorTargetInfo, type VisitTarget } from './visit.ts';

export interface AsyncVisitOptions {
  seconds: Seconds;
  /** Creating stacks per second, 0 none; undefined: the recorder's default. */
  stacks?: number | undefined;
  force: boolean;
  writer: RecordingWriter;
  /** Version of holter, for the manifest. */
  holter: string;
  /** Ctrl-C: stop early, leave cleanly, keep what was recorded. */
  signal: AbortSignal;
  onStep?: (what: string) => void;
}

/**
 * One visit that records asynchronous operations of the main thread: attaches, puts the recorder in, waits, takes it out,
 * leaves the target as it was, and writes the recording (`async.json`, `sources.json`).
 * @throws HolterError of target/attach, E_TARGET_EXITED when it ended before anything was recorded, E_WRITE
 */
export async function asyncVisit(
  target: VisitTarget,
  options: AsyncVisitOptions,
): Promise<RecordingManifest> {
  const { writer, signal, onStep } = options;
  const clock = startClock();
  const actions: Action[] = [];
  const act = (what: string, effect: string): void =>
    void actions.push({ what, at: new Date().toISOString(), pauseMs: 0, effect });
  onStep?.('attaching');
  const attachment: Attachment =
    target.kind === 'process'
      ? await attach(target.pid, { force: options.force, signal, watch: false })
      : await attachToUrl(target.url, { watch: false });
  const { session, facts } = attachment;
  let log: AsyncLog | undefined;
  let failure: unknown;
  let left: RecordingManifest['left'] = { verified: false, leftBehind: [] };
  let exitedAtMs: number | undefined;
  try {
    const recording = await recordAsync(session, {
      startMs: clock.startMs,
      node: facts.node,
      ...(options.stacks === undefined ? {} : { stacks: options.stacks }),
      onFlush: ({ requests, operations }) =>
        onStep?.(`${requests} requests, ${operations} operations written down`),
    });
    act(
      'recorder put in: async_hooks, diagnostics_channel, net.Socket writes',
      'until leaving; V8 keeps promises a little slower until the process ends',
    );
    onStep?.('recording');
    await Promise.race([
      sleep(options.seconds * 1000, undefined, { signal }).catch(() => {}),
      session.closed,
    ]);
    if (!session.isOpen) exitedAtMs = clock.now();
    log = await recording.stop();
    act('recorder taken out', recording.clean ? 'nothing of it left' : 'see the notes');
  } catch (error) {
    failure = error;
  } finally {
    onStep?.('leaving');
    left = await attachment.leave().catch(() => left);
  }
  if (log === undefined) {
    if (failure instanceof HolterError && failure.code !== 'E_CONNECTION_LOST') throw failure;
    if (failure !== undefined && !(failure instanceof HolterError)) throw failure;
    throw new HolterError('E_TARGET_EXITED', 'the target ended before anything was recorded', {
      cause: failure,
    });
  }

  onStep?.('writing');
  await writer.add(
    { name: 'async.json', kind: 'async', fromMs: log.fromMs, toMs: log.toMs },
    JSON.stringify(log),
  );
  const sources = await gatherSources(
    { blockStacks: [{ at: 0, lateMs: 0, asyncId: 0, frames: framesOf(log) }] },
    target.kind === 'process' ? target.pid : undefined,
    [facts.cwd].filter((folder) => folder !== ''),
  );
  await writer.add({ name: 'sources.json', kind: 'sources' }, JSON.stringify(sources));
  const info: TargetInfo = target.kind === 'process' ? target.info : inspectorTargetInfo(target.url, facts);
  const manifest: RecordingManifest = {
    schema: 'holter.recording/1',
    holter: options.holter,
    target: { ...info, v8: facts.v8, node: facts.node, heapLimitBytes: facts.heapLimitBytes },
    window: {
      startedAt: clock.startedAt,
      startedMonotonicUs: clock.startMs * 1000,
      seconds: log.toMs / 1000,
      requestedSeconds: options.seconds,
      end:
        exitedAtMs !== undefined
          ? { kind: 'target-exited', atMs: exitedAtMs, how: '' }
          : signal.aborted
            ? { kind: 'interrupted' }
            : { kind: 'complete' },
    },
    access: 'inspector',
    files: [...writer.files],
    actions: [...attachment.acts, ...actions].sort((a, b) => a.at.localeCompare(b.at)),
    inspectorOpenMs: attachment.inspectorOpenMs,
    left,
  };
  await writer.finish(manifest);
  return manifest;
}

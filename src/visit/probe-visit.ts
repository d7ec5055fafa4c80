import { setTimeout as sleep } from 'node:timers/promises';
import { HolterError } from '../base/errors.ts';
import type { Seconds } from '../base/units.ts';
import type { CompiledProgram } from '../probe/d-compile.ts';
import type { AggregationSnapshot } from '../probe/engine-output.ts';
import type { ProbeDrain } from '../probe/record-installer.ts';
import { type ProbeRecording, recordProbe } from '../probe/record-probe.ts';
import type { Action, RecordingManifest } from '../recording/manifest.ts';
import { type Attachment, attach, attachToUrl } from '../target/attach.ts';
import type { VisitTarget } from './visit.ts';

export interface ProbeVisitOptions {
  /** undefined: until Ctrl-C, `exit()`, or the end of the target. */
  seconds: Seconds | undefined;
  force: boolean;
  /** Share of one core. */
  budget: number;
  signal: AbortSignal;
  onStep?: (what: string) => void;
  /** The probes are in. */
  onReady?: (ready: { probes: string[]; missing: string[]; waiting: number }) => void;
  onDrain: (drain: ProbeDrain) => void | Promise<void>;
}

export interface ProbeVisitResult {
  aggregations: AggregationSnapshot[];
  /** The target ended before the probes could be taken out. */
  targetEnded: boolean;
  probes: number;
  actions: Action[];
  left: RecordingManifest['left'];
}

/**
 * One visit with a D program: attaches, puts the probes in, hands on what they write, takes them out, leaves.
 * @throws HolterError of target/attach, E_TARGET_EXITED when it ended before the probes were in
 */
export async function probeVisit(
  target: VisitTarget,
  program: CompiledProgram,
  options: ProbeVisitOptions,
): Promise<ProbeVisitResult> {
  const { signal, onStep } = options;
  const actions: Action[] = [];
  const act = (what: string, effect: string): void =>
    void actions.push({ what, at: new Date().toISOString(), pauseMs: 0, effect });
  onStep?.('attaching');
  const attachment: Attachment =
    target.kind === 'process'
      ? await attach(target.pid, { force: options.force, signal, watch: false })
      : await attachToUrl(target.url, { watch: false });
  const { session } = attachment;
  let recording: ProbeRecording | undefined;
  let result: Awaited<ReturnType<ProbeRecording['stop']>>;
  let left: RecordingManifest['left'] = { verified: false, leftBehind: [] };
  try {
    onStep?.('putting probes in');
    recording = await recordProbe(session, program, {
      budget: options.budget,
      pid: attachment.facts.pid,
      node: attachment.facts.node,
      onDrain: options.onDrain,
    });
    act('probes put in', 'until leaving');
    options.onReady?.(recording);
    onStep?.('probing');
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    await Promise.race([
      recording.ended,
      session.closed,
      // A timer that is not ended would keep holter up after `exit()`.
      sleep(options.seconds === undefined ? 2 ** 31 - 1 : options.seconds * 1000, undefined, {
        signal: until,
      }).catch(() => {}),
    ]);
    over.abort();
    result = await recording.stop();
    if (result !== undefined) await options.onDrain(result.last);
    act(
      `${result?.last.probes ?? recording.probes.length} probes taken out`,
      recording.clean ? 'nothing of them left' : 'see the notes',
    );
  } catch (error) {
    if (error instanceof HolterError && error.code === 'E_CONNECTION_LOST')
      throw new HolterError('E_TARGET_EXITED', 'the target ended before the probes were in', {
        cause: error,
      });
    throw error;
  } finally {
    onStep?.('leaving');
    left = await attachment.leave().catch(() => left);
  }
  return {
    aggregations: result?.aggregations ?? [],
    targetEnded: result === undefined,
    probes: recording.probes.length,
    actions: [...attachment.acts, ...actions].sort((a, b) => a.at.localeCompare(b.at)),
    left,
  };
}

import { existsSync } from 'node:fs';
import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import { readMachineMemory } from '../linux/machine.ts';
import { estimateNeed } from '../visit/heap-need.ts';
import { memoryRefusal } from './action-command.ts';
import type { Hit, Reading } from './conditions.ts';
import { keepQuota } from './disk-quota.ts';
import type { Emit } from './event.ts';
import {
  beginRecording,
  type EventFile,
  type EventRecording,
  eventFolder,
  finishRecording,
} from './event-recording.ts';
import { perform } from './perform.ts';
import { type Action, HEAVY, type Rule, type WatchConfig } from './rules.ts';

/** One event whose actions are to be done. */
export interface Capture {
  rule: Rule;
  hit: Hit;
  /** A pid, or the path of a core; '' when the process has ended. */
  subject: string;
  target: TargetInfo;
  /** Oldest first. */
  readings: readonly Reading[];
  ended: boolean;
  pausesMs: readonly number[];
}

export interface CaptureOptions {
  config: WatchConfig;
  out: string;
  holter: readonly string[];
  version: string;
  signal: AbortSignal;
  emit: Emit;
}

/** Heavy actions that wait for their turn; more are skipped. */
const MOST_WAITING = 8;

/** Does the actions of events: light ones at once, heavy ones one after the other over all processes. */
export class Captures {
  readonly #options: CaptureOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #busy = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** Captures that have begun and are not done. */
  get active(): number {
    return this.#running.size;
  }

  begin(capture: Capture): void {
    const run = this.#run(capture)
      .catch((error: unknown) => {
        if (!(error instanceof HolterError)) throw error;
        const { rule, target } = capture;
        this.#options.emit({
          event: 'capture-failed',
          rule: rule.name,
          target: { pid: target.pid, name: target.name },
          text: error.message,
        });
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Waits for all that was begun. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Waits until no heavy work is under way, does `work`, and lets the next one in. undefined: too many wait already. */
  async takeTurn<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#waiting >= MOST_WAITING) return undefined;
    this.#waiting++;
    const before = this.#turn;
    let done: () => void = () => {};
    this.#turn = new Promise<void>((resolve) => {
      done = resolve;
    });
    try {
      await before;
      return await work();
    } finally {
      this.#waiting--;
      done();
    }
  }

  async #run(capture: Capture): Promise<void> {
    const { config, out, version, emit } = this.#options;
    const { rule, hit, target, readings } = capture;
    const removed = await keepQuota(out, config.limits.diskBytes, this.#busy);
    for (const { folder } of removed)
      emit({ event: 'removed', folder, text: 'removed for the disk quota, the oldest first' });
    const at = new Date();
    const folder = eventFolder(
      out,
      at,
      rule.name,
      target.name,
      target.pid,
      (path) => this.#busy.has(path) || existsSync(path),
    );
    this.#busy.add(folder);
    try {
      const file: EventFile = {
        schema: 'holter.watch-event/1',
        rule: rule.name,
        at: at.toISOString(),
        target: { pid: target.pid, name: target.name },
        hit,
        state: 'capturing',
        captures: [],
      };
      const recording = await beginRecording(folder, file, readings);
      // Light ones at once. Heavy ones of this event in their order, each when nothing else heavy runs.
      const light = rule.actions.filter(
        (action) => !HEAVY.has(action.do) && action.do !== 'webhook' && action.do !== 'run',
      );
      const late = rule.actions.filter((action) => action.do === 'webhook' || action.do === 'run');
      await Promise.all(light.map((action) => this.#perform(action, capture, recording)));
      for (const action of rule.actions.filter((one) => HEAVY.has(one.do)))
        await this.#heavy(action, capture, recording);
      // They are told of what was captured.
      await Promise.all(late.map((action) => this.#perform(action, capture, recording)));
      await finishRecording(recording, {
        holter: version,
        target,
        readings,
        ended: capture.ended,
        pausesMs: capture.pausesMs,
      });
    } finally {
      this.#busy.delete(folder);
    }
  }

  async #heavy(action: Action, capture: Capture, recording: EventRecording): Promise<void> {
    const taken = await this.takeTurn(async () => {
      const refusal = this.#lacksMemory(action, capture);
      if (refusal === undefined) await this.#perform(action, capture, recording);
      else this.#skip(action, capture, recording, refusal);
      return true;
    });
    if (taken === undefined) this.#skip(action, capture, recording, 'too many captures wait already');
  }

  #lacksMemory(action: Action, { readings }: Capture): string | undefined {
    const { availableBytes } = readMachineMemory();
    const rss = readings.at(-1)?.rss ?? 0;
    return memoryRefusal(action, {
      availableBytes,
      leastBytes: this.#options.config.limits.freeMemoryBytes,
      fits: (what) =>
        estimateNeed(what, { usedHeapBytes: rss, nodeMajor: 0, machineAvailableBytes: availableBytes }).fits,
    });
  }

  #skip(action: Action, { rule, target }: Capture, { file }: EventRecording, why: string): void {
    file.captures.push({ action: action.do, ok: false, text: why });
    this.#options.emit({
      event: 'skipped',
      rule: rule.name,
      action: action.do,
      target: { pid: target.pid, name: target.name },
      text: why,
    });
  }

  async #perform(
    action: Action,
    { rule, target, subject }: Capture,
    { folder, file }: EventRecording,
  ): Promise<void> {
    const { holter, signal, emit } = this.#options;
    const { ok, text, findings } = await perform(action, { holter, subject, folder, event: file, signal });
    file.captures.push({ action: action.do, ok, text });
    emit({
      event: ok ? 'captured' : 'capture-failed',
      rule: rule.name,
      action: action.do,
      target: { pid: target.pid, name: target.name },
      folder,
      text,
      ...(findings === undefined ? {} : { findings }),
    });
  }
}

import type { Milliseconds } from '../base/units.ts';
import type { AsyncLog, AsyncLogOperations } from './async-log.ts';
import { readErrorStack } from './error-stack.ts';
import { type Flush, type FlushCounts, type FlushPeer, type RecorderHandle, ROW } from './recorder-state.ts';

/** Operations kept of one recording: 12 000 a second for a minute and a half, about 400 MB in all. */
const OPERATION_LIMIT = 1_000_000;

/** Puts the flushes of a recorder together into one log. */
export class AsyncLogBuilder {
  /** The target's clock minus the window's time. */
  readonly #offsetMs: Milliseconds;
  readonly #node: string;
  readonly #columns: AsyncLogOperations = {
    id: [],
    trigger: [],
    request: [],
    type: [],
    startedAt: [],
    endedAt: [],
    stack: [],
    subject: [],
    parent: [],
  };
  readonly #types: string[] = [];
  readonly #subjects: string[] = [];
  readonly #stacks: number[][] = [];
  readonly #frames: AsyncLog['frames'] = [];
  readonly #frameNumbers = new Map<string, number>();
  readonly #requests = new Map<number, AsyncLog['requests'][number]>();
  readonly #notes: string[] = [];
  #surveys: ReturnType<RecorderHandle['survey']>[] = [];
  readonly #thrown: AsyncLog['thrown'] = [];
  /** Stacks of errors: numbers of their frames, in the order of their numbers. */
  readonly #errorStacks = new Map<string, number>();
  #peers: FlushPeer[] = [];
  #counts: FlushCounts = {
    requests: 0,
    recorded: 0,
    rows: 0,
    dropped: 0,
    stacks: 0,
    errors: 0,
    ownMs: 0,
    onMs: 0,
  };
  readonly #fromMs: Milliseconds;
  #toMs: Milliseconds;
  #lost = 0;
  /** Rows without an end. */
  readonly #pending = new Set<number>();

  /** `clockMs`: the target's clock when the recorder began, which was `fromMs` of the window. */
  constructor({ clockMs, fromMs, node }: { clockMs: Milliseconds; fromMs: Milliseconds; node: string }) {
    this.#offsetMs = clockMs - fromMs;
    this.#node = node;
    this.#fromMs = fromMs;
    this.#toMs = fromMs;
  }

  /** Nothing was begun so far. */
  get isEmpty(): boolean {
    return this.#columns.id.length === 0 && this.#counts.requests === 0;
  }

  note(text: string): void {
    if (this.#notes.length < 50) this.#notes.push(text);
  }

  survey(survey: ReturnType<RecorderHandle['survey']> | undefined): void {
    if (survey !== undefined) this.#surveys.push(survey);
  }

  add(flush: Flush): void {
    const at = (time: number): Milliseconds => time - this.#offsetMs;
    this.#toMs = at(flush.time);
    const columns = this.#columns;
    const rows = decode(flush.rows);
    for (let from = 0; from + ROW.length <= rows.length; from += ROW.length) {
      if (columns.id.length >= OPERATION_LIMIT) {
        this.#lost++;
        continue;
      }
      const value = (column: number): number => rows[from + column]!;
      const endedAt = value(ROW.endedAt);
      if (Number.isNaN(endedAt)) this.#pending.add(columns.id.length);
      columns.id.push(value(ROW.id));
      columns.trigger.push(value(ROW.trigger));
      columns.request.push(value(ROW.request));
      columns.type.push(value(ROW.type));
      columns.startedAt.push(at(value(ROW.startedAt)));
      columns.endedAt.push(endOf(endedAt, at));
      columns.stack.push(value(ROW.stack));
      columns.subject.push(value(ROW.subject));
      columns.parent.push(value(ROW.parent));
    }
    const ends = decode(flush.ends);
    // Rows are numbered from 1 and none is skipped, so a row's number is its place.
    for (let i = 0; i + 1 < ends.length; i += 2) {
      const place = ends[i]! - 1;
      if (place >= columns.id.length) continue;
      columns.endedAt[place] = endOf(ends[i + 1]!, at);
      this.#pending.delete(place);
    }
    this.#types.push(...flush.types);
    this.#subjects.push(...flush.subjects);
    for (const stack of flush.stacks) this.#stacks.push(stack.map((frame) => this.#frameNumber(frame)));
    for (const [number, time, method, path] of flush.requests)
      this.#requests.set(number, {
        number,
        method,
        path,
        route: '',
        startedAt: at(time),
        followedTo: null,
        endedAt: null,
        status: 0,
        runMs: null,
      });
    for (const [number, time, status, runMs, route] of flush.finished) {
      const request = this.#requests.get(number);
      if (request !== undefined) Object.assign(request, { endedAt: at(time), status, runMs, route });
    }
    for (const { time, cut } of flush.rests) this.#rest(at(time), cut);
    for (const [time, operation, isRejection, name, message, stack] of flush.thrown)
      this.#thrown.push({
        at: at(time),
        how: isRejection === 1 ? 'rejected' : 'uncaught',
        name,
        message,
        operation,
        stack: this.#errorStack(stack, message),
      });
    this.#peers = flush.peers;
    this.#counts = flush.counts;
    for (const text of flush.backoff) this.note(text);
  }

  /**
   * The recorder stopped listening: requests under way are known up to here, and their waits lasted at least so long. What
   * else was waiting may end unheard.
   */
  #rest(time: Milliseconds, cut: readonly number[]): void {
    const { startedAt, endedAt, request } = this.#columns;
    const known = new Set(cut);
    for (const number of cut) {
      const entry = this.#requests.get(number);
      if (entry !== undefined) entry.followedTo = time;
    }
    for (const row of this.#pending) {
      if (startedAt[row]! > time) continue;
      this.#pending.delete(row);
      endedAt[row] = known.has(request[row]!) ? time : -1;
    }
  }

  finish(): AsyncLog {
    const { requests, recorded, rows, dropped, stacks, errors, ownMs, onMs } = this.#counts;
    const spent = Math.max(1, this.#toMs - this.#fromMs);
    const [first, last] = [this.#surveys[0], this.#surveys.at(-1)];
    return {
      schema: 'holter.async-log/1',
      node: this.#node,
      fromMs: this.#fromMs,
      toMs: this.#toMs,
      operations: this.#columns,
      requests: [...this.#requests.values()],
      types: this.#types,
      subjects: this.#subjects,
      stacks: [
        ...this.#stacks,
        ...[...this.#errorStacks.keys()].map((frames) => frames.split(',').map(Number)),
      ],
      frames: this.#frames,
      peers: this.#peers.map(({ address, questions, busy, mostBusy, busyMs, waitMs }) => ({
        address,
        connections: last?.connections[address] ?? 0,
        questions,
        meanBusy: busyMs / Math.max(1, onMs),
        mostBusy,
        busyNow: busy,
        meanWait: questions === 0 ? 0 : waitMs / questions,
      })),
      thrown: this.#thrown.map((error) =>
        error.stack === -1 ? error : { ...error, stack: this.#stacks.length + error.stack },
      ),
      counts: {
        requests,
        followed: recorded,
        operations: rows,
        dropped: dropped + this.#lost,
        stacks,
        errors,
        ownPercent: (100 * ownMs) / spent,
        onPercent: Math.min(100, (100 * onMs) / spent),
      },
      resources: { first: first?.resources ?? {}, last: last?.resources ?? {} },
      notes: this.#notes,
    };
  }

  #errorStack(text: string, message: string): number {
    const frames = readErrorStack(text, message);
    if (frames.length === 0) return -1;
    const numbers = frames.map(({ function: name, url, line, column, async }) =>
      this.#frameNumber([name, url, line, column, async === true ? 1 : 0]),
    );
    const key = numbers.join();
    const known = this.#errorStacks.get(key);
    if (known !== undefined) return known;
    // The recorder numbers its own stacks from 0 on: these come after them, when all are known.
    const number = this.#errorStacks.size;
    this.#errorStacks.set(key, number);
    return number;
  }

  #frameNumber(frame: AsyncLog['frames'][number]): number {
    const key = JSON.stringify(frame);
    let number = this.#frameNumbers.get(key);
    if (number === undefined) {
      number = this.#frames.length;
      this.#frameNumbers.set(key, number);
      this.#frames.push(frame);
    }
    return number;
  }
}

function endOf(time: number, at: (time: number) => Milliseconds): Milliseconds | null {
  return Number.isNaN(time) ? null : time === -1 ? -1 : at(time);
}

/** Float64 numbers out of base64; bytes that do not make a whole number are left. */
function decode(base64: string): Float64Array {
  const bytes = Buffer.from(base64, 'base64');
  const whole = bytes.length - (bytes.length % 8);
  // Copied: a Buffer may start anywhere, a Float64Array only at a multiple of 8.
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + whole));
}

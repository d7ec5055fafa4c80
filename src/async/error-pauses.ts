import type { Milliseconds } from '../base/units.ts';
import type { EventParams } from '../cdp/protocol.ts';
import type { Session } from '../cdp/session.ts';
import { errorWatchCall } from './error-counter.ts';
import type { ErrorFrame } from './error-stack.ts';
import type { AnswerSample } from './error-state.ts';

type Paused = EventParams<'Debugger.paused'>;
type CallFrame = Paused['callFrames'][number];

const FRAMES = 14;
const OBJECTS = 60;
/** Of a pause, while holter does not answer. A round trip takes 2 to 5 ms. */
const LIMIT_MS = 250;
const PER_SECOND = 10;
const BURST = 5;
/** Stops that are not ours: more would hold the program up. */
const MOST_FOREIGN = 3;
const MOST_SCRIPTS = 50_000;
const SCOPES = new Set(['local', 'block', 'catch', 'with']);

/**
 * The stops in which errors are read: at most one at a time, each one round trip. What is asked and the order to go on are
 * sent together, so the target stands still for no longer than that; the bridge lets it go on after 250 ms, and at once when the
 * connection breaks.
 */
export class ErrorPauses {
  readonly #session: Session;
  readonly #token: string;
  readonly #onAnswer: (sample: AnswerSample, answeredAt: ErrorFrame[]) => void;
  readonly #frames = new Map<number, ErrorFrame[]>();
  /** Of scripts by their id: V8 leaves the url of frames empty. */
  readonly #urls = new Map<string, string>();
  #off: (() => void)[] = [];
  #awaitsException = false;
  #awaitsAnswer = false;
  #foreign = 0;
  #room = BURST;
  #refilledAt = performance.now();
  /** Stops at exceptions so far. */
  exceptions = 0;
  /** The same, with their time (CLOCK_MONOTONIC ms) and length as seen from here: an upper bound. */
  readonly taken: { at: Milliseconds; ms: Milliseconds }[] = [];

  constructor(
    session: Session,
    token: string,
    onAnswer: (sample: AnswerSample, answeredAt: ErrorFrame[]) => void,
  ) {
    this.#session = session;
    this.#token = token;
    this.#onAnswer = onAnswer;
  }

  /** Turns the debugger on. @throws HolterError of the session */
  async begin(): Promise<void> {
    this.#off = [
      this.#session.on('Debugger.paused', (paused) => void this.#take(paused)),
      this.#session.on('Debugger.scriptParsed', ({ scriptId, url }) => {
        if (this.#urls.size < MOST_SCRIPTS) this.#urls.set(scriptId, url);
      }),
    ];
    await this.#session.send('Holter.limitPauses', { ms: LIMIT_MS }, { timeoutMs: 2000 }).catch(() => {});
    await this.#session.send('Debugger.enable', {}, { timeoutMs: 3000 });
  }

  /** Turns the debugger off; whatever stood goes on. */
  async end(): Promise<void> {
    await this.#session.send('Debugger.disable', undefined, { timeoutMs: 2000 }).catch(() => {});
    await this.#session.send('Holter.limitPauses', { ms: 0 }, { timeoutMs: 2000 }).catch(() => {});
    for (const off of this.#off) off();
  }

  /** No more than ten stops a second on average, five of them close together. */
  hasRoom(): boolean {
    const now = performance.now();
    this.#room = Math.min(BURST, this.#room + ((now - this.#refilledAt) / 1000) * PER_SECOND);
    this.#refilledAt = now;
    return this.#room >= 1;
  }

  /** The next failed answer of which nothing is known is looked at. */
  async awaitAnswer(): Promise<void> {
    if (this.#awaitsAnswer) return;
    this.#awaitsAnswer = true;
    const expression = errorWatchCall(this.#token, 'sampler?.shoot(1)');
    await this.#session
      .send('Runtime.evaluate', { expression, silent: true }, { timeoutMs: 2000 })
      .catch(() => {});
  }

  /** The next exception, caught or not, is looked at. */
  async awaitException(): Promise<void> {
    if (this.#awaitsException) return;
    this.#awaitsException = true;
    await this.#session
      .send('Debugger.setPauseOnExceptions', { state: 'all' }, { timeoutMs: 2000 })
      .catch(() => {});
  }

  /** Where that was thrown which has this number; empty unknown. */
  framesOf(id: number): ErrorFrame[] {
    return this.#frames.get(id) ?? [];
  }

  async #take(paused: Paused): Promise<void> {
    const { callFrames, reason } = paused;
    for (const frame of callFrames) if (!frame.url) frame.url = this.#urls.get(frame.location.scriptId) ?? '';
    this.#room--;
    const own = callFrames[0]?.url.startsWith('holter:') === true;
    const isException = reason === 'exception' || reason === 'promiseRejection';
    // The program's own `debugger` statements and whatever else stops while the debugger is on: go on at once.
    if (isException && !own) await this.#takeException(paused);
    else if (own && !isException) await this.#takeAnswer(callFrames);
    else {
      await this.#resume();
      if (++this.#foreign > MOST_FOREIGN) await this.end();
    }
  }

  async #takeException({ callFrames, data }: Paused): Promise<void> {
    const at = Number(process.hrtime.bigint()) / 1e6;
    const thrown = data as { objectId?: string; value?: unknown } | undefined;
    const watch = errorWatchCall(this.#token, 'sampler?.thrown');
    const asked = this.#session.send(
      'Runtime.callFunctionOn',
      {
        functionDeclaration: `function (error) { return ${watch}(error) ?? 0; }`,
        arguments: [
          thrown?.objectId === undefined ? { value: thrown?.value } : { objectId: thrown.objectId },
        ],
        ...objectOf(callFrames),
        returnByValue: true,
        silent: true,
      },
      { timeoutMs: 2000 },
    );
    asked.catch(() => {});
    const off = this.#session.send('Debugger.setPauseOnExceptions', { state: 'none' }, { timeoutMs: 2000 });
    off.catch(() => {});
    await this.#resume();
    this.taken.push({ at, ms: Number(process.hrtime.bigint()) / 1e6 - at });
    this.exceptions++;
    await off.catch(() => {});
    this.#awaitsException = false;
    const id = await asked.then(({ result }) => Number(result.value) || 0).catch(() => 0);
    if (id !== 0) this.#frames.set(id, readFrames(callFrames));
  }

  async #takeAnswer(callFrames: readonly CallFrame[]): Promise<void> {
    const { objects, kinds } = gatherObjects(callFrames);
    const watch = errorWatchCall(this.#token, 'sampler?.search');
    const asked = this.#session.send(
      'Runtime.callFunctionOn',
      {
        functionDeclaration: `function (kinds, ...objects) { return ${watch}(objects, kinds); }`,
        arguments: [{ value: kinds }, ...objects.map((objectId) => ({ objectId }))],
        ...objectOf(callFrames),
        returnByValue: true,
        silent: true,
      },
      { timeoutMs: 2000 },
    );
    asked.catch(() => {});
    await this.#resume();
    this.#awaitsAnswer = false;
    const sample = await asked
      .then(({ result }) => result.value as AnswerSample | undefined)
      .catch(() => undefined);
    if (sample !== undefined) this.#onAnswer(sample, readFrames(callFrames));
  }

  async #resume(): Promise<void> {
    await this.#session.send('Debugger.resume', {}, { timeoutMs: 2000 }).catch(() => {});
  }
}

/** Any object of the paused context, to call a function in it. */
function objectOf(callFrames: readonly CallFrame[]): { objectId?: string } {
  for (const { scopeChain } of callFrames)
    for (const { object } of scopeChain)
      if (object.objectId !== undefined) return { objectId: object.objectId };
  return {};
}

/** Variables of the program's frames from the inside out, then what their functions close over, then their `this`. */
function gatherObjects(callFrames: readonly CallFrame[]): { objects: string[]; kinds: string } {
  const frames = callFrames.filter(({ url }) => !/^(?:node|holter):/.test(url)).slice(0, FRAMES);
  const found: [string, string][] = [];
  for (const { scopeChain } of frames)
    for (const { type, object } of scopeChain)
      if (SCOPES.has(type) && object.objectId !== undefined) found.push([object.objectId, 'l']);
  for (const { scopeChain } of frames)
    for (const { type, object } of scopeChain)
      if (type === 'closure' && object.objectId !== undefined) found.push([object.objectId, 'c']);
  for (const { this: self } of frames)
    if (self?.objectId !== undefined && self.type === 'object') found.push([self.objectId, 't']);
  const taken = found.slice(0, OBJECTS);
  return { objects: taken.map(([id]) => id), kinds: taken.map(([, kind]) => kind).join('') };
}

function readFrames(callFrames: readonly CallFrame[]): ErrorFrame[] {
  return callFrames
    .map(({ functionName, url, location }) => ({
      function: functionName,
      url,
      line: location.lineNumber + 1,
      column: (location.columnNumber ?? -1) + 1,
    }))
    .filter(({ url }) => !url.startsWith('holter:'))
    .slice(0, 16);
}

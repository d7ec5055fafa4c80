import { HolterError } from '../base/errors.ts';
import type { EventName, EventParams, Method, Params, Result } from './protocol.ts';
import type { Transport } from './transport.ts';

interface Pending {
  method: string;
  resolve: (result: unknown) => void;
  reject: (error: HolterError) => void;
  /** Made at the call, so that its stack shows who asked. */
  error: HolterError;
  timer: NodeJS.Timeout | undefined;
}

export interface SendOptions {
  /** Give up after this; the answer, if it still comes, is dropped. Default: wait as long as the connection lives. */
  timeoutMs?: number;
}

/**
 * One protocol session with one thread. Typed by devtools-protocol plus Node's own domains.
 * Every rejection is a HolterError that names the method and carries the caller's stack:
 * E_CDP (the method failed), E_TIMEOUT, E_CONNECTION_LOST.
 */
export class Session {
  readonly #transport: Transport;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, Set<(params: never) => void>>();
  readonly #closed: Promise<string>;
  #nextId = 0;
  #closedWhy: string | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.onMessage = (message) => this.#receive(message);
    this.#closed = new Promise((resolve) => {
      transport.onClose = (why) => {
        if (this.#closedWhy !== undefined) return;
        this.#closedWhy = why;
        for (const { method, reject, error, timer } of this.#pending.values()) {
          clearTimeout(timer);
          reject(redescribe(error, 'E_CONNECTION_LOST', `${method}: ${why}`));
        }
        this.#pending.clear();
        resolve(why);
      };
    });
  }

  /** Resolves with the reason when the connection ends, whoever ended it. */
  get closed(): Promise<string> {
    return this.#closed;
  }

  get isOpen(): boolean {
    return this.#closedWhy === undefined;
  }

  send<M extends Method>(method: M, params?: Params<M>[0], options?: SendOptions): Promise<Result<M>>;
  send(method: string, params?: object, options: SendOptions = {}): Promise<unknown> {
    const error = new HolterError('E_CDP', method);
    if (this.#closedWhy !== undefined)
      return Promise.reject(redescribe(error, 'E_CONNECTION_LOST', `${method}: ${this.#closedWhy}`));
    const id = ++this.#nextId;
    return new Promise((resolve, reject) => {
      const timer =
        options.timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              this.#pending.delete(id);
              reject(redescribe(error, 'E_TIMEOUT', `${method}: no answer within ${options.timeoutMs} ms`));
            }, options.timeoutMs);
      this.#pending.set(id, { method, resolve, reject, error, timer });
      this.#transport.send(JSON.stringify({ id, method, params }));
    });
  }

  on<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void {
    let set = this.#listeners.get(event);
    if (set === undefined) {
      set = new Set();
      this.#listeners.set(event, set);
    }
    set.add(listener as (params: never) => void);
    return () => set.delete(listener as (params: never) => void);
  }

  /** The next such event; rejects E_TIMEOUT or E_CONNECTION_LOST. */
  once<E extends EventName>(event: E, timeoutMs: number): Promise<EventParams<E>> {
    return new Promise((resolve, reject) => {
      const off = this.on(event, (params) => {
        clearTimeout(timer);
        off();
        resolve(params);
      });
      const fail = (code: 'E_TIMEOUT' | 'E_CONNECTION_LOST', why: string) => {
        clearTimeout(timer);
        off();
        reject(new HolterError(code, `${event}: ${why}`));
      };
      const timer = setTimeout(() => fail('E_TIMEOUT', `not seen within ${timeoutMs} ms`), timeoutMs);
      void this.#closed.then((why) => fail('E_CONNECTION_LOST', why));
    });
  }

  close(): void {
    this.#transport.close();
  }

  /** Stops reading from the target until `resumeReading`, for whoever cannot take events as fast as they come. */
  pauseReading(): void {
    this.#transport.pause();
  }

  resumeReading(): void {
    this.#transport.resume();
  }

  #receive(text: string): void {
    let message: {
      id?: number;
      method?: string;
      params?: unknown;
      result?: unknown;
      error?: { message: string; data?: string };
    };
    try {
      message = JSON.parse(text);
    } catch {
      // Node 18 has sent glued objects under load (research/live-attach.md §5): lose the frame, not the session.
      return;
    }
    if (message.id === undefined) {
      for (const listener of this.#listeners.get(message.method ?? '') ?? [])
        listener(message.params as never);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error === undefined) pending.resolve(message.result);
    else {
      const { message: why, data } = message.error;
      pending.reject(
        redescribe(pending.error, 'E_CDP', `${pending.method}: ${why}${data ? ` (${data})` : ''}`),
      );
    }
  }
}

/** A new error with the stack of the one made at the call site. */
function redescribe(
  at: HolterError,
  code: 'E_CDP' | 'E_TIMEOUT' | 'E_CONNECTION_LOST',
  message: string,
): HolterError {
  const error = new HolterError(code, message);
  error.stack = `${error.name}: ${message}\n${(at.stack ?? '').split('\n').slice(1).join('\n')}`;
  return error;
}

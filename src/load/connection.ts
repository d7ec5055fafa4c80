import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import type { AutocannonClient } from './autocannon.ts';

/** When a connection has to send, on the clock of `performance.now()`. */
export interface Pace {
  first: Milliseconds;
  interval: Milliseconds;
}

export interface ConnectionEvents {
  /** `held`: how long the request had been due before the connection was free to send it; 0 without a pace. */
  answered(answer: { status: number; bytes: number; busy: Milliseconds; held: Milliseconds }): void;
  failed(reason: string): void;
  timedOut(): void;
  /** A request left this much later than it was due, by the fault of the load generator's own timer. */
  left(late: Milliseconds): void;
}

/** After a second failure in a row. A refused connection fails within microseconds: without a rest that is a busy loop. */
const REST_MS: Milliseconds = 100;

/**
 * Makes one connection of autocannon pace itself and tell the truth. What autocannon 9 does, and what happens here instead:
 *
 * - Its rate limit sends the requests of a second back to back at the start of that second, and its correction for
 *   coordinated omission takes 1 ms for the expected interval at any rate (`Math.ceil(1 / rate)`, lib/run.js). Here each
 *   request has its own due time, and autocannon is told of no rate, so nothing is corrected twice.
 * - It writes the next request onto a connection whose closing was announced, and keeps the lost request in its queue, so
 *   that later answers are timed from the wrong start. Here such a connection is replaced first.
 * - It reconnects in a busy loop, with a parser that may be in the middle of a message, and waits for its time-out when
 *   the answer is no HTTP, has no length, belongs to HEAD, or follows a 1xx.
 *
 * How long a request was held up is reckoned from the server's times alone (Lindley's recursion: held' = held + busy −
 * interval), so that a late timer of ours does not count as the server's delay.
 */
export class Connection {
  readonly #client: AutocannonClient;
  readonly #events: ConnectionEvents;
  readonly #pace: Pace | undefined;
  readonly #isHead: boolean;
  #sent = 0;
  #sentAt: Milliseconds = 0;
  /** When the connection could have sent again. */
  #freeAt: Milliseconds = 0;
  #held: Milliseconds = 0;
  #isWaiting = false;
  #failures = 0;
  #isFirst = true;
  #isClosing = false;
  #isFinishing = false;
  #isInformational = false;
  #slot: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;

  /** @throws HolterError E_OPTIONAL_MISSING when the client has not the members of a known autocannon */
  constructor(
    client: AutocannonClient,
    options: { pace: Pace | undefined; isHead: boolean; events: ConnectionEvents },
  ) {
    this.#client = client;
    this.#events = options.events;
    this.#pace = options.pace;
    this.#isHead = options.isHead;
    checkShape(client);
    const { _connect: connect, _doRequest: request } = client;
    client._connect = () => this.#connect(() => connect.call(client));
    client._doRequest = () => this.#request(() => request.call(client));
    const { pipelinedRequests: queue } = client;
    const terminate = queue.terminateRequest.bind(queue);
    // An answer nobody asked for (a 408 on an idle connection) would be an uncaught TypeError in autocannon.
    queue.terminateRequest = () =>
      terminate() ?? { req: undefined, headers: { statusCode: 0 }, bytes: 0, body: '', duration: 0 };
    client.on('response', (status: number | string, bytes: number) => this.#answered(Number(status), bytes));
    client.on('connError', (error: unknown) => this.#failed(reasonOf(error)));
  }

  /** How long the request in flight has been due; undefined when none is. */
  unansweredFor(now: Milliseconds): Milliseconds | undefined {
    return this.#isWaiting ? this.#held + now - this.#sentAt : undefined;
  }

  /** Ends the connection; nothing is reported any more. */
  close(): void {
    clearTimeout(this.#slot);
    clearTimeout(this.#rest);
    this.#isWaiting = false;
    this.#client.removeAllListeners('response');
    this.#client.removeAllListeners('connError');
    this.#client.destroy();
  }

  /** autocannon calls it at the start, at the end of a connection, after an error and after a time-out. */
  #connect(connect: () => void): void {
    if (this.#client.destroyed || this.#rest !== undefined) return;
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#amendParser();
      connect();
      return;
    }
    // Only a time-out (and this class) destroys the socket before; the end of the stream and its end alone does not.
    if (this.#client.conn?.destroyed === false) {
      this.#finishMessage();
      if (this.#isWaiting) this.#failed('connection closed before the answer');
    } else if (this.#isWaiting) {
      this.#isWaiting = false;
      this.#freeAt = performance.now();
      this.#events.timedOut();
    }
    this.#client._destroyConnection();
    this.#client.parser.reinitialize(this.#client.parser.type);
    this.#isClosing = false;
    if (this.#failures < 2) {
      connect();
      return;
    }
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      // The request that would have been due meanwhile was held up.
      this.#freeAt = performance.now();
      if (!this.#client.destroyed) connect();
    }, REST_MS);
  }

  #request(request: () => void): void {
    const { destroyed, responseMax, reqsMade } = this.#client;
    if (destroyed || this.#isFinishing || this.#slot !== undefined) return;
    // All of its share is sent: autocannon closes the connection.
    if (responseMax !== undefined && responseMax > 0 && reqsMade >= responseMax) {
      request();
      return;
    }
    if (this.#isClosing) {
      this.#replace();
      return;
    }
    const now = performance.now();
    const delay = this.#pace === undefined ? 0 : this.#pace.first + this.#sent * this.#pace.interval - now;
    if (delay <= 0) {
      this.#send(request);
      return;
    }
    // An idle connection must not time out.
    this.#client.timeoutTicker?.reschedule(this.#client.timeout + delay);
    this.#slot = setTimeout(() => {
      this.#slot = undefined;
      this.#events.left(Math.max(0, performance.now() - now - delay));
      if (!this.#client.destroyed && this.#rest === undefined) this.#send(request);
    }, Math.round(delay));
  }

  #send(request: () => void): void {
    if (this.#pace !== undefined && this.#sent > 0)
      this.#held = Math.max(0, this.#held + this.#freeAt - this.#sentAt - this.#pace.interval);
    this.#sent++;
    this.#isWaiting = true;
    this.#sentAt = performance.now();
    request();
  }

  #answered(status: number, bytes: number): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#failures = 0;
    this.#freeAt = performance.now();
    this.#events.answered({ status, bytes, busy: this.#freeAt - this.#sentAt, held: this.#held });
  }

  #failed(reason: string): void {
    this.#isWaiting = false;
    this.#failures++;
    this.#freeAt = performance.now();
    this.#events.failed(reason);
  }

  #replace(): void {
    this.#client._destroyConnection();
    this.#client._connect();
  }

  /** A body without a length ends with the connection. */
  #finishMessage(): void {
    this.#isFinishing = true;
    this.#client.parser.finish();
    this.#isFinishing = false;
  }

  #amendParser(): void {
    const { parser } = this.#client;
    const { kOnHeadersComplete, kOnMessageComplete } = parser.constructor as unknown as Record<
      string,
      number
    >;
    const execute = parser.execute;
    parser.execute = (chunk) => {
      const result = execute.call(parser, chunk);
      if (result instanceof Error) {
        if (this.#isWaiting) this.#failed(`the answer is not HTTP/1.1 (${result.message})`);
        this.#replace();
      }
      return result;
    };
    if (kOnHeadersComplete === undefined || kOnMessageComplete === undefined) return;
    const onHeaders = parser[kOnHeadersComplete]!;
    const onComplete = parser[kOnMessageComplete]!;
    parser[kOnHeadersComplete] = (...values) => {
      const result = onHeaders(...values);
      const info = values[0] as { statusCode: number; headers: string[]; shouldKeepAlive: boolean };
      this.#isInformational = info.statusCode < 200 && info.statusCode !== 101;
      if (!this.#isInformational)
        this.#isClosing = this.#isHead ? announcesClose(info.headers) : info.shouldKeepAlive === false;
      // true: no body follows, whatever the length says.
      return this.#isHead || result;
    };
    parser[kOnMessageComplete] = (...values) => {
      if (!this.#isInformational) return onComplete(...values);
    };
  }
}

/** `headers`: names and values in turn. */
function announcesClose(headers: readonly string[]): boolean {
  return headers.some(
    (name, index) =>
      index % 2 === 0 && name.toLowerCase() === 'connection' && /\bclose\b/i.test(headers[index + 1] ?? ''),
  );
}

/** `connect ECONNREFUSED 127.0.0.1:3000`; a name with several addresses gives one error for each. */
function reasonOf(error: unknown): string {
  const errors = (error as { errors?: unknown }).errors;
  if (Array.isArray(errors) && errors.length > 0) return [...new Set(errors.map(reasonOf))].join(', ');
  return error instanceof Error ? error.message || error.name : String(error);
}

function checkShape(client: AutocannonClient): void {
  const parts: unknown[] = [
    client._connect,
    client._doRequest,
    client._destroyConnection,
    client.pipelinedRequests?.terminateRequest,
    client.parser?.execute,
    client.parser?.finish,
    client.parser?.reinitialize,
  ];
  if (parts.some((part) => typeof part !== 'function'))
    throw new HolterError('E_OPTIONAL_MISSING', 'the autocannon found is of a version holter does not know', {
      hint: 'npm i -g autocannon@9',
    });
}

import type { BuiltinRequire } from './recorder-builtins.ts';
import type { PeerWatch } from './recorder-peers.ts';
import type { Flush, RecorderCore } from './recorder-state.ts';

/** The part of the recorder that follows HTTP requests, served and made; sent as text. */
export interface RequestWatch {
  /** Requests that began and ended since the last call; also finds those whose connection is gone. */
  take(time: number): Pick<Flush, 'requests' | 'finished'>;
  readonly seen: number;
  readonly recorded: number;
  /** Follow at most so many from now on: spread over the time until the next call, or (`dense`) as they come. */
  pace(perFlush: number, dense: boolean): void;
  /** Requests under way; they are not followed any further. */
  cut(): number[];
  /** None under way, and no more will be followed before the next `pace`. */
  readonly isDone: boolean;
  /** ms of JavaScript run for a request. */
  ran(request: number, ms: number): void;
  undo(): void;
}

/**
 * Requests by `diagnostics_channel` (research/live-attach.md §5: http.server.*, http.client.*, undici:* publish on all
 * versions). A served request gets a number; the core hands it on to whatever the request's code starts.
 * @param begin called in the request's first callback with its number, 0 = this one is only counted
 * @param finish called when the response is out
 */
export function watchRequests(
  builtin: BuiltinRequire,
  core: RecorderCore,
  peers: PeerWatch,
  begin: (request: number) => void,
  finish: (request: number) => void,
): RequestWatch {
  type Message = {
    method?: unknown;
    url?: unknown;
    baseUrl?: unknown;
    route?: { path?: unknown };
  };
  type Response = { statusCode?: unknown; destroyed?: boolean; req?: object };
  type ClientRequest = {
    method?: unknown;
    protocol?: unknown;
    path?: unknown;
    origin?: unknown;
    host?: unknown;
    destroyed?: boolean;
    getHeader?(name: string): unknown;
  };
  interface Open {
    number: number;
    message: WeakRef<object>;
    response: WeakRef<object>;
    runMs: number;
  }
  const channels = builtin('diagnostics_channel');
  const open = new Map<number, Open>();
  const numbers = new WeakMap<object, number>();
  const clients = new WeakMap<object, number>();
  const waiting = new Map<number, WeakRef<object>>();
  let started: Flush['requests'] = [];
  let finished: Flush['finished'] = [];
  let seen = 0;
  let recorded = 0;
  let every = 1;
  let skip = 0;
  let noise = 1;
  let room = 50;
  let sinceFlush = 0;

  const cut = (value: unknown): string => {
    const text = typeof value === 'string' ? value : '';
    const query = text.search(/[?#]/);
    return text.slice(0, Math.min(query === -1 ? text.length : query, 200));
  };
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');

  const onStart = core.guard((event: unknown): void => {
    const { request, response } = event as { request: object & Message; response: object };
    seen++;
    sinceFlush++;
    if (!core.isListening) return;
    if (skip-- > 0 || room <= 0 || open.size >= 2000) {
      begin(0);
      return;
    }
    // Not every n-th: two routes asked in turn would show only one. The program's own random numbers are left alone.
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    skip = Math.floor((noise / 2 ** 32) * (2 * every - 1));
    room--;
    const number = ++recorded;
    numbers.set(request, number);
    open.set(number, {
      number,
      message: new WeakRef(request),
      response: new WeakRef(response),
      runMs: 0,
    });
    started.push([number, core.now(), text(request.method), cut(request.url)]);
    begin(number);
  });
  const end = (entry: Open, time: number, status: number, route: string): void => {
    open.delete(entry.number);
    finished.push([entry.number, time, status, entry.runMs, route]);
    finish(entry.number);
  };
  const onFinish = core.guard((event: unknown): void => {
    const { request, response } = event as { request: object & Message; response: Response };
    const entry = open.get(numbers.get(request) ?? 0);
    if (entry === undefined) return;
    // Express keeps the route's pattern on the request; others are named by their path.
    const route = typeof request.route?.path === 'string' ? text(request.baseUrl) + request.route.path : '';
    end(entry, core.now(), Number(response.statusCode) || 0, cut(route));
  });

  const ask = (request: object & ClientRequest, subject: string): void => {
    core.look();
    const row = core.add('client request', core.subject(subject), core.runningOp, core.runningRequest);
    if (row === 0) return;
    clients.set(request, row);
    if (waiting.size < 2000) waiting.set(row, new WeakRef(request));
  };
  const answer = (last: boolean) =>
    core.guard((event: unknown): void => {
      const { request } = event as { request: object };
      const row = clients.get(request);
      if (row === undefined) return;
      core.end(row, core.now());
      waiting.delete(row);
      if (last) clients.delete(request);
    });
  const onClientStart = core.guard((event: unknown): void => {
    const { request } = event as { request: object & ClientRequest };
    const host = text(request.getHeader?.('host')) || text(request.host);
    ask(request, `${text(request.method)} ${text(request.protocol)}//${host}${cut(request.path)}`);
  });
  const onUndiciCreate = core.guard((event: unknown): void => {
    const { request } = event as { request: object & ClientRequest };
    ask(request, `${text(request.method)} ${String(request.origin)}${cut(request.path)}`);
  });
  const onUndiciSend = core.guard((event: unknown): void => {
    const { socket } = event as { socket?: object };
    if (socket !== undefined) peers.isClientRequest(socket);
  });
  const onAnswer = answer(false);
  const onLast = answer(true);

  const subscriptions: [string, (event: unknown) => void][] = [
    ['http.server.request.start', onStart],
    ['http.server.response.finish', onFinish],
    ['http.client.request.start', onClientStart],
    ['http.client.response.finish', onLast],
    ['http.client.request.error', onLast],
    ['undici:request:create', onUndiciCreate],
    ['undici:client:sendHeaders', onUndiciSend],
    ['undici:request:headers', onAnswer],
    // The body too is waited for.
    ['undici:request:trailers', onLast],
    ['undici:request:error', onLast],
  ];
  for (const [name, listener] of subscriptions) channels.subscribe?.(name, listener);

  return {
    take(time) {
      for (const entry of open.values()) {
        const response = entry.response.deref() as Response | undefined;
        if (response !== undefined && response.destroyed !== true) continue;
        end(entry, time, 0, '');
      }
      for (const [row, reference] of waiting) {
        const request = reference.deref() as ClientRequest | undefined;
        if (request !== undefined && request.destroyed !== true) continue;
        core.end(row, time);
        waiting.delete(row);
      }
      const taken = { requests: started, finished };
      started = [];
      finished = [];
      return taken;
    },
    get seen() {
      return seen;
    },
    get recorded() {
      return recorded;
    },
    pace(perFlush, dense) {
      every = dense ? 2 : Math.max(1, Math.ceil(sinceFlush / perFlush));
      skip = 0;
      room = dense ? perFlush : 2 * perFlush;
      sinceFlush = 0;
    },
    cut() {
      const under = [...open.keys()];
      for (const number of under) finish(number);
      open.clear();
      return under;
    },
    get isDone() {
      return room <= 0 && open.size === 0;
    },
    ran(request, ms) {
      const entry = open.get(request);
      if (entry !== undefined) entry.runMs += ms;
    },
    undo() {
      for (const [name, listener] of subscriptions) channels.unsubscribe?.(name, listener);
      open.clear();
      waiting.clear();
    },
  };
}

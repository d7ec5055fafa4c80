import type { ProbeHandler, ProbeHost } from './provider-host.ts';

/**
 * HTTP requests served and made, from diagnostics_channel (http.server.*, http.client.* and undici:* publish on Node
 * 18–26). Providers `http-server`, `http-client`, and the names of Node's own DTrace probes in `node`. Sent as text.
 *
 * A served request gets a scope of `self->` of its own, for all its code.
 */
export function provideHttp(host: ProbeHost): void {
  interface Request {
    method?: unknown;
    url?: unknown;
    originalUrl?: unknown;
    baseUrl?: unknown;
    route?: { path?: unknown };
    routeOptions?: { url?: unknown };
    headers?: Record<string, unknown>;
    socket?: { remoteAddress?: unknown; remotePort?: unknown; writableLength?: unknown } | null;
    path?: unknown;
    protocol?: unknown;
    host?: unknown;
    origin?: unknown;
    getHeader?(name: string): unknown;
  }
  interface Open {
    began: number;
    scope: object | undefined;
    method: string;
    url: string;
  }
  const channels = host.builtin('diagnostics_channel');
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const subscribe = (name: string, listener: (event: never) => void): void => {
    const safe = (event: unknown): void => {
      try {
        listener(event as never);
      } catch {
        // An event of another shape than known tells nothing.
      }
    };
    if (channels.subscribe !== undefined) channels.subscribe(name, safe);
    else channels.channel(name).subscribe(safe);
    host.onTeardown(() => {
      if (channels.unsubscribe !== undefined) channels.unsubscribe(name, safe);
      else channels.channel(name).unsubscribe(safe);
    });
  };
  /** Path without query; ids become `:id`, or every one of them would be a key. */
  const pathOf = (url: string): string => {
    const end = url.search(/[?#]/);
    return (end === -1 ? url : url.slice(0, end))
      .slice(0, 200)
      .replace(/\/(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,})(?=\/|$)/gi, '/:id');
  };
  const routeOf = (request: Request, url: string): string => {
    const { route, routeOptions, baseUrl } = request;
    if (typeof route?.path === 'string') return text(baseUrl) + route.path;
    if (typeof routeOptions?.url === 'string') return routeOptions.url;
    return pathOf(url);
  };
  const fire = (scope: object | undefined, work: () => void): void => {
    if (scope === undefined) work();
    else host.inScope(scope, work);
  };
  const some = (...handlers: (ProbeHandler | null)[]): boolean => handlers.some((one) => one !== null);

  const start = host.attach('http-server', '', '', 'request-start');
  const done = host.attach('http-server', '', '', 'request-done');
  const nodeRequest = host.attach('node', '', '', 'http-server-request');
  const nodeResponse = host.attach('node', '', '', 'http-server-response');
  // A program that keeps something per request needs the scope, whichever probes it has.
  if (host.usesSelf || some(start, done, nodeRequest, nodeResponse)) {
    const open = new WeakMap<object, Open>();
    const connection = ({ socket }: Request) => ({
      remoteAddress: text(socket?.remoteAddress),
      remotePort: Number(socket?.remotePort) || 0,
      bufferSize: Number(socket?.writableLength) || 0,
    });
    const info = (request: Request, one: Open) => ({
      url: one.url,
      method: one.method,
      forwardedFor: text(request.headers?.['x-forwarded-for']),
    });
    subscribe('http.server.request.start', ({ request }: { request: object & Request }) => {
      const one: Open = {
        began: host.now(),
        scope: host.usesSelf ? host.childScope() : undefined,
        method: text(request.method),
        url: text(request.url),
      };
      open.set(request, one);
      if (one.scope !== undefined) host.enterScope(one.scope);
      if (start !== null) fire(one.scope, () => start(one.method, pathOf(one.url), one.url));
      if (nodeRequest !== null)
        fire(one.scope, () => nodeRequest(info(request, one), connection(request), one.method, one.url));
    });
    if (some(done, nodeResponse))
      subscribe(
        'http.server.response.finish',
        ({ request, response }: { request: object & Request; response: { statusCode?: unknown } }) => {
          const one = open.get(request);
          if (one === undefined) return;
          open.delete(request);
          const ns = host.now() - one.began;
          const status = Number(response.statusCode) || 0;
          if (done !== null)
            fire(one.scope, () =>
              done(one.method, routeOf(request, text(request.originalUrl) || one.url), one.url, status, ns),
            );
          if (nodeResponse !== null)
            fire(one.scope, () =>
              nodeResponse(info(request, one), connection(request), one.method, one.url, status, ns),
            );
        },
      );
  }

  const asked = host.attach('http-client', '', '', 'request-start');
  const answered = host.attach('http-client', '', '', 'request-done');
  const nodeAsked = host.attach('node', '', '', 'http-client-request');
  const nodeAnswered = host.attach('node', '', '', 'http-client-response');
  if (!some(asked, answered, nodeAsked, nodeAnswered)) return;
  const made = new WeakMap<object, Open & { host: string }>();
  const begin = (request: object & Request, where: string): void => {
    const one = {
      began: host.now(),
      scope: host.usesSelf ? host.childScope() : undefined,
      method: text(request.method) || 'GET',
      url: text(request.path),
      host: where,
    };
    made.set(request, one);
    if (asked !== null)
      fire(one.scope, () => asked(one.method, pathOf(one.url), one.host + one.url, one.host));
    if (nodeAsked !== null)
      fire(one.scope, () =>
        nodeAsked(
          { url: one.url, method: one.method },
          { remoteAddress: one.host, remotePort: 0 },
          one.method,
          one.url,
        ),
      );
  };
  const end = (request: object, status: unknown): void => {
    const one = made.get(request);
    if (one === undefined) return;
    made.delete(request);
    const ns = host.now() - one.began;
    const code = Number(status) || 0;
    if (answered !== null)
      fire(one.scope, () => answered(one.method, pathOf(one.url), one.host + one.url, one.host, code, ns));
    if (nodeAnswered !== null)
      fire(one.scope, () =>
        nodeAnswered(
          { url: one.url, method: one.method },
          { remoteAddress: one.host, remotePort: 0 },
          one.method,
          one.url,
          code,
          ns,
        ),
      );
  };
  subscribe('http.client.request.start', ({ request }: { request: object & Request }) => {
    const address = text(request.getHeader?.('host')) || text(request.host);
    begin(request, `${text(request.protocol)}//${address}`);
  });
  subscribe('http.client.response.finish', (event: { request: object; response: { statusCode?: unknown } }) =>
    end(event.request, event.response.statusCode),
  );
  subscribe('http.client.request.error', ({ request }: { request: object }) => end(request, 0));
  subscribe('undici:request:create', ({ request }: { request: object & Request }) =>
    begin(request, String(request.origin)),
  );
  // The status is known at the head, the time when the body is in.
  const statuses = new WeakMap<object, unknown>();
  subscribe(
    'undici:request:headers',
    (event: { request: object; response: { statusCode?: unknown } }) =>
      void statuses.set(event.request, event.response.statusCode),
  );
  subscribe('undici:request:trailers', ({ request }: { request: object }) =>
    end(request, statuses.get(request)),
  );
  subscribe('undici:request:error', ({ request }: { request: object }) => end(request, 0));
}

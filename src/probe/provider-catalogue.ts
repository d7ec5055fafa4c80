/** An argument of a probe: in a script by its name or as arg0, arg1 … in this order. */
export interface ProbeArgument {
  name: string;
  /** `any`: a JavaScript value of the program. */
  type: 'int' | 'string' | 'any';
  text: string;
}

/** Probes of one kind; fields may be globs. */
export interface CatalogueEntry {
  provider: string;
  module: string;
  function: string;
  name: string;
  args: readonly ProbeArgument[];
  text: string;
}

const int = (name: string, text = ''): ProbeArgument => ({ name, type: 'int', text });
const string = (name: string, text = ''): ProbeArgument => ({ name, type: 'string', text });
const any = (name: string, text = ''): ProbeArgument => ({ name, type: 'any', text });
const ns = int('duration', 'ns');
const entry = (probe: string, args: readonly ProbeArgument[], text: string): CatalogueEntry => {
  const [provider = '', module = '', fn = '', name = ''] = probe.split(':');
  return { provider, module, function: fn, name, args, text };
};
const request = [
  string('method'),
  string('route', 'pattern of the router, or the path with ids as :id'),
  string('url'),
];
const clientRequest = [string('method'), string('route'), string('url', 'with the host'), string('host')];
const nodeHttp = [
  any('request', 'url, method, forwardedFor'),
  any('connection', 'remoteAddress, remotePort'),
  string('method'),
  string('url'),
];
const status = int('status');
const io = [string('op'), string('subject', 'path or host name')];
const timer = [string('kind', 'Timeout or Immediate'), int('delay', 'ms'), int('id')];
const log = [string('message'), int('level', '10 trace … 60 fatal'), any('record')];

/**
 * All probes there are, with their arguments; those of applications (`holter/probe`) and the functions a process has
 * are more than a list can say.
 */
export const CATALOGUE: readonly CatalogueEntry[] = [
  entry('http-server:::request-start', request, 'a request came'),
  entry('http-server:::request-done', [...request, status, ns], 'its answer is out'),
  entry('http-client:::request-start', clientRequest, 'a request made, by http, https or fetch'),
  entry(
    'http-client:::request-done',
    [...clientRequest, status, ns],
    'its answer is in; status 0: it failed',
  ),
  entry('node:::http-server-request', nodeHttp, 'as http-server:::request-start'),
  entry('node:::http-server-response', [...nodeHttp, status, ns], 'as http-server:::request-done'),
  entry('node:::http-client-request', nodeHttp, 'as http-client:::request-start'),
  entry('node:::http-client-response', [...nodeHttp, status, ns], 'as http-client:::request-done'),
  entry(
    'node:::gc-start',
    [int('type'), int('flags'), string('kind')],
    'a garbage collection began (told when it is over)',
  ),
  entry('node:::gc-done', [int('type'), int('flags'), string('kind'), ns], 'it is over'),
  entry(
    'node:::net-server-connection',
    [any('connection'), string('address'), int('port')],
    'a connection was accepted',
  ),
  entry(
    'node:::net-stream-end',
    [any('connection'), string('address'), int('port'), ns, int('bytesRead'), int('bytesWritten')],
    'a socket closed',
  ),
  entry(
    'net:::server-connection',
    [any('connection'), string('address'), int('port')],
    'a connection was accepted',
  ),
  entry(
    'net:::client-connection',
    [any('connection'), string('address'), int('port')],
    'a socket was made to connect',
  ),
  entry(
    'net:::stream-end',
    [any('connection'), string('address'), int('port'), ns, int('bytesRead'), int('bytesWritten')],
    'a socket closed',
  ),
  ...['parse', 'stringify'].flatMap((op) => {
    const before = [any('value', op === 'parse' ? 'the text' : 'the value'), int('length', 'of a text')];
    const after = [string('text'), int('length'), ns, any('value')];
    return [
      entry(`node-json:JSON:${op}:${op}-start`, before, `JSON.${op} begins`),
      entry(`node-json:JSON:${op}:${op}-done`, after, `JSON.${op} is done`),
      entry(`node-json:JSON:${op}:${op}-entry`, before, 'the same, by another name'),
      entry(`node-json:JSON:${op}:${op}-return`, after, 'the same, by another name'),
    ];
  }),
  entry('fs:*:*:start', io, 'a function of fs is called; module callback, promises or sync'),
  entry('fs:*:*:done', [...io, ns, string('error', 'code, empty when none')], 'its result is there'),
  entry('dns:*:*:start', io, 'a name is looked up'),
  entry('dns:*:*:done', [...io, ns, string('error', 'code, empty when none')], 'its address is there'),
  entry(
    'loop:::delay',
    [int('lag', 'ns')],
    'the event loop came round late: a 20 ms timer of holter, late by more than 1 ms',
  ),
  entry('async:::callback-start', [string('type', 'of async_hooks'), int('id')], 'the loop runs a callback'),
  entry('async:::callback-done', [string('type'), int('id'), ns], 'it is done'),
  entry('timers:::create', timer, 'setTimeout, setInterval or setImmediate'),
  entry('timers:::fire', timer, 'its callback begins'),
  entry('timers:::done', [...timer, ns], 'its callback is done'),
  entry('promises:::init', [int('id')], 'a promise was made'),
  entry('promises:::settle', [int('id'), ns], 'a promise is settled; ns since it was made'),
  entry(
    'memory:Buffer:*:alloc',
    [int('size', 'bytes'), string('op')],
    'Buffer.alloc, allocUnsafe, allocUnsafeSlow',
  ),
  entry('log:console:*:log-*', log, 'console.log and its like'),
  entry('log:pino::log-*', log, 'a line of pino'),
  entry('log:bunyan::log-*', log, 'a line of bunyan'),
  entry(
    'channel:*:*:*',
    [any('message'), string('channel')],
    'any diagnostics_channel: its name, colons kept',
  ),
  entry('js:*:*:entry', [], 'a function is called: arg0 … are its arguments'),
  entry(
    'js:*:*:return',
    [any('value', 'returned or resolved'), ns, any('exception', '0 when none')],
    'it returned, or its promise settled',
  ),
];

/** Channels Node 18–26 publish in, for globs. */
export const KNOWN_CHANNELS: readonly string[] = [
  'http.client.request.created',
  'http.client.request.start',
  'http.client.request.error',
  'http.client.response.finish',
  'http.server.request.start',
  'http.server.response.created',
  'http.server.response.finish',
  'http2.client.stream.created',
  'http2.client.stream.start',
  'http2.client.stream.close',
  'http2.client.stream.error',
  'http2.client.stream.finish',
  'http2.server.stream.created',
  'http2.server.stream.start',
  'http2.server.stream.close',
  'http2.server.stream.error',
  'http2.server.stream.finish',
  'net.client.socket',
  'net.server.socket',
  'udp.socket',
  'child_process',
  'worker_threads',
  'process',
  'tracing:net.server.listen:asyncStart',
  'tracing:net.server.listen:asyncEnd',
  'tracing:net.server.listen:error',
  'tracing:module.require:start',
  'tracing:module.require:end',
  'tracing:module.import:asyncStart',
  'tracing:module.import:asyncEnd',
  'tracing:child_process.spawn:start',
  'tracing:child_process.spawn:end',
  'tracing:child_process.spawn:error',
  'undici:request:create',
  'undici:request:bodySent',
  'undici:request:headers',
  'undici:request:trailers',
  'undici:request:error',
  'undici:client:sendHeaders',
  'undici:client:beforeConnect',
  'undici:client:connected',
  'undici:client:connectError',
];

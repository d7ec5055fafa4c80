// Decides on 500 for half of its requests without any error, and tells what of a recorder is in it.
import diagnostics from 'node:diagnostics_channel';
import { createServer, ServerResponse } from 'node:http';

const { writeHead } = ServerResponse.prototype;
process.on('unhandledRejection', () => {});

const CHANNELS = ['http.server.request.start', 'http.server.response.finish', 'http2.server.stream.finish'];
const describe = () => ({
  writeHead: ServerResponse.prototype.writeHead === writeHead,
  writeHeadName: [ServerResponse.prototype.writeHead.name, ServerResponse.prototype.writeHead.length],
  keys: Object.keys(ServerResponse.prototype).length,
  symbols: Object.getOwnPropertySymbols(globalThis).map(String).sort(),
  globals: Object.getOwnPropertyNames(globalThis).length,
  channels: CHANNELS.filter((name) => diagnostics.hasSubscribers(name)),
  listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
  promiseHooks: Object.getOwnPropertySymbols(Promise.resolve()).map(String),
  prepare: Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace') !== undefined,
});

let asked = 0;
const server = createServer((request, response) => {
  if (request.url === '/self') return response.end(JSON.stringify(describe()));
  if (++asked % 2 === 0) response.statusCode = 500;
  response.end('answered');
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));

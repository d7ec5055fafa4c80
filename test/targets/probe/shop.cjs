// A server with a private function, a class, an async function, JSON, a pino-like log, and a look at itself.
const http = require('http');
const fs = require('fs');
const cart = require('./cart.cjs');

const originals = {
  parse: JSON.parse,
  stringify: JSON.stringify,
  readFile: fs.readFile,
  log: console.log,
  total: cart.total,
  method: cart.Cart.prototype.add,
  setTimeout: globalThis.setTimeout,
  alloc: Buffer.alloc,
};
const app = { handler: (a, b) => a + b };
globalThis.app = app;
const { handler } = app;

let last = 0;
async function work(ms) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
}
// Private: only this scope knows it, and nobody exports it.
function price(count) {
  return count * 3;
}
const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://x');
  if (pathname === '/self') {
    const same = {
      parse: JSON.parse === originals.parse,
      stringify: JSON.stringify === originals.stringify,
      readFile: fs.readFile === originals.readFile,
      log: console.log === originals.log,
      total: cart.total === originals.total,
      method: cart.Cart.prototype.add === originals.method,
      handler: app.handler === handler,
      setTimeout: globalThis.setTimeout === originals.setTimeout,
      alloc: Buffer.alloc === originals.alloc,
      private: price.toString().includes('count * 3') && price.name === 'price',
      symbols:
        Object.getOwnPropertySymbols(globalThis).filter((one) => String(one).includes('holter')).length === 0,
      channel: require('diagnostics_channel').channel('http.server.request.start').hasSubscribers === false,
    };
    response.end(JSON.stringify(same));
    return;
  }
  const ms = Number(searchParams.get('ms') ?? 1);
  JSON.parse('{"a":[1,2,3]}');
  last = price(2) + cart.total([1, 2]) + new cart.Cart().add(1) + app.handler(1, 2);
  fs.readFile(__filename, () => {});
  const waited = await work(ms);
  response.end(JSON.stringify({ waited, last, path: pathname }));
});
server.listen(process.env.PORT || 0, () => console.log(`listening ${server.address().port}`));

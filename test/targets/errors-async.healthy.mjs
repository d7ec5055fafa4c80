// holter-expect {"kind":"healthy","load":{"path":"/","connections":5,"rate":200}}
// An await rejects in one request of four, and the handler has another answer; one in 400 fails for good.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

let asked = 0;
async function loadStock() {
  await sleep(2);
  if (++asked % 4 === 0) throw new RangeError(`shelf ${asked % 16} is not in the warehouse`);
  return { stock: asked };
}

async function answer(response) {
  const stock = await loadStock();
  response.end(JSON.stringify(stock));
}

const server = createServer((_request, response) => {
  answer(response).catch(() => {
    response.writeHead(asked % 400 === 0 ? 500 : 200, { 'content-type': 'text/plain' });
    response.end('{"stock":0}');
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));

import { createServer } from 'node:http';
import { priceFor } from './price.js';

// A price tag: every request adds a listener to the settings and none takes it away.
const products = Array.from({ length: 40 }, (_, id) => ({ id, cents: 199 + id * 50 }));
let next = 0;

const server = createServer((_req, res) => {
  const view = priceFor(products[next++ % products.length], res);
  res.end(view.text);
});

server.listen(Number(process.env.PORT ?? 3009), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

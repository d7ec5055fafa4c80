import { createServer } from 'node:http';
import { quoteLine } from './prices.js';

// A shop that quotes prices: /quote?lines=tea:3,bread
const server = createServer((req, res) => handle(req, res));

function handle(req, res) {
  const url = new URL(req.url, 'http://shop');
  const lines = (url.searchParams.get('lines') ?? '').split(',');
  const quote = [];
  for (const line of lines) quote.push(quoteLine(line));
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify(quote));
}

server.listen(Number(process.env.PORT ?? 3011), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

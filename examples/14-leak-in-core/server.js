import { createServer } from 'node:http';
import { makeHeaviest } from './heaviest.js';
import { Scan } from './scan.js';

// A parcel office: POST /scan?parcel=7 answers whether it is the heaviest of the day.
const heaviestWith = makeHeaviest();
let count = 0;

const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://office');
  if (url.pathname !== '/scan') return res.end('ok');
  count++;
  const scan = new Scan(url.searchParams.get('parcel') ?? `${count}`, count % 90, (count * 37) % 30_000);
  res.end(JSON.stringify({ isHeaviest: heaviestWith(scan) === scan }));
});

server.listen(Number(process.env.PORT ?? 3014), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

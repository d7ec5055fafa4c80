import { createServer } from 'node:http';
import { Ledger } from './bookings.js';
import { replay } from './replay.js';

const books = new Ledger('main');

// An account book: /replay?bookings=1000 plays that many into it again and answers their sum.
const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://books');
  if (url.pathname !== '/replay') return res.end('ok');
  res.end(`${replay(books, Number(url.searchParams.get('bookings') ?? 1000))}`);
});

server.listen(Number(process.env.PORT ?? 3015), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

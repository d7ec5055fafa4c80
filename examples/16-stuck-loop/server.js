import { createServer } from 'node:http';
import { parseHtml } from './html-parser.js';
import { nextBackup } from './schedule.js';

const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://local');
  if (url.pathname === '/next-backup') {
    // Asked for a weekday that does not exist (`?weekday=7`) it never answers, and nobody else is answered either.
    const day = nextBackup(new Date(), Number(url.searchParams.get('weekday') ?? 1));
    res.end(day.toISOString());
  } else if (url.pathname === '/outline') {
    const page = `<p>${'<'.repeat(Number(url.searchParams.get('size') ?? 10))}`;
    res.end(JSON.stringify(parseHtml(page)));
  } else {
    res.end('ok');
  }
});

server.listen(Number(process.env.PORT ?? 3016), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

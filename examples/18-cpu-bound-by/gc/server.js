import { createServer } from 'node:http';
import { rebuild } from './report.js';

const server = createServer((req, res) => {
  res.end(JSON.stringify(rebuild(Number(req.url.slice(1)) || 0)));
});

server.listen(Number(process.env.PORT ?? 3019), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

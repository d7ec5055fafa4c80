import { createServer } from 'node:http';
import { isAllowed } from './rate-limit.js';

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (!isAllowed(pathname)) {
    response.writeHead(429).end('slow down\n');
    return;
  }
  response.end('fine\n');
});

server.listen(Number(process.env.PORT ?? 3007), () => console.log(`listening ${server.address().port}`));

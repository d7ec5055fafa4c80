import { createServer } from 'node:http';
import { route } from './routes.js';

// A small shop: three routes, one of them far too expensive for the thread that serves all of them.
const server = createServer(async (req, res) => {
  try {
    const { status, body } = await route(req);
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body));
  } catch (error) {
    res.writeHead(500);
    res.end(error.message);
  }
});

server.listen(Number(process.env.PORT ?? 3006), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

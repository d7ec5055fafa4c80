// holter-expect {"kind":"leak-listeners","functions":["lookUp"],"line":7,"load":{"path":"/","connections":10},"also":["memory-leak-heap"]}
import { createServer } from 'node:http';

const stopping = new AbortController();

async function lookUp(url) {
  stopping.signal.addEventListener('abort', () => url.length);
  return url;
}

const server = createServer(async (req, res) => {
  const found = await lookUp(req.url);
  setTimeout(() => res.end(found), 50);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"healthy","load":{"path":"/events","connections":20}}
// Requests that wait on purpose: each is answered when the next event comes, or with nothing after four seconds.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';

const events = new EventEmitter().setMaxListeners(0);
setInterval(() => events.emit('news', { at: Date.now() }), 1500);

const server = createServer(async (_request, response) => {
  const limit = AbortSignal.timeout(4000);
  try {
    const [news] = await once(events, 'news', { signal: limit });
    response.end(JSON.stringify(news));
  } catch {
    response.writeHead(204).end();
  }
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));

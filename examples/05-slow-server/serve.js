import { createServer } from 'node:http';

/** Answers every request with what `quote` makes of it. PORT 0 takes any free port. */
export function serve(quote) {
  let id = 0;
  const server = createServer(async (_request, response) => {
    response.setHeader('content-type', 'text/csv');
    response.end(await quote(++id));
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    console.log(`listening ${server.address().port}`);
  });
}

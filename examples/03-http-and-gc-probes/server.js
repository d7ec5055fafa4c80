import { createServer } from 'node:http';
import { findRoute } from './router.js';

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://shop');
  const route = findRoute(request.method, pathname);
  if (route === undefined) {
    console.warn(`no route for ${pathname}`);
    response.writeHead(404).end();
    return;
  }
  response.end(JSON.stringify(await route.handler(pathname)));
});
server.listen(process.env.PORT || 0, () => console.log(`listening ${server.address().port}`));

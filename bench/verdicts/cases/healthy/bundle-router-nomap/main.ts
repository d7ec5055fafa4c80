// holter-expect {"kind":"healthy","load":{"path":"/team/9/member/4","connections":20}}
import { createServer } from 'node:http';
import { Router } from './router.js';

const router = new Router();
router.add('/team/:team/member/:member', ({ team, member }) => ({ team, member }));
for (let i = 0; i < 40; i++) router.add(`/static/${i}`, () => ({ i }));

const server = createServer((req, res) => {
  const body = router.handle(req.url ?? '/');
  res.statusCode = body ? 200 : 404;
  res.end(JSON.stringify(body ?? {}));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});

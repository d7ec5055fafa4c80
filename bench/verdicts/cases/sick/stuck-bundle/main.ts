// holter-expect {"kind":"event-loop-stuck","file":"tokens.ts","functions":["tokenise","Tokeniser.tokenise","next"],"line":9,"lines":[5,6,7,8,9,10,11,12,13,14],"trigger":"/parse?q=%22open"}
import { createServer } from 'node:http';
import { tokenise } from './tokens.js';

const server = createServer((req, res) => {
  const query = new URL(req.url ?? '/', 'http://x').searchParams.get('q') ?? '';
  res.end(String(tokenise(query).length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});

// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const digest = (input: string): string => createHash('sha256').update(input).digest('hex');

const server = createServer((req: IncomingMessage, res: ServerResponse): void => {
  res.end(digest(req.url ?? '/'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening ${typeof address === 'object' ? address?.port : ''}`);
});

// holter-expect {"kind":"event-loop-blocked","functions":["digest","TokenService.digest"],"line":29,"lines":[27,28,29,30],"load":{"path":"/","connections":6}}
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

interface Token {
  readonly value: string;
  readonly issued: number;
}

abstract class Service<T> {
  abstract handle(input: string): T;
}

class TokenService extends Service<Token> {
  private rounds: number;

  constructor(rounds: number) {
    super();
    this.rounds = rounds;
  }

  override handle(input: string): Token {
    return { value: this.digest(input), issued: Date.now() };
  }

  private digest(input: string): string {
    let value = input;
    for (let round = 0; round < this.rounds; round++) {
      value = createHash('sha256').update(value).digest('hex');
    }
    return value;
  }
}

const service = new TokenService(25_000);
const server = createServer((req: IncomingMessage, res: ServerResponse): void => {
  res.end(JSON.stringify(service.handle(req.url ?? '/')));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening ${typeof address === 'object' ? address?.port : ''}`);
});

// holter-expect {"kind":"healthy","load":{"path":"/?q=7","connections":20}}
import { createServer } from 'node:http';

interface Entity {
  readonly id: number;
}

class Repository<T extends Entity> {
  private readonly byId = new Map<number, T>();

  constructor(entities: Iterable<T>) {
    for (const entity of entities) this.byId.set(entity.id, entity);
  }

  async find(id: number): Promise<T | undefined> {
    await Promise.resolve();
    return this.byId.get(id);
  }
}

const users = new Repository(Array.from({ length: 10_000 }, (_, id) => ({ id, name: `user ${id}` })));
const server = createServer(async (req, res) => {
  const id = Number(new URL(req.url ?? '/', 'http://x').searchParams.get('q'));
  res.end(JSON.stringify((await users.find(id)) ?? null));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});

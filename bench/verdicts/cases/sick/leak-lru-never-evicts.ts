// holter-expect {"kind":"memory-leak-heap","kinds":["out-of-memory-risk"],"functions":["load","load","remember","LruCache.remember"],"line":26,"lines":[14,15,16,17,18,19,25,26,27],"load":{"path":"/","connections":10,"rate":400}}
import { createServer } from 'node:http';

interface Profile {
  id: string;
  badges: string[];
}

class LruCache<V> {
  private readonly entries = new Map<string, V>();

  constructor(private readonly limit: number) {}

  remember(key: string, value: V): V {
    // Compares a number with undefined: Map has `size`, not `length`, and nothing is ever evicted.
    if ((this.entries as unknown as { length: number }).length > this.limit) this.entries.clear();
    this.entries.set(key, value);
    return value;
  }
}

const cache = new LruCache<Profile>(500);
let asked = 0;

function load(id: string): Profile {
  return { id, badges: Array.from({ length: 250 }, (_, i) => `${id}-badge-${i}`) };
}

const server = createServer((req, res) => {
  const id = `user${asked++}`;
  res.end(cache.remember(id, load(id)).badges[0]);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});

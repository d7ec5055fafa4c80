// holter-expect {"kind":"cpu-bound","functions":["tally","Ballot.tally"],"line":20,"lines":[16,17,18,19,20,21,22,23,24,25],"load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

// Compiled for an old target: every async function below becomes a generator inside a helper.
interface Vote {
  readonly ranking: readonly string[];
}

class Ballot {
  private readonly votes: Vote[] = Array.from({ length: 30_000 }, (_, i) => ({
    ranking: ['ash', 'oak', 'elm', 'fir']
      .slice()
      .sort((a, b) => ((i * a.charCodeAt(0)) % 7) - ((i * b.charCodeAt(0)) % 7)),
  }));

  async tally(round: number): Promise<Map<string, number>> {
    const points = new Map<string, number>();
    for (const vote of this.votes) {
      for (const [place, name] of vote.ranking.entries()) {
        points.set(name, (points.get(name) ?? 0) + (4 - place) * round);
      }
    }
    await Promise.resolve();
    return points;
  }
}

const ballot = new Ballot();
const server = createServer(async (req, res) => {
  const points = await ballot.tally(req.url?.length ?? 1);
  res.end([...points].map(([name, count]) => `${name} ${count}`).join('\n'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});

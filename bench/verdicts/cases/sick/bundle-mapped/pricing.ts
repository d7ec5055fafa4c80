import type { Route } from './text.js';

/** Shortest path without a heap: looks through all stops for the nearest one, every round. */
export class Network {
  private readonly fares: Uint16Array;

  constructor(private readonly size: number) {
    this.fares = new Uint16Array(size * size).map((_, i) => 100 + ((i * 7_919) % 977));
  }

  cheapestRoute(from: number, to: number): Route {
    const cost = new Float64Array(this.size).fill(Number.POSITIVE_INFINITY);
    const open = new Set<number>(Array.from({ length: this.size }, (_, i) => i));
    cost[from] = 0;
    while (open.size > 0) {
      let nearest = -1;
      for (const stop of open) {
        if (nearest < 0 || cost[stop]! < cost[nearest]!) nearest = stop;
      }
      open.delete(nearest);
      for (let next = 0; next < this.size; next++) {
        const fare = cost[nearest]! + this.fares[nearest * this.size + next]!;
        if (fare < cost[next]!) cost[next] = fare;
      }
    }
    return { stops: [from, to], cents: cost[to]! };
  }
}

// holter-expect {"kind":"event-loop-blocked","functions":["total","Basket.total","Line.net","net","get total"],"line":22,"lines":[11,12,13,21,22,23,27],"load":{"path":"/checkout","connections":5}}
import { createServer } from 'node:http';

class Line {
  constructor(cents, count, discounts) {
    this.cents = cents;
    this.count = count;
    this.discounts = discounts;
  }

  get net() {
    return this.discounts.reduce((sum, rate) => sum * (1 - rate), this.cents * this.count);
  }
}

class Basket {
  constructor() {
    this.lines = Array.from({ length: 300 }, (_, i) => new Line(i, i % 5, [0.1, 0.05, 0.01, 0.02]));
  }

  get total() {
    return this.lines.reduce((sum, line) => sum + line.net, 0);
  }

  get shares() {
    // Looks like a field, costs like a loop: the getter runs once per line.
    return Array.from({ length: 260 }).flatMap(() => this.lines.map((line) => line.net / this.total));
  }
}

const basket = new Basket();
const server = createServer((req, res) => {
  res.end(String(basket.shares.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

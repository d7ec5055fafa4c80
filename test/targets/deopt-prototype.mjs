// holter-expect {"kind":"deoptimised","functions":["priceOf","total"],"lines":[12,19,21,22],"also":["cpu-bound"],"load":{"path":"/","connections":10}}
// The rate of a request reaches the items by way of their prototype: each change of it throws optimised code away.
import { createServer } from 'node:http';

class Item {
  constructor(count, cents) {
    this.count = count;
    this.cents = cents;
  }

  total() {
    return this.count * this.cents * this.rate;
  }
}

const basket = Array.from({ length: 3000 }, (_, index) => new Item(index % 7, 100 + index));

function priceOf(items, rate) {
  Item.prototype.rate = rate;
  let sum = 0;
  for (let round = 0; round < 60; round++) for (const item of items) sum += item.total();
  delete Item.prototype.rate;
  return sum;
}

const server = createServer((_request, response) => {
  response.end(String(priceOf(basket, 1.19)));
});
server.listen(Number(process.env.PORT ?? 0), () => console.log(`listening ${server.address().port}`));

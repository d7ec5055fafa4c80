// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const catalogue = new Map(Array.from({ length: 3_000 }, (_, i) => [`S${i}`, { cents: i * 3 + 1 }]));

async function priceOrder(skus) {
  let cents = 0;
  for (const sku of skus) cents += catalogue.get(sku)?.cents ?? 0;
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

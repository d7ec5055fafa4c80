// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const COINS = [50, 20, 10, 5, 2, 1];

function waysToPay(amount) {
  const ways = new Array(amount + 1).fill(0);
  ways[0] = 1;
  for (const coin of COINS) {
    for (let sum = coin; sum <= amount; sum++) ways[sum] += ways[sum - coin];
  }
  return ways[amount];
}

const server = createServer((req, res) => {
  res.end(String(waysToPay(300)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

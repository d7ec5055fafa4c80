// holter-expect {"kind":"event-loop-blocked","functions":["waysToPay"],"line":10,"lines":[6,7,8,9,10,11,12,13],"load":{"path":"/","connections":6}}
import { createServer } from 'node:http';

const COINS = [50, 20, 10, 5, 2, 1];

function waysToPay(amount, first) {
  if (amount === 0) return 1;
  let ways = 0;
  for (let i = first; i < COINS.length; i++) {
    if (COINS[i] <= amount) ways += waysToPay(amount - COINS[i], i);
  }
  return ways;
}

const server = createServer((req, res) => {
  res.end(String(waysToPay(300, 0)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

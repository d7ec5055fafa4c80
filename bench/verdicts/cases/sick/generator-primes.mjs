// holter-expect {"kind":"event-loop-blocked","functions":["primes","sumOfPrimes"],"line":7,"lines":[4,5,6,7,8,9,10,12,13,14,15,16],"load":{"path":"/","connections":4}}
import http from 'node:http';

function* primes(limit) {
  for (let n = 2; n < limit; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (prime) yield n;
  }
}

const sumOfPrimes = (limit) => {
  let sum = 0;
  for (const p of primes(limit)) sum += p;
  return sum;
};

const server = http.createServer((_, res) => void res.end(`${sumOfPrimes(750_000)}`));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

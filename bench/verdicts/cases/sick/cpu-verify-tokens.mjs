// holter-expect {"kind":"cpu-bound","functions":["verify","makeVerifier","sign"],"line":8,"lines":[8,9,10,11,12],"load":{"path":"/","connections":10}}
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const secrets = Array.from({ length: 1_500 }, (_, i) => `secret number ${i}`);

function makeVerifier(keys) {
  const sign = (payload, key) => createHmac('sha256', key).update(payload).digest();
  return function verify(payload, signature) {
    // Tries every key that was ever rotated in.
    return keys.some((key) => timingSafeEqual(sign(payload, key), signature));
  };
}

const verify = makeVerifier(secrets);
const payload = JSON.stringify({ sub: 'ada', exp: 4_102_444_800 });
const signature = createHmac('sha256', secrets.at(-1)).update(payload).digest();
const server = createServer((req, res) => {
  res.statusCode = verify(payload, signature) ? 200 : 401;
  res.end();
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

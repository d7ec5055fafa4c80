// holter-expect {"kind":"event-loop-blocked","file":"pricing.ts","functions":["cheapestRoute","relax","Network.cheapestRoute"],"line":22,"lines":[11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27],"load":{"path":"/route","connections":5}}
import { createServer } from 'node:http';
import { Network } from './pricing.js';
import { describeRoute } from './text.js';

const network = new Network(4_000);
const server = createServer((req, res) => {
  res.end(describeRoute(network.cheapestRoute(0, 3_999)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${(server.address() as { port: number }).port}`);
});

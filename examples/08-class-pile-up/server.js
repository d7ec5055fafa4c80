import { createServer } from 'node:http';
import { latest, remember } from './history.js';
import { Order } from './orders.js';

// A small order desk: every POST /orders makes an Order, GET / shows the last ten.
let next = 1;

const server = createServer((req, res) => {
  res.setHeader('content-type', 'application/json');
  if (req.url === '/orders') {
    const order = new Order(next++, `customer ${next % 500}`);
    remember(order);
    res.end(JSON.stringify({ id: order.id }));
  } else {
    res.end(JSON.stringify(latest()));
  }
});

server.listen(Number(process.env.PORT ?? 3008), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"event-loop-blocked","functions":["onOrder","reindex"],"line":13,"lines":[9,10,11,12,13,14,15,16,17],"load":{"path":"/order","connections":6,"rate":10}}
'use strict';
const { EventEmitter } = require('node:events');
const http = require('node:http');

const bus = new EventEmitter();
const orders = Array.from({ length: 180_000 }, (_, id) => ({ id, customer: `c${(id * 31) % 9_973}` }));

bus.on('order', function reindex(order) {
  const byCustomer = {};
  for (const known of orders) {
    if (!byCustomer[known.customer]) byCustomer[known.customer] = [];
    byCustomer[known.customer].push(known.id);
  }
  for (const ids of Object.values(byCustomer)) ids.sort((a, b) => b - a);
  order.total = Object.keys(byCustomer).length;
});

const server = http.createServer((req, res) => {
  const order = { id: orders.length };
  bus.emit('order', order);
  res.end(String(order.total));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

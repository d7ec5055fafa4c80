import { EventEmitter } from 'node:events';
import { createReadStream } from 'node:fs';
import { deliver } from './mailbox.js';

const orders = new EventEmitter();

orders.on('order', function confirmLater(customer) {
  setImmediate(confirm, customer);
});

function confirm(customer) {
  process.nextTick(writeConfirmation, customer);
}

async function writeConfirmation(customer) {
  const text = await Promise.resolve('your order is on its way');
  setTimeout(deliver, 40, { to: customer.address, text });
}

/** Reads a list of orders and tells each. Customers on lists have a `mail`, and no `address`. */
export function importOrders(customer) {
  const list = createReadStream(new URL('./package.json', import.meta.url));
  list.on('data', function readOrder() {
    orders.emit('order', customer);
  });
}

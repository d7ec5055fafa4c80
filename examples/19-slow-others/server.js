import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Database } from './database.js';
import { readInvoice } from './invoices.js';
import { listOrders } from './orders.js';
import { findParcel } from './parcels.js';
import { readRates } from './rates.js';
import { takeOne } from './stock.js';

const others = fork(fileURLToPath(new URL('./others.js', import.meta.url)), { execArgv: [] });
const {
  database: port,
  rates,
  carrier,
  drawers,
} = await new Promise((ready) => others.once('message', ready));
const database = new Database(port, 4);

function answer(path) {
  switch (path) {
    case '/orders':
      return listOrders(database);
    case '/rates':
      return readRates(rates);
    case '/parcel':
      return findParcel(carrier);
    case '/invoice':
      return readInvoice(drawers);
    case '/take':
      return takeOne(database);
    default:
      return 'ask for /orders, /rates, /parcel, /invoice or /take';
  }
}

const server = createServer(async (req, res) => {
  try {
    res.end(JSON.stringify(await answer(req.url)));
  } catch (error) {
    res.statusCode = 504;
    res.end(error.message);
  }
});

server.listen(Number(process.env.PORT ?? 3019), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

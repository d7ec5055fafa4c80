// holter-expect {"kind":"healthy","load":{"path":"/","connections":5,"rate":200,"paths":["/orders/1","/orders/2","/orders/3","/orders/4","/orders/5"]}}
// Exceptions tell what is there and what is not: every request throws and catches, none fails but by the caller.
import { createServer } from 'node:http';

const orders = new Map();
for (let id = 1; id <= 5; id++) orders.set(id, { id, items: id === 4 ? undefined : [{ price: 3 * id }] });

/** Whether a text is JSON is found out by an exception, in every request. */
const isJson = (text) => parses(() => JSON.parse(text));

function priceOf(order) {
  return order.items[0].price;
}

function parses(work) {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

const server = createServer((request, response) => {
  const id = Number(request.url.split('/').at(-1));
  try {
    const body = JSON.stringify({ price: priceOf(orders.get(id)), json: isJson('{no') });
    response.setHeader('content-type', 'application/json');
    response.end(body);
  } catch (error) {
    response.statusCode = id === 4 ? 404 : 200;
    response.end(`cannot show order ${id}: ${error.message}`);
  }
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${server.address().port}`));

// holter-expect {"kind":"event-loop-stuck","functions":["rootOf","Category.rootOf"],"line":12,"lines":[11,12],"trigger":"/breadcrumb"}
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const shoes = { name: 'shoes', parent: null };
const boots = { name: 'boots', parent: shoes };
shoes.parent = boots;

async function rootOf(category) {
  await delay(50);
  let at = category;
  while (at.parent !== null) at = at.parent;
  return at;
}

const server = createServer(async (req, res) => {
  res.end(req.url === '/breadcrumb' ? (await rootOf(boots)).name : 'ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

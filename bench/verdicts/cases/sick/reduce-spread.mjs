// holter-expect {"kind":"event-loop-blocked","also":["gc-pressure"],"functions":["byId","indexUsers","toRecord"],"line":6,"load":{"path":"/users","connections":4,"rate":6}}
import { createServer } from 'node:http';

const users = Array.from({ length: 1_200 }, (_, id) => ({ id: `u${id}`, name: `user ${id}` }));

const byId = (list) => list.reduce((record, user) => ({ ...record, [user.id]: user }), {});

const server = createServer((req, res) => {
  res.end(JSON.stringify(byId(users)));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

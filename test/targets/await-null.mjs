// holter-expect {"kind":"microtask-starvation","functions":["waitFor","isConnected"],"line":9,"lines":[6,8,9,10,11],"trigger":"/start"}
import { createServer } from 'node:http';

const state = { connected: false };

const isConnected = async () => state.connected;

async function waitFor(condition) {
  while (!(await condition())) {
    await null;
  }
}

const server = createServer(async (req, res) => {
  if (req.url === '/start') await waitFor(isConnected);
  res.end('ok');
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

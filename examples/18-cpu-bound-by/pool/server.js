import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { isRight } from './passwords.js';

const server = createServer(async (req, res) => {
  if (req.url === '/terms') {
    // Costs nothing, and takes its turn behind the passwords: files are read by the same four threads.
    res.end(await readFile(new URL('./package.json', import.meta.url)));
    return;
  }
  res.end((await isRight('a wrong password')) ? 'hello' : 'no');
});

server.listen(Number(process.env.PORT ?? 3018), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

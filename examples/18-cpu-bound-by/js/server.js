import { createServer } from 'node:http';
import { suggest } from './suggest.js';

const words = ['pasword', 'diagnosys', 'evnt lop', 'memmory', 'proces'];
let asked = 0;

const server = createServer((req, res) => {
  res.end(suggest(words[asked++ % words.length]));
});

server.listen(Number(process.env.PORT ?? 3018), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

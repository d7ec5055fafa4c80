// holter-expect {"kind":"memory-leak-external","functions":["keepUpload"],"line":7,"lines":[6,7,8],"load":{"path":"/","connections":10,"rate":200}}
import { createServer } from 'node:http';

const uploads = [];

function keepUpload(size) {
  uploads.push(Buffer.alloc(size, 1));
}

const server = createServer((req, res) => {
  keepUpload(32 * 1024);
  res.end(String(uploads.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

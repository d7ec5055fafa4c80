// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import { createServer } from 'node:http';

const rows = Array.from({ length: 60 }, (_, i) => ({ id: i, name: `<name> & "${i}"` }));
const escapeHtml = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const server = createServer((req, res) => {
  res.setHeader('content-type', 'text/html');
  res.end(rows.map((row) => `<li>${row.id} ${escapeHtml(row.name)}</li>`).join(''));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":250}}
import { createServer } from 'node:http';

// Each request leaves some hundred kilobytes of short-lived objects behind: what the young generation is for.
const server = createServer((req, res) => {
  const rows = Array.from({ length: 6_000 }, (_, i) => ({ i, label: `row ${i}` }));
  res.end(String(rows.filter(({ i }) => i % 3 === 0).length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

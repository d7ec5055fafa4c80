// holter-expect {"kind":"healthy","load":{"path":"/","connections":10,"rate":300}}
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const server = createServer(async (req, res) => {
  const text = await readFile(fileURLToPath(import.meta.url), 'utf8');
  res.end(String(text.length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

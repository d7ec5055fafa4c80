// holter-expect {"kind":"event-loop-blocked","also":["gc-pressure"],"function":"loadCatalogue","line":12,"load":{"path":"/","connections":6}}
import { createServer } from 'node:http';

const text = JSON.stringify(
  Array.from({ length: 1_200 }, (_, id) => ({
    id,
    prices: Array.from({ length: 1_000 }, (_, day) => day / 7 + id),
  })),
);

function loadCatalogue() {
  return JSON.parse(text);
}

const server = createServer((req, res) => {
  res.end(String(loadCatalogue().length));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

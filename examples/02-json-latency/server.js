import { createServer } from 'node:http';

// A price list of a thousand articles, kept as text as a cache would.
const list = JSON.stringify(
  Array.from({ length: 1000 }, (_, id) => ({
    id,
    name: `article ${id}`,
    price: (id * 7) % 100,
    tags: ['a', 'b'],
  })),
);

const server = createServer((request, response) => {
  const articles = JSON.parse(list);
  const wanted = Number(new URL(request.url, 'http://shop').searchParams.get('below') ?? 10);
  const cheap = articles.filter(({ price }) => price < wanted);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(cheap));
});
server.listen(process.env.PORT || 0, () => console.log(`listening ${server.address().port}`));

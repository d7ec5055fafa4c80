// holter-expect {"kind":"event-loop-blocked","functions":["related","resolveRelated"],"line":15,"lines":[12,13,14,15,16,17,18],"load":{"path":"/","connections":5}}
import { createServer } from 'node:http';
import { buildSchema, graphql } from 'graphql';

const schema = buildSchema('type Book { id: Int related: [Int] } type Query { books: [Book] }');
const books = Array.from({ length: 3_500 }, (_, id) => ({ id, genre: id % 7, year: 1900 + (id % 120) }));

const rootValue = {
  books: () =>
    books.slice(0, 900).map((book) => ({
      id: book.id,
      related() {
        return books
          .filter((other) => other.genre === book.genre && other.id !== book.id)
          .sort((a, b) => Math.abs(a.year - book.year) - Math.abs(b.year - book.year))
          .slice(0, 3)
          .map(({ id }) => id);
      },
    })),
};

const server = createServer(async (req, res) => {
  const result = await graphql({ schema, rootValue, source: '{ books { id related } }' });
  res.end(JSON.stringify(result));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

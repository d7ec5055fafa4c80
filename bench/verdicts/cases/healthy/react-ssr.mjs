// holter-expect {"kind":"healthy","load":{"path":"/","connections":10},"env":{"NODE_ENV":"production"}}
import { createServer } from 'node:http';
import { createElement as h } from 'react';
import { renderToString } from 'react-dom/server';

const Row = ({ id, name }) => h('tr', null, h('td', null, id), h('td', { className: 'name' }, name));
const Page = ({ rows }) =>
  h(
    'main',
    null,
    h('h1', null, 'Orders'),
    h(
      'table',
      null,
      h(
        'tbody',
        null,
        rows.map((row) => h(Row, { key: row.id, ...row })),
      ),
    ),
  );
const rows = Array.from({ length: 40 }, (_, id) => ({ id, name: `order ${id}` }));

const server = createServer((req, res) => {
  res.setHeader('content-type', 'text/html');
  res.end(renderToString(h(Page, { rows })));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

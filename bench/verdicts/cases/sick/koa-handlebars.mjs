// holter-expect {"kind":"event-loop-blocked","also":["gc-pressure"],"functions":["formatPrice","render","main"],"line":7,"lines":[5,6,7,8,22],"load":{"path":"/","connections":6,"rate":8}}
import Handlebars from 'handlebars';
import Koa from 'koa';

function formatPrice(cents) {
  // A new formatter for every cell: the classic.
  return new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' }).format(cents / 100);
}

Handlebars.registerHelper('price', formatPrice);
const template = Handlebars.compile('<ul>{{#each rows}}<li>{{name}} {{price cents}}</li>{{/each}}</ul>');
const rows = Array.from({ length: 1_500 }, (_, i) => ({ name: `row ${i}`, cents: i * 7 }));

const app = new Koa();
app.use(async (ctx, next) => {
  const began = Date.now();
  await next();
  ctx.set('x-took', String(Date.now() - began));
});
app.use(async (ctx) => {
  ctx.type = 'html';
  ctx.body = template({ rows });
});

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

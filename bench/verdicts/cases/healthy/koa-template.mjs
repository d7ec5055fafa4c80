// holter-expect {"kind":"healthy","load":{"path":"/","connections":10}}
import Handlebars from 'handlebars';
import Koa from 'koa';

const money = new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' });
Handlebars.registerHelper('price', (cents) => money.format(cents / 100));
const template = Handlebars.compile('<ul>{{#each rows}}<li>{{name}} {{price cents}}</li>{{/each}}</ul>');
const rows = Array.from({ length: 30 }, (_, i) => ({ name: `row ${i}`, cents: i * 7 }));

const app = new Koa();
app.use(async (ctx) => {
  ctx.type = 'html';
  ctx.body = template({ rows });
});
const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

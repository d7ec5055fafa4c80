// holter-expect {"kind":"memory-leak-external","functions":["readBody","upload"],"line":9,"lines":[6,7,8,9,10,14],"load":{"path":"/upload","connections":5,"rate":60,"method":"POST","bodyBytes":60000}}
import Koa from 'koa';

const journal = [];

async function readBody(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const app = new Koa();
app.use(async (ctx) => {
  const body = await readBody(ctx.req);
  journal.push({ at: Date.now(), body });
  ctx.body = String(body.length);
});

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening ${server.address().port}`);
});

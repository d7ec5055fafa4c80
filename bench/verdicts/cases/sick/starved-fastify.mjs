// holter-expect {"kind":"cpu-starved","functions":[],"starve":3,"load":{"path":"/","connections":10,"rate":600}}
import Fastify from 'fastify';

const app = Fastify({ logger: false });
app.get('/', async () => ({ hello: 'world', list: [1, 2, 3] }));
await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' });
console.log(`listening ${app.server.address().port}`);

// holter-expect {"kind":"healthy","load":{"path":"/items/3","connections":50}}
import Fastify from 'fastify';

const app = Fastify({ logger: false });
app.addHook('onRequest', async () => {});
app.get('/items/:id', async (request) => ({ id: request.params.id, stock: 12, tags: ['a', 'b', 'c'] }));
await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' });
console.log(`listening ${app.server.address().port}`);

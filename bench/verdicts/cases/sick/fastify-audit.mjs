// holter-expect {"kind":"event-loop-blocked","also":["gc-pressure"],"functions":["snapshotState","auditPlugin"],"line":8,"lines":[8,12],"load":{"path":"/items/7","connections":8,"rate":15}}
import Fastify from 'fastify';

const state = {
  items: Array.from({ length: 200_000 }, (_, id) => ({ id, stock: id % 90, shelf: `A${id % 13}` })),
};

const snapshotState = () => JSON.stringify(state).length;

async function auditPlugin(app) {
  app.addHook('onResponse', async (request) => {
    request.log.debug({ size: snapshotState() });
  });
  app.get('/items/:id', async (request) => state.items[Number(request.params.id)]);
}

const app = Fastify({ logger: false });
await app.register(auditPlugin);
await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' });
console.log(`listening ${app.server.address().port}`);

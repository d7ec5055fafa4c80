import { request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { HolterError } from '../base/errors.ts';
import type { PageServer } from '../render/page-data.ts';
import { type PageServerOptions, type RunningServer, startPageServer } from './page-server.ts';

let running: RunningServer[] = [];
afterEach(async () => {
  await Promise.all(running.map((server) => server.close()));
  running = [];
});

interface Reply {
  status: number;
  body: string;
  headers: NodeJS.Dict<string | string[]>;
}
interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

async function start(
  options: PageServerOptions = {},
  answer = async (body: unknown): Promise<unknown> => body,
) {
  let told: PageServer | undefined;
  const server = await startPageServer(
    {
      page: async (to) => {
        told = to;
        return '<p>page</p>';
      },
      answer,
    },
    options,
  );
  running.push(server);
  const url = new URL(server.url);
  const send = (path: string, { method = 'GET', headers = {}, body }: Asked = {}) =>
    new Promise<Reply>((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: url.port, path, method, headers, agent: false },
        (reply) => {
          let text = '';
          reply.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          reply.on('end', () => resolve({ status: reply.statusCode!, body: text, headers: reply.headers }));
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  const page = await send(url.pathname);
  const token = told!.token;
  const ask = (body: string, headers: Record<string, string> = {}) =>
    send('/ask', { method: 'POST', body, headers: { 'x-holter-token': token, ...headers } });
  return { server, url, send, page, token, ask };
}

it('gives its page at an address with a token, and answers who has it', async () => {
  const { page, url, token, ask } = await start();
  expect(url.hostname).toBe('127.0.0.1');
  expect(page).toMatchObject({ status: 200, body: '<p>page</p>' });
  expect(page.headers['cache-control']).toBe('no-store');
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(token.length).toBeGreaterThanOrEqual(32);
  expect(JSON.parse((await ask('{"ask":"ping"}')).body)).toEqual({ ask: 'ping' });
});

it('tells others nothing', async () => {
  const { send, token, ask, url } = await start();
  const right = { 'x-holter-token': token };
  expect((await send('/')).status).toBe(404);
  expect((await send('/favicon.ico')).status).toBe(404);
  expect((await send(`/${'a'.repeat(token.length)}/`)).status).toBe(404);
  expect((await send('/ask', { method: 'POST', body: '{}' })).status).toBe(403);
  expect((await send(`/ask?token=${token}`, { method: 'POST', body: '{}' })).status).toBe(403);
  expect((await send('/ask', { headers: right })).status).toBe(405);
  // A name of the attacker's that resolves to 127.0.0.1; another site; another port of this machine.
  expect((await ask('{}', { host: `evil.example:${url.port}` })).status).toBe(403);
  expect((await ask('{}', { origin: 'https://evil.example' })).status).toBe(403);
  expect((await ask('{}', { origin: 'http://127.0.0.1:1' })).status).toBe(403);
  expect((await ask('{}', { origin: 'null' })).status).toBe(403);
  expect((await ask('{}', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await send(url.pathname, { headers: { host: 'evil.example' } })).status).toBe(403);
  expect((await ask('{}', { origin: url.origin, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
});

it('says what went wrong with a question, and goes on', async () => {
  const { ask } = await start({}, async (body) => {
    if ((body as { bad?: boolean }).bad)
      throw new HolterError('E_USAGE', 'no such column', { hint: 'class' });
    throw new Error('boom');
  });
  const usage = await ask('{"bad":true}');
  expect([usage.status, JSON.parse(usage.body)]).toEqual([400, { problem: 'no such column', hint: 'class' }]);
  expect((await ask('{}')).status).toBe(500);
  expect((await ask('{')).status).toBe(400);
  expect((await ask(`"${'x'.repeat(70_000)}"`)).status).toBe(400);
});

it('tells the answerer when nobody waits any more', async () => {
  let heard: (gone: boolean) => void = () => {};
  const gone = new Promise<boolean>((resolve) => {
    heard = resolve;
  });
  let begun: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const server = await startPageServer({
    page: async () => '',
    answer: (_, options) =>
      new Promise((resolve) => {
        begun();
        options?.signal?.addEventListener('abort', () => {
          heard(true);
          resolve({});
        });
      }),
  });
  running.push(server);
  const url = new URL(server.url);
  const asked = request({
    host: '127.0.0.1',
    port: url.port,
    path: '/ask',
    method: 'POST',
    headers: { 'x-holter-token': url.pathname.replaceAll('/', '') },
  });
  asked.on('error', () => {});
  asked.end('{}');
  await started;
  asked.destroy();
  expect(await gone).toBe(true);
});

it('ends when nobody has asked for long', async () => {
  const { server } = await start({ idleMs: 100 });
  expect(await server.ended).toBe('idle');
});

it('says that a port is taken', async () => {
  const { url } = await start();
  await expect(
    startPageServer({ page: async () => '', answer: async () => ({}) }, { port: Number(url.port) }),
  ).rejects.toMatchObject({ code: 'E_START_FAILED' });
});

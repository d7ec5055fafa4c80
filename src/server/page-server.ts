import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HolterError } from '../base/errors.ts';
import type { Milliseconds } from '../base/units.ts';
import type { PageServer } from '../render/page-data.ts';
import type { Answerer } from './answer-question.ts';
import { isOwnHost, isToken } from './request-guard.ts';

export interface PageServerOptions {
  /** Of 127.0.0.1; default: a free one. */
  port?: number;
  /** Ends when nothing was asked for so long: the page asks every 30 s while it is open. Default 30 min. */
  idleMs?: Milliseconds;
}

export interface RunningServer {
  /** With the token in it: who has it can read the heap. */
  url: string;
  /** Resolves when the server has ended, with why. */
  ended: Promise<'closed' | 'idle'>;
  close(): Promise<void>;
}

/** What is served: a page, and answers to its questions. */
export interface Served {
  /** HTML of the page, which is told where to ask. Made once, when it is first wanted. */
  page(server: PageServer): Promise<string>;
  answer: Answerer;
}

const IDLE_MS = 30 * 60_000;
const TOKEN_BYTES = 24;
const LARGEST_BODY = 64 * 1024;
const ASK = '/ask';

/**
 * Serves one page on 127.0.0.1. The page is at a path that nobody can guess, its questions carry the same token in a
 * header (so no other page can send them), and Host and Origin must be the server's own.
 *
 * @throws HolterError E_START_FAILED: the port is taken
 */
export async function startPageServer(
  served: Served,
  { port = 0, idleMs = IDLE_MS }: PageServerOptions = {},
): Promise<RunningServer> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  let page: Promise<string> | undefined;
  let lastAsked = Date.now();
  let running = 0;
  const server = createServer((request, response) => {
    lastAsked = Date.now();
    running++;
    response.once('close', () => {
      running--;
      lastAsked = Date.now();
    });
    handle(request, response).catch((error: unknown) => sendProblem(response, error));
  });
  // A page asks a few small things; anything slower is not one.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    if (!isOwnHost(request, portOf(server))) return sendText(response, 403, 'not for you');
    const path = url.split('?', 1)[0]!;
    if (path === ASK) {
      if (!isToken(request.headers['x-holter-token'], token)) return sendText(response, 403, 'not for you');
      if (method !== 'POST') return sendText(response, 405, 'POST only');
      const question = await readBody(request);
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      return sendJson(response, 200, await served.answer(question, { signal: gone.signal }));
    }
    if (!isToken(path.slice(1).replace(/\/$/, ''), token)) return sendText(response, 404, 'nothing here');
    if (method !== 'GET' && method !== 'HEAD') return sendText(response, 405, 'GET only');
    page ??= served.page({ path: ASK, token });
    const html = await page;
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/html; charset=utf-8' });
    response.end(method === 'HEAD' ? undefined : html);
  }

  await listen(server, port);
  let why: 'closed' | 'idle' = 'closed';
  const ended = new Promise<'closed' | 'idle'>((resolve) => server.once('close', () => resolve(why)));
  const close = (): Promise<void> => {
    clearInterval(timer);
    server.close();
    server.closeAllConnections();
    return ended.then(() => {});
  };
  const timer = setInterval(
    () => {
      if (running > 0 || Date.now() - lastAsked < idleMs) return;
      why = 'idle';
      void close();
    },
    Math.min(10_000, Math.max(50, idleMs / 4)),
  );
  return { url: `http://127.0.0.1:${portOf(server)}/${token}/`, ended, close };
}

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  // The page's own policy allows its script and style; frames can only be forbidden in a header.
  'content-security-policy': "frame-ancestors 'none'",
};

function portOf(server: Server): number {
  return (server.address() as AddressInfo | null)?.port ?? 0;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new HolterError('E_START_FAILED', `cannot listen on 127.0.0.1:${port}: ${cause.message}`, {
          hint: 'leave out --port for a free one',
          cause,
        }),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    length += (part as Buffer).length;
    if (length > LARGEST_BODY) throw new HolterError('E_USAGE', 'the question is too long');
    parts.push(part as Buffer);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch (cause) {
    throw new HolterError('E_USAGE', 'the question is not JSON', { cause });
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...HEADERS, 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    ...HEADERS,
    'content-type': 'text/plain; charset=utf-8',
    connection: 'close',
  });
  response.end(`${text}\n`);
}

function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const known = error instanceof HolterError;
  const status = known && error.code === 'E_USAGE' ? 400 : 500;
  sendJson(response, status, {
    problem: known
      ? error.message
      : `holter failed: ${error instanceof Error ? error.message : String(error)}`,
    hint: (known ? error.hint : undefined) ?? '',
  });
}

import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HolterError } from '../base/errors.ts';

/** The parts of autocannon's API (README, "API") that holter uses. */
export interface AutocannonOptions {
  url: string;
  connections: number;
  /** Seconds. */
  duration: number;
  /** Requests in all; takes the place of `duration`. */
  amount?: number;
  /** Seconds, at least 1. */
  timeout: number;
  /** ms between two looks at whether to stop. */
  sampleInt: number;
  method: string;
  headers: Record<string, string>;
  body?: string | Buffer;
  setupClient: (client: AutocannonClient) => void;
}

export interface AutocannonRun extends PromiseLike<unknown> {
  stop?: () => void;
}

export type Autocannon = (options: AutocannonOptions) => AutocannonRun;

/**
 * One connection of autocannon (lib/httpClient.js of 7.0–9.0). Public are the class' events and `setupClient`; the members
 * below are its own business, so each is looked for before it is used.
 */
export interface AutocannonClient extends EventEmitter {
  conn?: Socket;
  destroyed: boolean;
  /** ms. */
  timeout: number;
  reqsMade: number;
  responseMax?: number;
  timeoutTicker?: { reschedule(ms: number): void };
  pipelinedRequests: { terminateRequest(): unknown };
  parser: HttpParser;
  destroy(): void;
  _connect(): void;
  _doRequest(): void;
  _destroyConnection(): void;
}

/** http-parser-js, which autocannon reads responses with. The callbacks lie under numeric keys named on its class. */
export interface HttpParser {
  [callback: number]: (...values: unknown[]) => unknown;
  type: string;
  execute(chunk: Buffer): number | Error;
  finish(): unknown;
  reinitialize(type: string): void;
}

const INSTALL = 'npm i -g autocannon, or in your project: npm i -D autocannon';

/** Where autocannon is looked for: beside holter, then in the user's project, then among the global packages. */
export function autocannonPlaces(): string[] {
  return [
    dirname(fileURLToPath(import.meta.url)),
    process.cwd(),
    join(dirname(dirname(process.execPath)), 'lib'),
  ];
}

/**
 * Loads autocannon, an optional peer, from the first of `places` that has it.
 * @throws HolterError E_OPTIONAL_MISSING
 */
export async function loadAutocannon(places: readonly string[] = autocannonPlaces()): Promise<Autocannon> {
  for (const place of places) {
    let path: string;
    try {
      path = createRequire(join(place, 'x.js')).resolve('autocannon');
    } catch {
      continue;
    }
    try {
      const loaded = (await import(pathToFileURL(path).href)) as { default?: unknown };
      if (typeof loaded.default === 'function') return loaded.default as Autocannon;
    } catch (cause) {
      throw new HolterError(
        'E_OPTIONAL_MISSING',
        `autocannon at ${path} cannot be loaded: ${String(cause)}`,
        {
          hint: INSTALL,
          cause,
        },
      );
    }
  }
  throw new HolterError('E_OPTIONAL_MISSING', 'load tests need autocannon, which is not installed', {
    hint: INSTALL,
  });
}

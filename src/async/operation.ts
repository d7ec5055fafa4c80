import type { Milliseconds } from '../base/units.ts';

/** All kinds, for columns of numbers. */
export const OPERATION_KINDS: readonly OperationKind[] = [
  'peer',
  'connect',
  'dns',
  'fs',
  'pool',
  'child',
  'timer',
  'immediate',
  'promise',
  'http-server',
  'http-client',
  'other',
];

/** What an operation is, whatever Node calls its resource. */
export type OperationKind =
  /** Connected sockets: written to, waiting for the peer's answer. */
  | 'peer'
  | 'connect'
  | 'dns'
  | 'fs'
  /** pbkdf2, scrypt, zlib, …: work that the libuv pool does. */
  | 'pool'
  | 'child'
  | 'timer'
  | 'immediate'
  | 'promise'
  | 'http-server'
  | 'http-client'
  | 'other';

/** A place in the program, after source maps; the innermost of the user's frames stands for the whole. */
export interface CreationSite {
  function: string;
  file: string;
  /** 1-based. */
  line: number;
  column: number;
  party: 'user' | 'dependency' | 'core' | 'unknown';
  /** npm package, '' none. */
  package: string;
}

/** One asynchronous operation; times are ms after the window's start. */
export interface Operation {
  /** async_hooks id; odd and negative for what has none there (peers, client requests); requests are even and negative. */
  id: number;
  kind: OperationKind;
  /** Node's name: `FSREQCALLBACK`, `TCPWRAP`. */
  type: string;
  /** What it is about: `10.0.0.5:5432`, a path, a host name, `GET /orders/:id`; '' unknown. */
  subject: string;
  /** Operation that was running when it was created; 0 none. */
  trigger: number;
  /** Request that it belongs to; 0 none. */
  request: number;
  startedAt: Milliseconds;
  /** First callback, or answer of the peer; NaN: still waiting at the end of the window. */
  endedAt: Milliseconds;
  /** Index of its creating stack in the log; −1: not sampled. */
  stack: number;
}

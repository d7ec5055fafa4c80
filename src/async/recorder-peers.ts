import type { BuiltinRequire } from './recorder-builtins.ts';
import type { FlushPeer, RecorderCore } from './recorder-state.ts';

/** The sockets' part of the recorder; sent as text, so nothing of this module's scope may be used. */
export interface PeerWatch {
  /** To be called when a callback of a handle begins. */
  answered(asyncId: number): void;
  /** Sockets whose handle is known by its id. */
  readonly size: number;
  /** Writes of this socket belong to a client request that is recorded itself. */
  isClientRequest(socket: object): void;
  /** With `sweep` closed sockets are let go. */
  totals(time: number, sweep: boolean): FlushPeer[];
  /** The recorder rests: answers are not heard any more, so nobody counts as busy. */
  rest(time: number): void;
  /** It listens again. */
  resume(time: number): void;
  connections(): Record<string, number>;
  undo(): boolean;
}

/**
 * A write to a peer begins a wait, the next read callback of the socket's handle ends it: that covers every driver
 * without knowing one, also on connections that were open before we came. Wrapped is `net.Socket.prototype._writeGeneric`
 * (the same on Node 18 to 26; TLS sockets inherit it): Node tells hooks only of writes that did not finish at once.
 */
export function watchPeers(builtin: BuiltinRequire, core: RecorderCore): PeerWatch {
  type Socket = import('node:net').Socket & {
    _handle?: { getAsyncId?(): number } | null;
    _isStdio?: boolean;
    _server?: unknown;
    server?: unknown;
    _httpMessage?: unknown;
  };
  interface Peer extends FlushPeer {
    subject: number;
    since: number;
  }
  interface Connection {
    asyncId: number;
    socket: WeakRef<object>;
    peer: Peer | undefined;
    busy: boolean;
    askedAt: number;
    askedBy: number;
    /** Waits that the next answer ends: row, id, request. */
    waits: [number, number, number][];
    lastRow: number;
    lastRead: number;
  }
  /** An answer in pieces: pieces that come so soon after each other belong to one. ms */
  const PIECES_MS = 100;
  const KNOWN_LIMIT = 20_000;
  const { prototype } = builtin('net').Socket as unknown as { prototype: Record<string, unknown> };
  const descriptor = Object.getOwnPropertyDescriptor(prototype, '_writeGeneric');
  const original = descriptor?.value as ((...args: unknown[]) => unknown) | undefined;
  const peers = new Map<string, Peer>();
  const known = new WeakMap<object, Connection>();
  const byHandle = new Map<number, Connection>();
  const clients = new WeakSet<object>();

  const addressOf = (socket: Socket): string => {
    const { remoteAddress, remotePort } = socket;
    if (typeof remoteAddress !== 'string') return 'unix socket';
    const host = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
    return host.includes(':') ? `[${host}]:${remotePort}` : `${host}:${remotePort}`;
  };
  const count = (peer: Peer, by: number, time: number): void => {
    peer.busyMs += peer.busy * (time - peer.since);
    peer.since = time;
    peer.busy += by;
    if (peer.busy > peer.mostBusy) peer.mostBusy = peer.busy;
  };
  const meet = (socket: Socket): Connection | undefined => {
    const handle = socket._handle;
    const asyncId = handle?.getAsyncId?.();
    if (!handle || typeof asyncId !== 'number' || byHandle.size >= KNOWN_LIMIT) return undefined;
    let peer: Peer | undefined;
    // Accepted connections ask us; our answers to them are no waits. Standard streams have no peer.
    const accepted = socket._server != null || socket.server != null || socket._isStdio === true;
    if (!accepted) {
      const address = addressOf(socket);
      peer = peers.get(address);
      if (peer === undefined && peers.size < 500) {
        peer = {
          address,
          subject: core.subject(address),
          questions: 0,
          busy: 0,
          mostBusy: 0,
          busyMs: 0,
          waitMs: 0,
          since: core.now(),
        };
        peers.set(address, peer);
      }
    }
    const connection: Connection = {
      asyncId,
      socket: new WeakRef(socket),
      peer,
      busy: false,
      askedAt: 0,
      askedBy: 0,
      waits: [],
      lastRow: 0,
      lastRead: 0,
    };
    known.set(socket, connection);
    if (peer !== undefined) byHandle.set(asyncId, connection);
    return connection;
  };
  const forget = (connection: Connection, time: number = core.now()): void => {
    byHandle.delete(connection.asyncId);
    if (!connection.busy || connection.peer === undefined) return;
    connection.busy = false;
    count(connection.peer, -1, time);
    for (const [row] of connection.waits) core.end(row, time);
    connection.waits = [];
  };
  const asked = core.guard((socket: Socket): void => {
    if (!core.isListening || socket.connecting) return;
    let connection = known.get(socket);
    // An agent that hands a connection to its next request gives the handle a new id.
    if (connection === undefined || connection.asyncId !== socket._handle?.getAsyncId?.()) {
      if (connection !== undefined) forget(connection);
      connection = meet(socket);
    }
    const peer = connection?.peer;
    if (connection === undefined || peer === undefined) return;
    core.look();
    const { runningOp, runningRequest } = core;
    // Header and body of one question are two writes.
    if (connection.busy && connection.askedBy === runningRequest) return;
    const time = core.now();
    if (!connection.busy) {
      connection.busy = true;
      connection.askedAt = time;
      count(peer, 1, time);
    }
    peer.questions++;
    connection.askedBy = runningRequest;
    if (socket._httpMessage != null || clients.has(socket)) return;
    if (connection.waits.length >= 200) return;
    const row = core.add('peer', peer.subject, runningOp, runningRequest);
    if (row !== 0) connection.waits.push([row, core.lastId, runningRequest]);
  });
  const answered = (asyncId: number): void => {
    const connection = byHandle.get(asyncId);
    const peer = connection?.peer;
    if (connection === undefined || peer === undefined) return;
    const time = core.now();
    if (connection.busy) {
      connection.busy = false;
      count(peer, -1, time);
      peer.waitMs += time - connection.askedAt;
      const { waits } = connection;
      for (const [row] of waits) core.end(row, time);
      const only = waits.length === 1 ? waits[0] : undefined;
      connection.lastRow = only?.[0] ?? 0;
      // What a pooled connection's answer sets off belongs to who asked, not to who happened to connect.
      if (waits.length > 0) core.bind(asyncId, only?.[1] ?? 0, only?.[2] ?? 0);
      connection.waits = [];
    } else if (connection.lastRow !== 0) {
      if (time - connection.lastRead < PIECES_MS) core.end(connection.lastRow, time);
      else connection.lastRow = 0;
    }
    connection.lastRead = time;
  };
  function _writeGeneric(this: Socket, ...args: unknown[]): unknown {
    asked(this);
    return Reflect.apply(original as (...args: unknown[]) => unknown, this, args);
  }
  if (original !== undefined && descriptor?.configurable === true)
    Object.defineProperty(prototype, '_writeGeneric', { ...descriptor, value: _writeGeneric });

  return {
    answered,
    get size() {
      return byHandle.size;
    },
    isClientRequest: (socket) => void clients.add(socket),
    totals(time, sweep) {
      for (const connection of sweep ? byHandle.values() : []) {
        const socket = connection.socket.deref() as Socket | undefined;
        if (socket === undefined || socket.destroyed === true || socket._handle == null)
          forget(connection, time);
      }
      return [...peers.values()].map((peer) => {
        count(peer, 0, time);
        const { address, questions, busy, mostBusy, busyMs, waitMs } = peer;
        return { address, questions, busy, mostBusy, busyMs, waitMs };
      });
    },
    rest(time) {
      for (const connection of byHandle.values()) {
        connection.busy = false;
        connection.waits = [];
        connection.lastRow = 0;
      }
      for (const peer of peers.values()) count(peer, -peer.busy, time);
    },
    resume(time) {
      for (const peer of peers.values()) peer.since = time;
    },
    connections() {
      const found: Record<string, number> = {};
      const { _getActiveHandles } = process as unknown as { _getActiveHandles?(): object[] };
      for (const handle of (_getActiveHandles?.call(process) ?? []).slice(0, 20_000)) {
        const socket = handle as Socket;
        if (typeof socket.remotePort !== 'number' || socket._server != null || socket.server != null)
          continue;
        const address = addressOf(socket);
        found[address] = (found[address] ?? 0) + 1;
      }
      return found;
    },
    undo() {
      byHandle.clear();
      if (original === undefined || prototype._writeGeneric === original) return true;
      // Somebody wrapped ours meanwhile: it stays in the chain and only hands on.
      if (prototype._writeGeneric !== _writeGeneric) return false;
      Object.defineProperty(prototype, '_writeGeneric', descriptor as PropertyDescriptor);
      return true;
    },
  };
}

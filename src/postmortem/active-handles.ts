import { classNameOf } from './class-of.ts';
import { type JsTimer, readJsTimers } from './js-timers.ts';
import { type LibuvHandle, readLibuvHandle, readLibuvRequest } from './libuv-handle.ts';
import { membersByName, numberIn, textIn } from './members-by-name.ts';
import { environmentLayout, findEnvironments, MOST_WRAPS, wrapsOf } from './node-environment.ts';
import { isHeapObject, isJsReceiver } from './v8-objects.ts';
import type { V8Reader } from './v8-reader.ts';

/** A handle of Node: a socket, a child process, a watched file. */
export interface ActiveHandle {
  /** The JavaScript class: `TCP`, `Pipe`, `Process`, `FSEvent`, `UDP`, `Timer`, `MessagePort` … */
  kind: string;
  /** Tagged address of that object. */
  address: number;
  /** What the program has in hand: a Socket, Server, ChildProcess. */
  owner?: { className: string; address: number };
  isActive: boolean;
  /** With isActive: it keeps the process alive. */
  isReferenced: boolean;
  isClosing: boolean;
  isListening: boolean;
  fd?: number;
  /** Of a child process, and what was started. */
  pid?: number;
  file?: string;
  signal?: number;
  path?: string;
  /** As the JavaScript objects know them: `127.0.0.1:3000`; of a live process the kernel knows better. */
  local?: string;
  peer?: string;
}

/** Work that was begun and has not ended: a file operation, a DNS query, a connection being made. */
export interface ActiveRequest {
  /** The JavaScript class: `FSReqCallback`, `GetAddrInfoReqWrap`, `TCPConnectWrap`, `WriteWrap` … */
  kind: string;
  address: number;
  /** Of a file: `open`, `read`. */
  operation?: string;
  path?: string;
  /** What is asked for or connected to: `db.internal:5432`. */
  target?: string;
}

/** What keeps one event loop busy. */
export interface LoopContents {
  tid: number;
  handles: ActiveHandle[];
  requests: ActiveRequest[];
  /** Undefined: they could not be found. */
  timers?: JsTimer[];
  /** Callbacks of setImmediate that wait. */
  immediates?: number;
}

/** How long it may take, ms: a process stands still meanwhile, damaged memory has lists without end. */
const LONGEST = { process: 250, core: 10_000 } as const;

/**
 * Handles, requests and timers of the main thread and of every worker, out of the lists that Node keeps.
 * @returns empty: no Environment was found (Node is starting or ending, or the build has no metadata)
 */
export function readActiveHandles(v8: V8Reader): LoopContents[] {
  const layout = environmentLayout(v8);
  const until = performance.now() + LONGEST[v8.image.kind];
  return findEnvironments(v8).map(({ address, tid }) => {
    const handles: ActiveHandle[] = [];
    let loop = Number.NaN;
    const wraps = wrapsOf(v8, address + layout.handleQueue, layout.handleLink);
    for (const wrap of wraps) {
      if (performance.now() > until) break;
      // HandleWrap: the link of two words, then the pointer to libuv's handle.
      const libuv = readLibuvHandle(v8.memory, v8.memory.word(wrap + layout.handleLink + 16));
      loop = libuv?.loop ?? loop;
      handles.push(readHandle(v8, objectOfWrap(v8, wrap, layout.persistent), libuv));
    }
    const requests: ActiveRequest[] = [];
    const requestWraps = wrapsOf(v8, address + layout.requestQueue, layout.requestLink);
    for (const wrap of requestWraps) {
      if (performance.now() > until) break;
      // ReqWrap: the link, the callback it wraps, then libuv's request.
      requests.push(
        readRequest(v8, objectOfWrap(v8, wrap, layout.persistent), wrap + layout.requestLink + 24),
      );
    }
    if (wraps.length >= MOST_WRAPS) v8.problems.push(`thread ${tid} has more than ${MOST_WRAPS} handles`);
    const { timers, immediates, isCut } = readJsTimers(v8, address, loop, until);
    if (isCut || handles.length < wraps.length || requests.length < requestWraps.length)
      v8.problems.push(
        `thread ${tid}: ${handles.length} of ${wraps.length} handles, ${requests.length} of ${requestWraps.length} requests, ${timers?.length ?? 0} timers were read, then it took too long`,
      );
    return {
      tid,
      handles,
      requests,
      ...(timers === undefined ? {} : { timers }),
      ...(immediates === undefined ? {} : { immediates }),
    };
  });
}

function objectOfWrap({ memory }: V8Reader, wrap: number, persistent: number): number {
  return memory.word(memory.word(wrap + persistent));
}

function readHandle(v8: V8Reader, object: number, libuv: LibuvHandle | undefined): ActiveHandle {
  const { isActive = false, isReferenced = false, isClosing = false, isListening = false } = libuv ?? {};
  const handle: ActiveHandle = {
    kind: classNameIfAny(v8, object) || libuv?.type || '?',
    address: object,
    isActive,
    isReferenced,
    isClosing,
    isListening,
  };
  for (const name of ['fd', 'pid', 'signal', 'path'] as const) {
    const value = libuv?.[name];
    if (value !== undefined) Object.assign(handle, { [name]: value });
  }
  const own = membersByName(v8, object);
  const owner = own.get('Symbol(owner_symbol)') ?? own.get('Symbol(owner)') ?? Number.NaN;
  if (!isJsReceiver(v8, owner)) return handle;
  const members = membersByName(v8, owner);
  handle.owner = { className: classNameOf(v8, owner), address: owner };
  const file = textIn(v8, members.get('spawnfile'));
  if (file !== '') handle.file = file;
  const local = endpointIn(v8, members.get('_sockname'));
  // net.Server: `4:127.0.0.1:3000`, port 0 where any was asked for.
  const key = /^[46]:(.+):(\d+)$/.exec(textIn(v8, members.get('_connectionKey')));
  const asked = key !== null && key[2] !== '0' ? joinEndpoint(key[1]!, key[2]!) : '';
  if (local !== '' || asked !== '') handle.local = local || asked;
  const peer = endpointIn(v8, members.get('_peername')) || textIn(v8, members.get('_host'));
  if (peer !== '') handle.peer = peer;
  const path = textIn(v8, members.get('_pipeName'));
  if (path !== '' && handle.path === undefined) handle.path = path;
  return handle;
}

function readRequest(v8: V8Reader, object: number, libuv: number): ActiveRequest {
  const { operation, path } = readLibuvRequest(v8.memory, libuv) ?? {};
  const request: ActiveRequest = { kind: classNameIfAny(v8, object) || '?', address: object };
  if (operation !== undefined) request.operation = operation;
  if (path !== undefined) request.path = path;
  const members = membersByName(v8, object);
  const host = textIn(v8, members.get('hostname')) || textIn(v8, members.get('address'));
  const port = numberIn(v8, members.get('port'));
  if (host !== '') request.target = Number.isNaN(port) ? host : joinEndpoint(host, String(port));
  return request;
}

function classNameIfAny(v8: V8Reader, object: number): string {
  return isHeapObject(object) && isJsReceiver(v8, object) ? classNameOf(v8, object) : '';
}

/** `{ address: '127.0.0.1', family: 'IPv4', port: 3000 }`. */
function endpointIn(v8: V8Reader, word: number | undefined): string {
  if (word === undefined) return '';
  const members = membersByName(v8, word);
  const host = textIn(v8, members.get('address'));
  const port = numberIn(v8, members.get('port'));
  return host === '' || Number.isNaN(port) ? '' : joinEndpoint(host, String(port));
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function joinEndpoint(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

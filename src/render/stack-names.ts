import { cleanText } from '../base/terminal-text.ts';
import type { CodeFrame, JsFrame, StackFrame, ThreadStack } from '../postmortem/stack-frame.ts';
import { classifyLocation } from '../source-map/location.ts';
import { shortPath } from './short-path.ts';

/** Whose code a frame is: the word in the first column. */
export type StackParty = 'yours' | 'dep' | 'core' | 'native' | 'v8' | 'unknown';

/** By the place after source maps: what a bundle holds of node_modules is a dependency. */
export function partyOfFrame(frame: StackFrame, cwd: string): StackParty {
  if (frame.kind !== 'js') return frame.kind;
  const { place } = frame;
  if (place === undefined) return 'v8';
  const { party } = classifyLocation(place.original?.file ?? place.url, { roots: [cwd] });
  if (party === 'user') return 'yours';
  return party === 'dependency' ? 'dep' : party === 'core' ? 'core' : 'v8';
}

/** npm package of a frame, '' for none. */
export function packageOfFrame({ place }: JsFrame, cwd: string): string {
  return place === undefined
    ? ''
    : classifyLocation(place.original?.file ?? place.url, { roots: [cwd] }).package;
}

/** `hashPassword`, `new Session`, `async load`, `(anonymous)`, `uv_run`, `0x7f02…` without a symbol. */
export function nameOfFrame(frame: StackFrame): string {
  if (frame.kind !== 'js')
    return frame.name === '' ? `0x${frame.pc.toString(16)}` : plainNativeName(frame.name);
  const name = frame.place?.original?.name ?? frame.name;
  const plain = name === '' ? '(anonymous)' : cleanText(name);
  const called = frame.isConstructor && !plain.startsWith('new ') ? `new ${plain}` : plain;
  return frame.isAsync && !called.startsWith('async ') ? `async ${called}` : called;
}

/**
 * `app/auth.js:41:15`, `near app/auth.js:41`, `libcrypto.so.3`; '' for what has none. Columns only of the reader's own
 * code: elsewhere the line is enough and the room short.
 */
export function placeOfFrame(frame: StackFrame, cwd: string, party: StackParty): string {
  if (frame.kind !== 'js') return frame.file;
  const { place } = frame;
  if (place === undefined) return '';
  const { file, line, column } = placeOf(place);
  const path = cleanText(shortPath(classifyLocation(file).file || file, cwd));
  const at = !(line > 0)
    ? path
    : party === 'yours' && column > 0
      ? `${path}:${line}:${column}`
      : `${path}:${line}`;
  if (place.precision === 'near') return `near ${party === 'yours' ? `${path}:${line}` : at}`;
  return place.precision === 'function' ? `in ${path}:${line}` : at;
}

/** After source maps where there are any. Line and column 1-based. */
export function placeOf(place: NonNullable<JsFrame['place']>): {
  file: string;
  line: number;
  column: number;
} {
  return place.original ?? { file: place.url, line: place.line, column: place.column };
}

/**
 * A demangled name without parameters, return type and long template arguments:
 * `std::map<int, X>::find(int const&) const` → `std::map<…>::find`. Operators and names of C stay.
 */
export function plainNativeName(name: string): string {
  const text = cleanText(name);
  let depth = 0;
  let end = text.length;
  // From the right: the parameter list is the last balanced bracket on the top level.
  for (let at = text.length - 1; at > 0; at--) {
    const character = text[at];
    if (character === ')') depth++;
    else if (character === '(') {
      depth--;
      if (depth === 0 && at > 0 && !text.startsWith('(anonymous namespace)', at)) {
        if (!/operator$/.test(text.slice(0, at))) end = at;
        break;
      }
    }
  }
  const head = text.slice(0, end);
  return head.length <= 40 ? head : withoutTemplates(head);
}

function withoutTemplates(name: string): string {
  if (/operator[<>-]/.test(name)) return name;
  let kept = '';
  let depth = 0;
  for (const character of name) {
    if (character === '<') {
      if (depth === 0) kept += '<…>';
      depth++;
    } else if (character === '>') depth = Math.max(0, depth - 1);
    else if (depth === 0) kept += character;
  }
  // The return type of a template function stands before its name.
  const space = kept.lastIndexOf(' ', kept.length - 1);
  return space > 0 && !kept.includes('operator') && !kept.includes('(') ? kept.slice(space + 1) : kept;
}

const ROLE_WORDS: Readonly<Record<ThreadStack['role'], string>> = {
  main: 'main thread',
  worker: 'worker',
  pool: 'libuv pool thread',
  v8: 'V8 worker thread',
  inspector: 'inspector thread',
  signal: 'signal thread',
  other: 'thread',
  unknown: 'thread',
};

/** `main thread`, `worker 2 "resize"`, `libuv pool thread`, `thread "node"`. */
export function nameOfThread({ role, name, workerId }: ThreadStack): string {
  const word = ROLE_WORDS[role];
  const number = workerId === undefined ? '' : ` ${workerId}`;
  const isTold =
    role === 'main' || role === 'pool' || role === 'v8' || name === '' || name === 'WorkerThread';
  return isTold ? `${word}${number}` : `${word}${number} "${cleanText(name)}"`;
}

/** Groups of idle threads: `libuv pool threads`. */
export function groupOfThread({ role }: ThreadStack): string {
  if (role === 'main') return 'main thread';
  if (role === 'worker') return 'workers';
  if (role === 'pool') return 'libuv pool threads';
  return role === 'v8' ? 'V8 worker threads' : 'others';
}

/** File of a native frame for JSON: with its offset. */
export function nativePlace({ file, offset }: CodeFrame): string {
  return offset === undefined || !Number.isFinite(offset) ? file : `${file}+0x${offset.toString(16)}`;
}

import type { CodeFrame, JsFrame, StackFrame, ThreadStack } from '../postmortem/stack-frame.ts';
import type { Value } from '../postmortem/value.ts';
import type { StackDocument } from './stack-document.ts';

/** Draws a stack as text, innermost first: `native name file` or `js name url:line:column [tier|async|near|new]`. */
export function drawFrames(text: string): StackFrame[] {
  return text
    .trim()
    .split('\n')
    .map((line, index): StackFrame => {
      const words = line.trim().split(/ +/);
      const [kind, name = ''] = words;
      const base = { pc: 0x7f00_0000_1000 + index * 16, fp: 0x7ffc_0000_0000 + index * 64 };
      if (kind !== 'js') {
        const code: CodeFrame = {
          ...base,
          kind: kind as CodeFrame['kind'],
          name: name.replaceAll('~', ' '),
          file: words[2] ?? '',
          offset: 36,
        };
        return words.includes('lost') ? { ...code, lost: true } : code;
      }
      const place = /^(.*):(\d+):(\d+)$/.exec(words[2] ?? '');
      const plain = name.replaceAll('~', ' ');
      const frame: JsFrame = {
        ...base,
        kind: 'js',
        name: plain,
        functionName: plain.replace(/^.*[. ]/, ''),
        tier: words.includes('builtin') ? 'builtin' : words.includes('turbofan') ? 'turbofan' : 'interpreter',
        isInlined: words.includes('inlined'),
        isConstructor: words.includes('new'),
        isAsync: words.includes('async'),
      };
      if (place !== null)
        frame.place = {
          url: place[1]!,
          line: Number(place[2]),
          column: Number(place[3]),
          precision: words.includes('near') ? 'near' : words.includes('function') ? 'function' : 'exact',
        };
      return frame;
    });
}

export const HASHING: string = `
  native sha512_block_data_order libcrypto.so.3
  native PKCS5_PBKDF2_HMAC libcrypto.so.3
  native node::crypto::PBKDF2Traits::DeriveBits(node::Environment*,~node::crypto::PBKDF2Config~const&,~node::crypto::ByteSource*) node
  v8 Builtin~exit~frame
  js pbkdf2Sync node:internal/crypto/pbkdf2:62:15
  js hashPassword file:///srv/api/app/auth.js:41:15
  js login file:///srv/api/app/routes/session.js:22:24
  js dispatch /srv/api/node_modules/router/lib/route.js:98:10
  js handle /srv/api/node_modules/router/lib/layer.js:152:17
  js next /srv/api/node_modules/router/index.js:291:5
  js next /srv/api/node_modules/router/index.js:120:5
  js next /srv/api/node_modules/router/index.js:120:5
  js next /srv/api/node_modules/router/index.js:120:5
  js handle /srv/api/node_modules/express/lib/application.js:177:3
  js processTicksAndRejections node:internal/process/task_queues:72:11
  v8 Entry~frame
  native node::InternalCallbackScope::Close() node
  native uv_run node
  native node::Start(int,~char**) node
  native __libc_start_call_main libc.so.6
`;

export const IDLE: string = `
  native epoll_pwait libc.so.6
  native uv__io_poll node
  native uv_run node
`;

function thread(changes: Partial<ThreadStack>): ThreadStack {
  return {
    tid: 4711,
    name: 'node',
    role: 'main',
    state: 'running native code, on CPU',
    isIdle: false,
    frames: drawFrames(HASHING),
    problems: [],
    ...changes,
  };
}

export const SALT: Value = {
  type: 'object',
  address: 0x3a_1001,
  kind: 'typed-array',
  className: 'Buffer',
  text: 'd00dfeed',
  length: 16,
};

/** The process of the terminal reference: a hash on the main thread, everything else idle. */
export function drawnDocument(
  changes: Partial<StackDocument> = {},
  main: Partial<ThreadStack> = {},
): StackDocument {
  const idle = (tid: number, role: ThreadStack['role'], name: string) =>
    thread({ tid, role, name, state: 'idle', isIdle: true, frames: drawFrames(IDLE) });
  return {
    verb: 'stack',
    report: {
      name: 'process 4711',
      pid: 4711,
      nodeVersion: '22.23.3',
      v8Version: '12.4.254.21',
      threads: [
        thread(main),
        ...[4718, 4719, 4720, 4721].map((tid) => idle(tid, 'pool', 'libuv-worker')),
        ...[4713, 4714, 4715, 4716].map((tid) => idle(tid, 'v8', 'node')),
        idle(4712, 'other', 'DelayedTaskSche'),
        idle(4717, 'signal', 'SignalInspector'),
        idle(4722, 'inspector', 'InspectorIo'),
        idle(4723, 'other', 'holter-bridge'),
      ],
      pausedMs: 31,
      problems: [],
    },
    target: { pid: 4711, name: 'api-gateway', command: 'node server.js', cwd: '/srv/api' },
    at: '2026-11-23T09:00:00.000Z',
    pausesMs: [31],
    movements: [],
    next: ['holter stack 4711 --repeat'],
    written: [],
    ...changes,
  };
}

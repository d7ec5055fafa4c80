import type { CallTree } from '../cpu/call-tree.ts';
import { CallTreeBuilder } from '../cpu/call-tree-builder.ts';
import { summariseProfile } from '../cpu/summary.ts';
import { profileFromText } from '../cpu/text-profile.fixture.ts';
import type { RecordingManifest } from '../recording/manifest.ts';
import { makeSourceBook, type SourceBook } from '../source-map/source-book.ts';
import type { CpuDocument } from './cpu-document.ts';

export const CWD = '/srv/api';

const AUTH = [
  'export async function login(req, res) {',
  '  const key = hashPassword(req.body.password, req.user.salt)',
  '  res.end(key)',
  '}',
  '',
  'export function hashPassword(password, salt) {',
  "  const text = password.normalize('NFKC') + pepper",
  "  const key = pbkdf2Sync(text, salt, 310_000, 64, 'sha512')",
  "  return key.toString('base64url')",
  '}',
].join('\n');

/** A server that hashes passwords on its main thread, as drawn in every other room. */
export const LOGIN_TREE: CallTree = profileFromText(`
  emit@node:events:467                                  emit@node:events:467                                       emit@node:events:467                                          emit@node:events:467                                  (idle) x80  (garbage collector) x7  (program) x3
  handle@/srv/api/node_modules/express/lib/router.js:9  handle@/srv/api/node_modules/express/lib/router.js:9       handle@/srv/api/node_modules/express/lib/router.js:9 #11 x10  handle@/srv/api/node_modules/express/lib/router.js:9
  login@/srv/api/app/auth.js:1:29                       render@/srv/api/app/views/user.js:30                                                                                     login@/srv/api/app/auth.js:1:29
  hashPassword@/srv/api/app/auth.js:6:29                escape@/srv/api/node_modules/@acme/html/index.js:4 #6 x60                                                                hashPassword@/srv/api/app/auth.js:6:29 #7 x20
  pbkdf2Sync@node:internal/crypto/pbkdf2:62
  run x820
`);

export const LOGIN_BOOK: SourceBook = makeSourceBook(new Map([['/srv/api/app/auth.js', AUTH]]));

export function drawDocument(tree: CallTree, more: Partial<CpuDocument> = {}): CpuDocument {
  return {
    verb: 'cpu',
    name: 'api-gateway',
    detail: 'pid 4711',
    cwd: CWD,
    profiles: [{ name: 'main', tree, summary: summariseProfile(tree, { sources: LOGIN_BOOK }) }],
    facts: [{ label: 'Node', value: '22.23.3' }],
    notes: [],
    files: {
      page: '/tmp/holter-0/api-gateway/cpu.html',
      recording: '/tmp/holter-0/api-gateway',
      written: [],
    },
    next: [{ command: 'holter doctor 4711', note: 'whether that is a problem, and what to do about it' }],
    ...more,
  };
}

export const MANIFEST: RecordingManifest = {
  schema: 'holter.recording/1',
  holter: '1.0.0',
  target: {
    pid: 4711,
    name: 'api-gateway',
    node: '22.23.3',
    v8: '12.4',
    command: 'node server.js',
    cwd: CWD,
    startedAt: '2026-11-20T08:00:00.000Z',
    threads: 11,
    cores: 2,
  },
  window: {
    startedAt: '2026-11-22T22:14:07.000Z',
    startedMonotonicUs: 1e9,
    seconds: 10,
    requestedSeconds: 10,
    end: { kind: 'complete' },
  },
  access: 'inspector',
  files: [],
  actions: [{ what: 'CPU profile stopped and read', at: '2026-11-22T22:14:17.000Z', pauseMs: 44 }],
  inspectorOpenMs: 96,
  left: { verified: true, leftBehind: [] },
};

/** Names a hostile target may give its functions, files and packages. */
export const HOSTILE_TREE: CallTree = drawHostileTree();

function drawHostileTree(): CallTree {
  const builder = new CallTreeBuilder('microseconds');
  const names = [
    '\u001b[2J\u001b]0;owned\u0007',
    'a\r\nb\tc',
    '\u202eback\u2066',
    '`code` | **bold** [a](b) <img src=x>',
    '``` fence',
    '# heading',
    'x'.repeat(500),
    '漢字の関数名がとても長いとき',
  ];
  for (const [index, name] of names.entries()) {
    const frame = builder.frameRow({
      name,
      file: `/srv/api/${name}.js`,
      line: index + 1,
      column: 1,
      category: 'js',
      party: index % 2 === 0 ? 'user' : 'dependency',
      package: index % 2 === 0 ? '' : name,
    });
    const node = builder.child(0, frame);
    builder.addSample(index, node, 1000 * (names.length - index));
    builder.addLine(node, index + 2, 1000);
  }
  return builder.finish({ from: 0, to: 100, partial: 'cut\u001b[1m' });
}

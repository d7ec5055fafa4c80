import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import { buildHandlesJson, type HandlesDescription, renderHandles } from './core-handles-text.ts';
import { buildInfoJson, type CoreInfo, renderCoreInfo } from './core-info-text.ts';

/** Golden texts beside the others; RESET_RESULTS=1 accepts what is drawn now. */
function expectGolden(text: string, name: string): void {
  const path = fileURLToPath(new URL(`golden/${name}`, import.meta.url));
  if (process.env.RESET_RESULTS === '1') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

const STATE = { isActive: true, isReferenced: true, isClosing: false, isListening: false };
const handles: HandlesDescription = {
  kind: 'process',
  name: 'api-gateway',
  pid: 4711,
  cwd: '/srv/api',
  nodeVersion: '22.23.3',
  pausedMs: 12,
  loops: [
    {
      tid: 4711,
      thread: 'main thread',
      handles: [
        {
          ...STATE,
          kind: 'TCP',
          address: 0x2f3ac1,
          isListening: true,
          fd: 19,
          local: '0.0.0.0:3000',
          owner: { className: 'Server', address: 0x2f4001 },
        },
        {
          ...STATE,
          kind: 'TCP',
          address: 0x2f3ad1,
          fd: 21,
          local: '10.0.0.7:60996',
          peer: '10.0.0.9:5432',
          owner: { className: 'Socket', address: 0x2f4011 },
        },
        {
          ...STATE,
          kind: 'Process',
          address: 0x2f3ae1,
          pid: 4799,
          file: '/usr/bin/convert',
          owner: { className: 'ChildProcess', address: 0x2f4021 },
        },
        {
          ...STATE,
          kind: 'FSEvent',
          address: 0x2f3af1,
          path: '/srv/api/config\u001b[31m.json',
          isReferenced: false,
        },
        { ...STATE, kind: 'Pipe', address: 0x2f3b01, isActive: false, isClosing: true, fd: 23 },
      ],
      requests: [
        { kind: 'FSReqCallback', address: 0x2f3b11, operation: 'open', path: '/mnt/nfs/report.csv' },
        { kind: 'TCPConnectWrap', address: 0x2f3b21, target: 'db.internal:5432' },
      ],
      timers: [
        {
          address: 0x2f3b31,
          delayMs: 30_000,
          isRepeated: true,
          isReferenced: true,
          dueMs: -1200,
          callback: 'flush',
          place: '/srv/api/app/metrics.js:12:3',
        },
        {
          address: 0x2f3b41,
          delayMs: 5000,
          isRepeated: false,
          isReferenced: false,
          dueMs: 312,
          callback: '(anonymous)',
          place: 'node:internal/timers:3:1',
        },
        {
          address: 0x2f3b51,
          delayMs: 1,
          isRepeated: false,
          isReferenced: true,
          dueMs: Number.NaN,
          callback: 'next',
        },
      ],
      immediates: 2,
    },
    { tid: 4720, thread: 'worker (tid 4720)', handles: [], requests: [] },
  ],
  problems: ['2 of 3 pages of a list are missing'],
  next: ['holter core inspect 4711 0x2f4001'],
};

const info: CoreInfo = {
  kind: 'core',
  name: 'core.4711',
  at: '2026-11-22T22:14:24.000Z',
  pid: 4711,
  nodeVersion: '24.21.0',
  v8Version: '13.6.233.17',
  isKnownV8: true,
  executable: '/usr/bin/node',
  crash: { signal: 6, name: 'SIGABRT' },
  reason: 'out of memory: the JavaScript heap reached its limit',
  fatal: {
    text: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    from: 'arguments of node::OOMErrorHandler on the stack',
  },
  exception: {
    type: 'object',
    kind: 'error',
    className: 'PaymentError',
    address: 0x2f3ac1,
    text: 'card declined',
    properties: [
      {
        key: 'code',
        kind: 'property',
        isEnumerable: true,
        value: { type: 'string', text: 'E_PAY', length: 5, address: 0x2f4001 },
      },
      {
        key: 'stack',
        kind: 'property',
        isEnumerable: false,
        value: {
          type: 'string',
          text: 'PaymentError: card declined\n    at pay (/srv/api/pay.js:2:24)\n    at handle (/srv/api/server.js:20:31)',
          length: 100,
          address: 0x2f4011,
        },
      },
    ],
  },
  argv: ['/usr/bin/node', '--max-old-space-size=300', 'server.js'],
  cwd: '/srv/api',
  isCwdOfStart: true,
  heaps: [
    {
      tid: 4711,
      limitBytes: 314_572_800,
      spaces: [
        { name: 'new_space', committedBytes: Number.NaN, usedBytes: Number.NaN },
        { name: 'old_space', committedBytes: 315_000_000, usedBytes: 313_000_000 },
        { name: 'code_large_object_space', committedBytes: 270_000, usedBytes: 262_000 },
        { name: 'shared_space', committedBytes: 0, usedBytes: 0 },
      ],
    },
  ],
  environment: ['PATH=/usr/bin', 'DB_PASSWORD=***'],
  threads: 11,
  memoryBytes: 1_300_000_000,
  binaries: [
    {
      path: '/usr/bin/node',
      match: 'right',
      buildId: 'bd05d6407047594f',
      file: '/usr/bin/node',
      fileBuildId: 'bd05d6407047594f',
    },
    { path: '/lib/libc.so.6', match: 'missing', buildId: '', file: '', fileBuildId: '' },
  ],
  problems: ['the core is cut off: 12 of 300 MB are missing'],
};

const screen = (columns: number) => ({ columns, color: false, unicode: true });

describe.each([40, 80, 120])('%i columns', (columns) => {
  test('core handles', () => {
    const text = renderHandles(handles, screen(columns));
    for (const line of text.split('\n'))
      if (!line.startsWith('next')) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    expectGolden(text, `core-handles-${columns}.txt`);
  });
  test('core info', () => {
    const text = renderCoreInfo(info, screen(columns));
    for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    expectGolden(text, `core-info-${columns}.txt`);
  });
});

test('what the target wrote sends nothing to the terminal', () => {
  expect(renderHandles(handles, screen(80))).not.toContain('\u001b');
  expect(renderHandles(handles, { columns: 80, color: false, unicode: false })).toMatch(/^[\x20-\x7e\n]*$/);
});

test('of a live process: limits and how long it has been up', () => {
  const { crash: _crash, fatal: _fatal, exception: _exception, reason: _reason, ...rest } = info;
  const text = renderCoreInfo(
    {
      ...rest,
      kind: 'process',
      upSeconds: 3600 * 5,
      limits: [
        { name: 'Max open files', soft: 1024, hard: 4096, unit: 'files' },
        { name: 'Max core file size', soft: 0, hard: Number.POSITIVE_INFINITY, unit: 'bytes' },
        { name: 'Max nice priority', soft: 0, hard: 0, unit: '' },
      ],
      heaps: undefined,
    },
    screen(80),
  );
  expect(text).toContain('open files 1 024, core file 0 B\n');
  expect(text).toMatch(/up +5 h/);
  expect(text).toContain('heap spaces: not measured for this V8');
});

test('JSON: addresses are hexadecimal, lists that were not asked for are left out', () => {
  expect(buildHandlesJson({ ...handles, only: 'requests' })).toMatchObject({
    schema: 'holter.core-handles/1',
    loops: [
      { tid: 4711, requests: [{ address: '0x2f3b11', operation: 'open' }, { target: 'db.internal:5432' }] },
      {},
    ],
  });
  expect(JSON.stringify(buildHandlesJson({ ...handles, only: 'requests' }))).not.toContain('"handles":');
  expect(buildInfoJson(info)).toMatchObject({
    schema: 'holter.core-info/1',
    crash: {
      name: 'SIGABRT',
      meaning: 'it ended itself with abort()',
      message: /^FATAL ERROR/.exec(info.fatal!.text)?.input,
      exception: { address: '0x2f3ac1', className: 'PaymentError' },
    },
  });
});

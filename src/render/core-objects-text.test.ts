import { describe, expect, it } from 'vitest';
import { textWidth } from '../base/terminal-text.ts';
import type { ObjectRow } from '../postmortem/object-table.ts';
import { buildInstancesJson, type InstancesDescription, renderInstances } from './core-instances-text.ts';
import {
  buildObjectsJson,
  groupEngineRows,
  type ObjectsDescription,
  renderObjects,
} from './core-objects-text.ts';

function row(
  name: string,
  count: number,
  bytes: number,
  more: Partial<ObjectRow & { place: string }> = {},
): ObjectRow & { place: string } {
  return {
    name,
    kind: 'class',
    group: '',
    count,
    bytes,
    outsideBytes: 0,
    viewedBytes: 0,
    sample: 0x2f3ac1,
    place: '',
    ...more,
  };
}

const DESCRIPTION: ObjectsDescription = {
  kind: 'process',
  name: 'api-gateway',
  pid: 4711,
  cwd: '/srv/api',
  nodeVersion: '22.23.3',
  pausedMs: 19,
  isLive: false,
  isFiltered: false,
  top: 4,
  count: 48_210,
  bytes: 14_200_000,
  outsideBytes: 5_000_000,
  isolates: [
    { tid: 4711, isShared: false, pageBytes: 11_000_000, count: 40_000, bytes: 10_000_000 },
    { tid: 4718, isShared: false, pageBytes: 4_100_000, count: 8000, bytes: 4_100_000 },
    { tid: Number.NaN, isShared: true, pageBytes: 110_000, count: 210, bytes: 100_000 },
  ],
  rows: [
    row('ArrayBuffer', 50, 4400, { outsideBytes: 5_000_000 }),
    row('Session', 20_000, 1_440_000, { place: '/srv/api/lib/session.js:12:7' }),
    row('{id,name\u001b[31m}', 400, 16_000, { kind: 'shape' }),
    row('Buffer', 50, 4800, { viewedBytes: 5_000_000, place: 'node:buffer:268:1' }),
    row('Rare', 1, 24),
  ],
  strings: [
    { upTo: 64, count: 8000, bytes: 260_000 },
    { upTo: 1024, count: 0, bytes: 0 },
    { upTo: Number.POSITIVE_INFINITY, count: 1, bytes: 8_000_000 },
  ],
  largestStrings: [{ address: 0x2f3ac1, bytes: 8_000_000, text: '{"rows":[', length: 8_000_000 }],
  losses: { garbageBytes: 0, missingBytes: 2_000_000 },
  problems: ['the core is cut'],
  next: ['holter core instances 4711 Session'],
};

const STYLE = { color: false, unicode: true, columns: 100 };

describe('core objects', () => {
  it('is a table of classes, isolates and strings', () => {
    expect(
      renderObjects(DESCRIPTION, STYLE),
    ).toBe(`holter core objects  api-gateway (4711), Node 22.23.3, paused 19 ms
48 210 objects, garbage included, 14 MB; outside of the heap 5 MB
  main thread: 40 000 objects, 10 MB in pages of 11 MB
  worker (tid 4718): 8 000 objects, 4.1 MB in pages of 4.1 MB
  shared by all, read-only: 210 objects, 100 kB in pages of 110 kB

objects   bytes  outside  class
     50  4.4 kB     5 MB  ArrayBuffer
 20 000  1.4 MB           Session            lib/session.js:12:7
    400   16 kB           {id,name\\x1b[31m}
     50  4.8 kB   (5 MB)  Buffer             node:buffer:268:1
1 more rows, 24 B: --top, --filter

strings by size
  to 64 B  8 000  260 kB
  larger       1    8 MB
      8 MB  @0x2f3ac1  "{\\"rows\\":["

note  2 MB of the heap could not be read: objects there are not counted
note  the core is cut
next  holter core instances 4711 Session
`);
  });

  it.each([30, 40, 60, 80, 200])('fits into %i columns', (columns) => {
    const lines = renderObjects(DESCRIPTION, { ...STYLE, columns }).split('\n');
    // Notes are wrapped; commands stay whole, for copying.
    for (const line of lines.filter((text) => !/^(next|note|no)\b/.test(text)))
      expect(textWidth(line)).toBeLessThanOrEqual(columns);
  });

  it('adds up what V8 keeps for itself', () => {
    const engine = { kind: 'engine', group: 'maps' } as const;
    const grouped = groupEngineRows([
      row('Session', 2, 9),
      row('(Map)', 3, 30, engine),
      row('(DescriptorArray)', 4, 40, engine),
    ]);
    expect(grouped.map(({ name, count, bytes }) => [name, count, bytes])).toEqual([
      ['Session', 2, 9],
      ['(maps)', 7, 70],
    ]);
  });

  it('is JSON without numbers that JSON has not', () => {
    const document = JSON.parse(JSON.stringify(buildObjectsJson(DESCRIPTION)));
    expect(document).toMatchObject({
      schema: 'holter.core-objects/1',
      source: 'api-gateway',
      node: '22.23.3',
      isolates: [{ thread: 'main thread' }, { tid: 4718 }, { tid: null, thread: 'shared by all, read-only' }],
      missingBytes: 2_000_000,
    });
    expect(document.rows[1]).toEqual({
      name: 'Session',
      kind: 'class',
      group: '',
      count: 20_000,
      bytes: 1_440_000,
      outsideBytes: 0,
      viewedBytes: 0,
      place: '/srv/api/lib/session.js:12:7',
      sample: '0x2f3ac1',
    });
    expect(document.strings[2].upTo).toBeNull();
  });
});

describe('core instances', () => {
  const description: InstancesDescription = {
    className: 'Session',
    kind: 'core',
    name: 'core.4711',
    pid: 4711,
    nodeVersion: '20.20.2',
    isLive: false,
    where: 'age > 97',
    skip: 20,
    total: 20_000,
    matched: 400,
    list: [
      {
        address: 0x2f3ac1,
        bytes: 72,
        value: {
          type: 'object',
          address: 0x2f3ac1,
          kind: 'object',
          className: 'Session',
          properties: [{ key: 'age', kind: 'property', value: { type: 'number', value: 98 } }],
        },
      },
    ],
    losses: { garbageBytes: 0, missingBytes: 0 },
    similar: [],
    problems: [],
    next: ['holter core refs core.4711 0x2f3ac1'],
  };

  it('are lines with address, size and what they hold', () => {
    expect(renderInstances(description, STYLE)).toBe(`holter core instances Session  core.4711 (4711)
20 000 objects, 400 with age > 97; 21 to 21

@0x2f3ac1  72 B  Session { age: 98 }

next  holter core refs core.4711 0x2f3ac1
`);
    expect(buildInstancesJson(description)).toMatchObject({
      schema: 'holter.core-instances/1',
      source: 'core.4711',
      total: 20_000,
      matched: 400,
      instances: [{ address: '0x2f3ac1', bytes: 72 }],
    });
  });
});

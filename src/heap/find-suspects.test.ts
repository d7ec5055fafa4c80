import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSuspects } from './find-suspects.ts';
import { HeapDrawing } from './heap-drawing.fixture.ts';
import { pathText } from './retaining-path.ts';
import { EDGE_TYPES, NODE_TYPES } from './snapshot.ts';
import type { Detector } from './suspect.ts';

/** `count` objects in an Array `global.list`, each of `size`. */
function accumulate(count: number, size: number, rest = 0): HeapDrawing {
  const draw = new HeapDrawing();
  if (rest > 0) draw.child(draw.global, 'rest', '(system)', rest, 'hidden');
  const list = draw.child(draw.global, 'list', 'Array', 32);
  for (let i = 0; i < count; i++) draw.child(list, i, 'Session', size);
  return draw;
}

function detectors(draw: HeapDrawing): Detector[] {
  return findSuspects(draw.heap()).suspects.map(({ detector }) => detector);
}

describe('accumulation', () => {
  it('claims a class from 1 MB on', () => {
    expect(detectors(accumulate(100, 9_900))).toEqual([]);
    const { suspects, explained, quiet } = findSuspects(accumulate(100, 10_100).heap());
    expect(suspects).toHaveLength(1);
    expect(suspects[0]).toMatchObject({
      detector: 'accumulation',
      what: 'Session',
      count: 100,
      bytes: 1_010_000,
      title: 'Session × 100 in global.list',
    });
    expect(explained).toBeGreaterThan(0.99);
    expect(quiet).not.toContain('accumulation');
    expect(quiet).toContain('timers');
    expect(quiet).not.toContain('growth');
  });

  it('claims a class from 5 % of the heap on', () => {
    expect(detectors(accumulate(100, 49_000, 95_500_000))).toEqual([]);
    expect(detectors(accumulate(100, 51_000, 95_500_000))).toEqual(['accumulation']);
  });

  it('finds what hangs together only on a common owner, and names all that hold it', () => {
    const draw = new HeapDrawing();
    const users = Array.from({ length: 100 }, () => draw.add('User', 20_000));
    const list = draw.child(draw.global, 'all', 'Array', 32);
    users.forEach((user, i) => {
      draw.link(list, user, i);
    });
    draw.link(draw.global, draw.collection('Set', users.slice(0, 51)), 'online');
    draw.link(draw.global, draw.collection('Set', users.slice(0, 49)), 'few');
    const [suspect] = findSuspects(draw.heap()).suspects;
    expect(suspect).toMatchObject({ detector: 'shared-holders', what: 'User', count: 100, bytes: 2_000_000 });
    expect(suspect!.holders.map(({ text, held }) => [text, held])).toEqual([
      ['global.all', 100],
      ['global.online', 51],
      ['global.few', 49],
    ]);
    expect(suspect!.evidence.join()).toContain('2 containers');
  });

  it('never blames what V8 keeps for itself', () => {
    const draw = new HeapDrawing();
    const code = draw.child(draw.global, 'code', '(code)', 30_000_000, 'code');
    draw.child(code, 'x', 'system / BytecodeArray', 20_000_000, 'code');
    const shapes = draw.child(draw.global, 'shapes', 'system / Map', 10_000_000, 'hidden');
    draw.child(shapes, 'y', 'system / DescriptorArray', 10_000_000, 'hidden');
    expect(detectors(draw)).toEqual([]);
  });

  it('never blames the text of a script', () => {
    const build = (isSource: boolean): HeapDrawing => {
      const draw = new HeapDrawing();
      const text = draw.child(
        draw.child(draw.global, 'loader', 'Loader', 24),
        'source',
        'code',
        5_000_000,
        'string',
      );
      if (isSource)
        draw.link(draw.child(draw.global, 'x', '/srv/app.js', 100, 'code'), text, 'source', 'internal');
      return draw;
    };
    expect(detectors(build(false))).toEqual(['accumulation']);
    expect(detectors(build(true))).toEqual([]);
  });

  it('calls it external memory when most of it is outside the heap', () => {
    const build = (outside: number): HeapDrawing => {
      const draw = new HeapDrawing();
      const list = draw.child(draw.global, 'uploads', 'Array', 32);
      for (let i = 0; i < 100; i++) {
        const upload = draw.child(list, i, 'Upload', 20_000 - outside);
        draw.link(
          upload,
          draw.add('system / JSArrayBufferData', outside, 'native'),
          'backing_store',
          'internal',
        );
      }
      return draw;
    };
    expect(detectors(build(9_900))).toEqual(['accumulation']);
    const [suspect] = findSuspects(build(10_100).heap()).suspects;
    expect(suspect).toMatchObject({
      detector: 'external-memory',
      bytes: 1_010_000,
      bytesAre: 'outside the heap',
    });
  });
});

describe('duplicate strings', () => {
  const build = (size: number): HeapDrawing => {
    const draw = new HeapDrawing();
    for (let i = 0; i < 101; i++)
      draw.child(draw.child(draw.global, `row${i}`, 'Row', 16), 'text', 'the same', size, 'string');
    return draw;
  };

  it('claims a text whose copies waste 1 MB', () => {
    expect(detectors(build(9_800))).toEqual([]);
    const [suspect] = findSuspects(build(10_000).heap()).suspects;
    expect(suspect).toMatchObject({
      detector: 'duplicate-strings',
      count: 101,
      bytes: 1_000_000,
      bytesAre: 'wasted',
    });
    expect(suspect!.holders[0]!.text).toContain('property text of Row');
  });
});

describe('timers', () => {
  const build = (count: number, size: number, script = '/srv/app/poll.js'): HeapDrawing => {
    const draw = new HeapDrawing();
    const poll = draw.function('poll', script);
    const roots = draw.add('(Handles)', 0, 'synthetic');
    draw.link(0, roots, 1);
    for (let i = 0; i < count; i++) {
      const timer = draw.add('Timeout', size);
      draw.link(roots, timer, String(i), 'internal');
      draw.link(timer, draw.closure(poll), '_onTimeout');
    }
    return draw;
  };

  it('are many from 200 of one callback on, or from 10 that keep 1 MB', () => {
    expect(detectors(build(199, 100))).toEqual([]);
    expect(detectors(build(200, 100))).toEqual(['timers']);
    expect(detectors(build(9, 200_000))).not.toContain('timers');
    expect(detectors(build(10, 200_000))).toEqual(['timers']);
  });

  it('of Node itself do not count', () => {
    expect(detectors(build(500, 100, 'node:internal/timers'))).toEqual([]);
  });
});

describe('listeners', () => {
  const build = (same: number, different: number): HeapDrawing => {
    const draw = new HeapDrawing();
    const emitter = draw.child(draw.global, 'bus', 'EventEmitter', 56);
    const list = draw.child(draw.child(emitter, '_events', 'Object', 24), 'tick', 'Array', 32);
    const onTick = draw.function('onTick', '/srv/app/tick.js');
    for (let i = 0; i < same; i++) draw.link(list, draw.closure(onTick), i);
    for (let i = 0; i < different; i++)
      draw.link(list, draw.closure(draw.function(`on${i}`, '/srv/app/tick.js')), same + i);
    return draw;
  };

  it('are too many from the 11th of one function on', () => {
    expect(detectors(build(10, 0))).toEqual([]);
    const [suspect] = findSuspects(build(11, 0).heap()).suspects;
    expect(suspect).toMatchObject({ detector: 'listeners', count: 11 });
    expect(suspect!.holders[0]!.text).toBe("listeners of global.bus 'tick'");
  });

  it('may be different functions up to 99', () => {
    expect(detectors(build(0, 99))).toEqual([]);
    expect(detectors(build(0, 100))).toEqual(['listeners']);
  });
});

describe('pending promises', () => {
  const build = (count: number, size: number, isPending = true): HeapDrawing => {
    const draw = new HeapDrawing();
    const then = draw.function('onAnswer', '/srv/app/call.js');
    const list = draw.child(draw.global, 'waiting', 'Array', 32);
    for (let i = 0; i < count; i++) {
      const promise = draw.child(list, i, 'Promise', size);
      if (!isPending) continue;
      const reaction = draw.add('system / PromiseReaction', 48, 'hidden');
      draw.link(promise, reaction, 'reactions_or_result', 'internal');
      draw.link(reaction, draw.closure(then), 1, 'hidden');
    }
    return draw;
  };

  it('are many from 500 on, or from 50 that keep 1 MB', () => {
    expect(detectors(build(499, 48))).toEqual([]);
    expect(detectors(build(500, 48))).toEqual(['pending-promises']);
    expect(detectors(build(49, 50_000))).toEqual(['accumulation']);
    expect(detectors(build(50, 50_000))).toEqual(['pending-promises']);
  });

  it('count only while something waits', () => {
    expect(detectors(build(1000, 48, false))).toEqual([]);
  });
});

describe('closures', () => {
  const build = (count: number, size: number): HeapDrawing => {
    const draw = new HeapDrawing();
    const scope = draw.scope(draw.function('handle', '/srv/app/http.js'));
    const done = draw.function('onDone', '/srv/app/http.js');
    const list = draw.child(draw.global, 'callbacks', 'Array', 32);
    for (let i = 0; i < count; i++) {
      const context = draw.context(scope);
      draw.link(context, draw.add('Body', size), 'body', 'context');
      draw.link(list, draw.closure(done, context), i);
    }
    return draw;
  };

  it('are claimed from ten contexts of one function that keep 1 MB', () => {
    expect(detectors(build(10, 99_000))).toEqual([]);
    expect(detectors(build(9, 200_000))).not.toContain('closures');
    const [suspect] = findSuspects(build(10, 101_000).heap()).suspects;
    expect(suspect).toMatchObject({ detector: 'closures', what: 'closure onDone', count: 10 });
    expect(suspect!.evidence.join()).toContain('variable body of handle');
    expect(suspect!.holders[0]!.text).toBe('global.callbacks');
  });
});

describe('waste', () => {
  const build = (count: number, filled: boolean): HeapDrawing => {
    const draw = new HeapDrawing();
    const list = draw.child(draw.global, 'items', 'Array', 32);
    const value = draw.add('Value', 16);
    for (let i = 0; i < count; i++)
      draw.link(draw.child(list, i, 'Item', 24), draw.collection('Set', filled ? [value] : []), 'labels');
    return draw;
  };

  it('are empty collections from 1 MB on', () => {
    expect(detectors(build(4_500, false))).not.toContain('waste');
    expect(detectors(build(6_000, false))).toEqual(['waste']);
    expect(detectors(build(20_000, true))).not.toContain('waste');
  });

  it('are longer strings that only slices keep', () => {
    const slices = (isShared: boolean): HeapDrawing => {
      const draw = new HeapDrawing();
      for (let i = 0; i < 20; i++) {
        const slice = draw.child(draw.global, `s${i}`, `id ${i}`, 20, 'sliced string');
        const parent = draw.add(`long ${i}`, 60_000, 'string');
        draw.link(slice, parent, 'parent', 'internal');
        if (isShared) draw.link(draw.global, parent, `p${i}`);
      }
      return draw;
    };
    expect(detectors(slices(false))).toEqual(['waste']);
    expect(detectors(slices(true))).not.toContain('waste');
  });
});

describe('duplicate modules', () => {
  const build = (copies: number, size: number): HeapDrawing => {
    const draw = new HeapDrawing();
    const file = draw.add('/srv/app/view.js', 40, 'string');
    for (let i = 0; i < copies; i++) {
      const module = draw.child(draw.global, `m${i}`, 'Module', size);
      draw.link(module, draw.add('Object', 16), 'exports');
      draw.link(module, file, 'filename');
    }
    return draw;
  };

  it('are claimed from ten copies on, or two that keep 1 MB', () => {
    expect(detectors(build(9, 1000))).toEqual([]);
    expect(detectors(build(10, 1000))).toEqual(['duplicate-modules']);
    expect(detectors(build(2, 600_000))).toEqual(['duplicate-modules']);
    expect(detectors(build(1, 600_000))).toEqual([]);
  });
});

describe('growth', () => {
  /** 50 sessions of one size below a thousand shared owners: no accumulation, unless it grows. */
  const build = (count: number): HeapDrawing => {
    const draw = new HeapDrawing();
    draw.child(draw.global, 'rest', '(system)', 40_000_000, 'hidden');
    const list = draw.child(draw.global, 'list', 'Array', 32);
    for (let i = 0; i < count; i++) draw.child(list, i, 'Session', 10_000);
    return draw;
  };

  it('is claimed from 500 kB on when an older snapshot is given', () => {
    const before = build(100).heap();
    expect(findSuspects(build(140).heap(), { before }).suspects).toEqual([]);
    const { suspects } = findSuspects(build(160).heap(), { before, minutesBetween: 10 });
    expect(suspects).toHaveLength(1);
    expect(suspects[0]).toMatchObject({
      detector: 'growth',
      what: 'Session',
      growth: { count: 60, perMinute: 6 },
    });
  });
});

describe('findSuspects', () => {
  it('says the same bytes once: timers whose closures keep large contexts are one suspect', () => {
    const draw = new HeapDrawing();
    const poll = draw.function('poll', '/srv/app/poll.js');
    const scope = draw.scope(draw.function('watch', '/srv/app/poll.js'));
    const timers = draw.child(draw.global, 'timers', 'Array', 32);
    for (let i = 0; i < 100; i++) {
      const context = draw.context(scope);
      draw.link(context, draw.add('Request', 30_000), 'request', 'context');
      draw.link(draw.child(timers, i, 'Timeout', 88), draw.closure(poll, context), '_onTimeout');
    }
    expect(detectors(draw)).toEqual(['timers']);
  });

  it('finds a linked list, each element of which hangs on the one before', () => {
    const draw = new HeapDrawing();
    let at = draw.child(draw.global, 'head', 'Entry', 40);
    for (let i = 0; i < 50_000; i++) at = draw.child(at, 'next', 'Entry', 40);
    const [suspect, ...others] = findSuspects(draw.heap()).suspects;
    expect(suspect).toMatchObject({
      detector: 'accumulation',
      what: 'Entry',
      count: 50_001,
      bytes: 50_001 * 40,
    });
    expect(suspect!.holders[0]!.text).toContain('property next of Entry');
    expect(others).toEqual([]);
  });

  it('takes any graph', () => {
    const names = [
      'Timeout',
      'Promise',
      'Map',
      'Module',
      'system / Context',
      'system / PromiseReaction',
      'Array',
      'X',
      '',
    ];
    const edges = [
      '_onTimeout',
      '_events',
      'table',
      'shared',
      'context',
      'scope_info',
      'previous',
      'name_or_scope_info',
      'parent',
      'map',
      'reactions_or_result',
      'filename',
      'exports',
      'elements',
      'bound_function',
      'script',
      '__proto__',
      'constructor',
      '7',
    ];
    const node = fc.record({
      name: fc.constantFrom(...names),
      type: fc.constantFrom(...NODE_TYPES),
      size: fc.constantFrom(0, 10, 100_000, 5e9),
      edges: fc.array(fc.tuple(fc.nat(29), fc.constantFrom(...edges), fc.constantFrom(...EDGE_TYPES)), {
        maxLength: 6,
      }),
    });
    fc.assert(
      fc.property(fc.array(node, { minLength: 30, maxLength: 30 }), (nodes) => {
        const drawing = new HeapDrawing();
        for (const { name, size, type } of nodes) drawing.add(name, size, type);
        nodes.forEach((each, from) => {
          drawing.link(drawing.global, from + 2, `n${from}`);
          for (const [to, label, type] of each.edges)
            drawing.link(from + 2, to + 2, type === 'element' || type === 'hidden' ? to : label, type);
        });
        const heap = drawing.heap();
        const { explained, suspects } = findSuspects(heap);
        expect(explained).toBeGreaterThanOrEqual(0);
        expect(explained).toBeLessThanOrEqual(1);
        for (const { bytes, count } of suspects) expect(bytes > 0 && count > 0).toBe(true);
        for (let n = 0; n < heap.snapshot.nodeCount; n++) expect(pathText(heap, n)).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('ends with nothing for an empty heap', () => {
    const report = findSuspects(new HeapDrawing().heap());
    expect(report.suspects).toEqual([]);
    expect(report.explained).toBe(0);
  });
});

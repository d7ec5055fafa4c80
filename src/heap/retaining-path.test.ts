import { describe, expect, it } from 'vitest';
import { HeapDrawing } from './heap-drawing.fixture.ts';
import { pathText, retainingPath } from './retaining-path.ts';

describe('pathText', () => {
  it('writes properties, elements and entries as an expression', () => {
    const draw = new HeapDrawing();
    const app = draw.child(draw.global, 'app', 'Object', 24);
    const list = draw.child(app, 'user-list', 'Array', 32);
    const user = draw.child(list, 12, 'User', 40);
    const key = draw.add('s1', 24, 'string');
    const session = draw.add('Session', 48);
    const map = draw.collection('Map', [key, session]);
    draw.link(app, map, 'sessions');
    const heap = draw.heap();
    expect(pathText(heap, user)).toBe('global.app["user-list"][12]');
    expect(pathText(heap, session)).toBe('global.app.sessions.get("s1")');
    expect(pathText(heap, map)).toBe('global.app.sessions');
  });

  it('begins with the module whose variable it is', () => {
    const draw = new HeapDrawing();
    const wrapper = draw.function('', '/srv/app/session.js');
    const context = draw.context(draw.scope(wrapper));
    const open = draw.closure(draw.function('open', '/srv/app/session.js'), context);
    draw.link(draw.global, open, 'open');
    const sessions = draw.add('Map', 32);
    draw.link(context, sessions, 'sessions', 'context');
    expect(pathText(draw.heap(), sessions)).toBe('module app/session.js > sessions');
  });

  it('names the function whose variable a closure keeps', () => {
    const draw = new HeapDrawing();
    const handle = draw.function('handle', '/srv/app/http.js');
    const context = draw.context(draw.scope(handle));
    const done = draw.closure(draw.function('done', '/srv/app/http.js'), context);
    draw.link(draw.global, done, 'done');
    const body = draw.add('Array', 32);
    draw.link(context, body, 'body', 'context');
    expect(pathText(draw.heap(), body)).toBe('closure variable body of handle (app/http.js)');
  });

  it('names timers and listeners', () => {
    const draw = new HeapDrawing();
    const poll = draw.closure(draw.function('poll', '/srv/app/poll.js'));
    const timers = draw.add('(GC roots)', 0, 'synthetic');
    draw.link(0, timers, 1);
    const timer = draw.add('Timeout', 88);
    draw.link(timers, timer, '1', 'internal');
    draw.link(timer, poll, '_onTimeout');
    const bus = draw.child(draw.global, 'bus', 'EventEmitter', 56);
    const events = draw.child(bus, '_events', 'Object', 24);
    const list = draw.child(events, 'tick', 'Array', 32);
    const tick = draw.closure(draw.function('onTick', '/srv/app/tick.js'));
    draw.link(list, tick, 3);
    const heap = draw.heap();
    expect(pathText(heap, poll)).toBe('Timeout of poll (app/poll.js)._onTimeout');
    expect(pathText(heap, tick)).toBe("listener onTick of global.bus 'tick'");
  });

  it('takes no weak reference, and ignores edges on request', () => {
    const draw = new HeapDrawing();
    const near = draw.child(draw.global, 'cache', 'Object', 24);
    const far = draw.child(draw.child(draw.global, 'app', 'Object', 24), 'store', 'Object', 24);
    const user = draw.add('User', 40);
    draw.link(draw.global, user, 'weakly', 'weak');
    draw.link(near, user, 'first');
    draw.link(far, user, 'second');
    const heap = draw.heap();
    expect(pathText(heap, user)).toBe('global.cache.first');
    const edge = retainingPath(heap, user).at(-1)!.edge;
    expect(pathText(heap, user, { ignore: (each) => each === edge })).toBe('global.app.store.second');
  });

  it('is bounded for the last element of a long list, and says how much it left out', () => {
    const draw = new HeapDrawing();
    let at = draw.child(draw.global, 'head', 'Node', 24);
    for (let i = 0; i < 20_000; i++) at = draw.child(at, 'next', 'Node', 24);
    const text = pathText(draw.heap(), at);
    expect(text).toMatch(/steps/);
    expect(text.length).toBeLessThan(300);
  });

  it('ends for a node nothing leads to', () => {
    const draw = new HeapDrawing();
    const lost = draw.add('Lost', 24);
    expect(retainingPath(draw.heap(), lost).at(-1)?.node).toBe(lost);
  });
});

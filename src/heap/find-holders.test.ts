import { describe, expect, it } from 'vitest';
import { findHolders } from './find-holders.ts';
import { HeapDrawing } from './heap-drawing.fixture.ts';

describe('findHolders', () => {
  it('counts each container once, whatever V8 keeps between', () => {
    const draw = new HeapDrawing();
    const list = draw.child(draw.global, 'users', 'Array', 32);
    const store = draw.add('(object elements)', 800, 'array');
    draw.link(list, store, 'elements', 'internal');
    const users = Array.from({ length: 100 }, () => draw.add('User', 40));
    users.forEach((user, i) => {
      draw.link(list, user, i);
      draw.link(store, user, String(i), 'internal');
    });
    const set = draw.collection('Set', users.slice(0, 60));
    draw.link(draw.global, set, 'online');
    const holders = findHolders(draw.heap(), Uint32Array.from(users));
    expect(holders.map(({ text, kind, held }) => ({ text, kind, held }))).toEqual([
      { text: 'global.users', kind: 'Array', held: 100 },
      { text: 'global.online', kind: 'Set', held: 60 },
    ]);
  });

  it('gathers containers that hold one each, and leaves out what the held keep themselves', () => {
    const draw = new HeapDrawing();
    const list = draw.child(draw.global, 'orders', 'Array', 32);
    const users = Array.from({ length: 50 }, (_, i) => {
      const order = draw.child(list, i, 'Order', 40);
      const user = draw.child(order, 'user', 'User', 40);
      // Its own child leads back: keeps nothing alive.
      draw.link(draw.child(user, 'profile', 'Profile', 40), user, 'owner');
      return user;
    });
    const holders = findHolders(draw.heap(), Uint32Array.from(users));
    expect(holders).toHaveLength(1);
    expect(holders[0]).toMatchObject({ text: 'property user of Order (50 of them)', held: 50 });
  });

  it('takes a predicate, and weak references hold nothing', () => {
    const draw = new HeapDrawing();
    const user = draw.add('User', 40);
    draw.link(draw.child(draw.global, 'ref', 'WeakRef', 16), user, 'target', 'weak');
    draw.link(draw.child(draw.global, 'app', 'Object', 16), user, 'user');
    const heap = draw.heap();
    const holders = findHolders(heap, (node) => node === user);
    expect(holders.map(({ kind }) => kind)).toEqual(['object']);
    expect(findHolders(heap, new Uint32Array(0))).toEqual([]);
  });
});

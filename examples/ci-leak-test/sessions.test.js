import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLeaks } from './find-leaks.js';
import { SessionStore } from './sessions.js';

test('a session that has ended is let go', async () => {
  const store = new SessionStore();
  let next = 0;
  const leaks = await findLeaks(() => {
    const id = `s${next++}`;
    store.begin(id, `user ${next}`).basket.push({ product: next });
    store.end(id);
  });
  assert.deepEqual(leaks, []);
  // The store itself must be alive when the last snapshot is taken.
  assert.equal(store.sessions.size, 0);
});

import { expect, test } from 'vitest';
import { openLive } from './stack-image.ts';

test('a look after Ctrl-C is interrupted, not a fault of our own', async () => {
  const interruption = new AbortController();
  const live = await openLive(String(process.pid), 'stack', interruption.signal);
  interruption.abort();
  await expect(live.look(() => 1)).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
  live.close();
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Key, KeyReader } from './top-keys.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Keys of chunks as they come from the terminal; then so long nothing that an Escape is one. */
function keysOf(...chunks: string[]): Key[] {
  const keys: Key[] = [];
  const reader = new KeyReader((key) => keys.push(key));
  for (const chunk of chunks) reader.take(chunk);
  vi.advanceTimersByTime(200);
  reader.close();
  return keys;
}

describe('KeyReader', () => {
  it('knows arrows in both forms, with modifiers, and the keys of the block', () => {
    expect(keysOf('\x1b[A\x1b[B\x1bOA\x1b[1;5C\x1b[D')).toEqual(['up', 'down', 'up', 'right', 'left']);
    expect(keysOf('\x1b[5~\x1b[6~\x1b[H\x1b[4~')).toEqual(['page-up', 'page-down', 'home', 'end']);
  });

  it('tells an Escape from a sequence that comes in pieces', () => {
    expect(keysOf('\x1b')).toEqual(['escape']);
    expect(keysOf('\x1b', '[A')).toEqual(['up']);
    expect(keysOf('\x1b[', 'B', 'q')).toEqual(['down', 'q']);
    expect(keysOf('\x1bq')).toEqual(['escape', 'q']);
  });

  it('leaves out what no key of ours sends', () => {
    expect(keysOf('\x1b[200~x\x1b[201~')).toEqual(['x']);
    expect(keysOf('\x01\x02')).toEqual([]);
    expect(keysOf('\x1b[<0;1;1M')).toEqual([]);
    expect(keysOf(`\x1b[${'1;'.repeat(500)}`).length).toBeLessThanOrEqual(1100);
  });

  it('knows the control keys', () => {
    expect(keysOf('\x03\x1a\x0c\r\x7f ')).toEqual(['ctrl-c', 'ctrl-z', 'ctrl-l', 'enter', 'backspace', ' ']);
  });
});

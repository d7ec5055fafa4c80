import { expect, test } from 'vitest';
import type { ThreadImage } from '../linux/process-image.ts';
import type { CodeFrame } from './stack-frame.ts';
import { tellThreadWork } from './thread-work.ts';

const thread: ThreadImage = { tid: 1, name: 'node', registers: new Float64Array(17).fill(1) };
const frame = (kind: CodeFrame['kind'], name: string): CodeFrame => ({
  kind,
  name,
  file: 'node',
  pc: 1,
  fp: 1,
});
const work = (...names: string[]): string =>
  tellThreadWork(
    thread,
    names.map((name) => frame(name.includes('::') ? 'native' : 'v8', name)),
    true,
  ).state;

test('between two promise callbacks no function is on the stack', () => {
  const queue = 'v8::internal::MicrotaskQueue::RunMicrotasks';
  expect(work('Builtins_PromiseFulfillReactionJob', 'Builtins_RunMicrotasks', queue)).toBe(
    'running promise callbacks',
  );
  expect(work('v8::internal::Heap::CollectGarbage', 'Builtins_RunMicrotasks', queue)).toBe(
    'collecting garbage',
  );
  expect(work('node::Start')).toBe('running native code');
});

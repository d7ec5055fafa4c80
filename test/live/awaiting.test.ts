import { afterEach, expect, it } from 'vitest';
import type { StoppedProcess } from '../../src/linux/stopped-process.ts';
import type { Waiter } from '../../src/postmortem/promise-reactions.ts';
import type { V8Reader } from '../../src/postmortem/v8-reader.ts';
import { built } from './built.ts';
import { NODE_MAJORS, startTarget, type TargetProcess, targetFile } from './target-process.ts';

let target: TargetProcess | undefined;
let image: StoppedProcess | undefined;

afterEach(async () => {
  image?.close();
  await target?.stop();
  image = undefined;
  target = undefined;
});

it.each(NODE_MAJORS)('Node %i: finds the async callers that Error.stack names', async (node) => {
  const { stopProcess } =
    await built<typeof import('../../src/linux/stopped-process.ts')>('linux/stopped-process.js');
  const { openV8 } = await built<typeof import('../../src/postmortem/open-v8.ts')>('postmortem/open-v8.js');
  const { readValue } =
    await built<typeof import('../../src/postmortem/read-value.ts')>('postmortem/read-value.js');
  const { asyncCallers, waitersOf } = await built<typeof import('../../src/postmortem/promise-reactions.ts')>(
    'postmortem/promise-reactions.js',
  );
  const nameOf = await callerNames();
  target = await startTarget(targetFile('values/awaiting.cjs'), {
    node,
    nodeArgs: ['--allow-natives-syntax', '--no-warnings'],
  });
  const out = target.stdout();
  const { list, expected } = JSON.parse(out.slice(0, out.indexOf('\n'))) as {
    list: string[];
    expected: Record<string, string[]>;
  };
  expect(list).toHaveLength(9);
  image = await stopProcess(target.pid);
  const v8 = openV8(image);
  const promises = readValue(v8, Number(/DebugPrint: (0x[0-9a-f]+)/.exec(out)?.[1]), { depth: 1 });
  if (promises.type !== 'object') throw new Error('no list of promises');
  for (const [index, name] of list.entries()) {
    const promise = promises.properties?.[index]?.value;
    const [waiter] = waitersOf(v8, promise?.type === 'object' ? promise.address : Number.NaN);
    const callers = asyncCallers(v8, waiter?.generator ?? Number.NaN).map((one) => nameOf(v8, one));
    expect({ [name]: callers }).toEqual({ [name]: expected[name] });
  }
});

/** `at async Service.load (file:1:2)`, as V8 words it. */
async function callerNames(): Promise<(v8: V8Reader, waiter: Waiter) => string> {
  const { callName } =
    await built<typeof import('../../src/postmortem/call-name.ts')>('postmortem/call-name.js');
  const info = await built<typeof import('../../src/postmortem/function-info.ts')>(
    'postmortem/function-info.js',
  );
  const { positionAt } = await built<typeof import('../../src/postmortem/source-positions.ts')>(
    'postmortem/source-positions.js',
  );
  const { placeAt } = await built<typeof import('../../src/postmortem/source-lines.ts')>(
    'postmortem/source-lines.js',
  );
  const { field } =
    await built<typeof import('../../src/postmortem/v8-objects.ts')>('postmortem/v8-objects.js');
  return (v8, waiter) => {
    if (waiter.combinator)
      return `at async Promise.${waiter.combinator.name} (index ${waiter.combinator.index})`;
    const shared = info.sharedOf(v8, waiter.function ?? Number.NaN);
    const { name } = callName(v8, {
      function: waiter.function ?? Number.NaN,
      shared,
      receiver: field(v8, waiter.generator ?? Number.NaN, 'JSGeneratorObject.receiver'),
      receiverMap: Number.NaN,
      isConstructor: false,
    });
    const position = positionAt(v8, info.bytecodeArrayOf(v8, shared), waiter.bytecodeOffset ?? Number.NaN);
    const place = placeAt(v8, info.scriptOf(v8, shared), position);
    const where = place === undefined ? 'nowhere' : `${place.url}:${place.line}:${place.column}`;
    return name === '' ? `at async ${where}` : `at async ${name} (${where})`;
  };
}

import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StoppedProcess } from '../../src/linux/stopped-process.ts';
import type { Value } from '../../src/postmortem/value.ts';
import { built } from './built.ts';
import { flippedMemory } from './flipped-memory.ts';
import { NODE_MAJORS, startTarget, type TargetProcess, targetFile } from './target-process.ts';
import { type Expected, seen, wanted } from './value-comparison.ts';

const LIMITS = { mostText: 300, mostElements: 50, mostProperties: 60 };
const DEPTH = 3;

interface Printed {
  names: string[];
  expected: { version: string; things: Record<string, Expected>; variables: Expected };
}

let linux: typeof import('../../src/linux/stopped-process.ts');
let opened: typeof import('../../src/postmortem/open-v8.ts');
let values: typeof import('../../src/postmortem/read-value.ts');
let members: typeof import('../../src/postmortem/object-members.ts');
let reactions: typeof import('../../src/postmortem/promise-reactions.ts');
let paged: typeof import('../../src/linux/memory.ts');

beforeAll(async () => {
  linux = await built('linux/stopped-process.js');
  opened = await built('postmortem/open-v8.js');
  values = await built('postmortem/read-value.js');
  members = await built('postmortem/object-members.js');
  reactions = await built('postmortem/promise-reactions.js');
  paged = await built('linux/memory.js');
});

let target: TargetProcess | undefined;
let image: StoppedProcess | undefined;

afterEach(async () => {
  image?.close();
  await target?.stop();
  image = undefined;
  target = undefined;
});

describe.each(NODE_MAJORS)('Node %i', (node) => {
  /** The target prints what reflection says of its values, and where the list of them stands. */
  async function look() {
    target = await startTarget(targetFile('values/everything.cjs'), {
      node,
      nodeArgs: ['--allow-natives-syntax', '--no-warnings'],
      args: [String(DEPTH)],
    });
    const out = target.stdout();
    const { names, expected } = JSON.parse(out.slice(0, out.indexOf('\n'))) as Printed;
    const list = Number(/DebugPrint: (0x[0-9a-f]+)/.exec(out)?.[1]);
    image = await linux.stopProcess(target.pid);
    const v8 = opened.openV8(image);
    const all = values.readValue(v8, list, { ...LIMITS, depth: 1, mostElements: 10_000 });
    const byIndex = new Map(all.type === 'object' ? all.properties?.map((one) => [one.key, one.value]) : []);
    const thing = (name: string): Value | undefined => byIndex.get(String(names.indexOf(name)));
    return { v8, names, expected, thing, list };
  }

  it('reads every kind of value as reflection in the process sees it', async () => {
    const { v8, names, expected, thing } = await look();
    expect(names.length).toBeGreaterThan(150);
    for (const name of names) {
      const value = thing(name);
      const whole =
        value?.type === 'object' ? values.readValue(v8, value.address, { ...LIMITS, depth: DEPTH }) : value;
      const want = wanted(expected.things[name]!);
      expect({ [name]: seen(whole, want) }).toEqual({ [name]: want });
    }
  });

  it('reads variables of closures, follows keys, finds who awaits a promise', async () => {
    const { v8, expected, thing } = await look();
    const counter = addressOf(thing('counter'));
    const closure = values.readValue(v8, counter, { ...LIMITS, depth: 3 });
    const variables =
      closure.type === 'object' ? closure.properties?.filter((one) => one.kind === 'variable') : [];
    for (const property of expected.variables.properties!) {
      const found = variables?.find((one) => one.key === property.key)?.value;
      const want = wanted(property.value!);
      expect({ [property.key!]: seen(found, want) }).toEqual({ [property.key!]: want });
    }
    const read = (object: number, key: string): Value | undefined => {
      const member = members.memberOf(v8, object, key);
      if (member === undefined) return undefined;
      return 'double' in member
        ? { type: 'number', value: member.double }
        : values.readValue(v8, member.word, { depth: 0 });
    };
    expect(read(counter, 'step')).toEqual({ type: 'number', value: 1.5 });
    expect(read(addressOf(thing('secret')), '#hidden')).toMatchObject({ type: 'string', text: 'deep' });
    expect(read(addressOf(thing('secret')), 'touch')).toMatchObject({ kind: 'function', text: 'touch' });
    expect(read(addressOf(thing('map')), 'b')).toMatchObject({ kind: 'object' });
    expect(read(addressOf(thing('doubles')), '0')).toEqual({ type: 'number', value: 1.5 });
    expect(read(addressOf(thing('sparse')), '5000000')).toMatchObject({ text: 'far' });
    expect(read(addressOf(thing('fulfilled')), '[[PromiseResult]]')).toMatchObject({ kind: 'object' });
    expect(read(addressOf(thing('object')), 'missing')).toBeUndefined();
    const [waiter, none] = reactions.waitersOf(v8, addressOf(thing('pending')));
    expect(none).toBeUndefined();
    expect(waiter?.kind).toBe('await');
    expect(waiter?.promise).toBe(addressOf(thing('waits')));
    expect(waiter?.bytecodeOffset).toBeGreaterThan(0);
  });

  it('ends and does not throw on damaged memory', async () => {
    const { v8, list } = await look();
    let damaged = 0;
    for (let round = 0; round < 40; round++) {
      const memory = new paged.PagedMemory(
        flippedMemory(v8.memory, { seed: round, share: [2e-5, 2e-4, 2e-3, 2e-2][round % 4]! }),
      );
      const value = values.readValue({ ...v8, memory }, list, { ...LIMITS, depth: 4, mostElements: 10_000 });
      const text = JSON.stringify(value);
      expect(text.length).toBeLessThan(50_000_000);
      if (text.includes('"unreadable"')) damaged++;
    }
    expect(damaged).toBeGreaterThan(20);
  });
});

function addressOf(value: Value | undefined): number {
  if (value?.type !== 'object') throw new Error(`no object: ${JSON.stringify(value)}`);
  return value.address;
}

import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessImage } from '../../src/linux/process-image.ts';
import type { StoppedProcess } from '../../src/linux/stopped-process.ts';
import type { V8Reader } from '../../src/postmortem/v8-reader.ts';
import { built } from './built.ts';
import { flippedMemory } from './flipped-memory.ts';
import { NODE_MAJORS, startTarget, type TargetProcess, targetFile } from './target-process.ts';

/** What test/targets/layout/facts.cjs prints of itself. */
interface Facts {
  file: string;
  /** Variables of the function around the last of the list. */
  locals: string[];
  version: string;
  v8: string;
  stack: string;
  functions: Record<
    string,
    { name: string; length: number; text: string; line: number | null; column: number | null }
  >;
  /** Length and UTF-16 in base64. */
  strings: Record<string, [number, string]>;
}

let linux: typeof import('../../src/linux/stopped-process.ts');
let opened: typeof import('../../src/postmortem/open-v8.ts');
let objects: typeof import('../../src/postmortem/v8-objects.ts');
let texts: typeof import('../../src/postmortem/v8-strings.ts');
let infos: typeof import('../../src/postmortem/function-info.ts');
let scopes: typeof import('../../src/postmortem/scope-info.ts');
let lines: typeof import('../../src/postmortem/source-lines.ts');
let positions: typeof import('../../src/postmortem/source-positions.ts');
let paged: typeof import('../../src/linux/memory.ts');

beforeAll(async () => {
  linux = await built('linux/stopped-process.js');
  opened = await built('postmortem/open-v8.js');
  objects = await built('postmortem/v8-objects.js');
  texts = await built('postmortem/v8-strings.js');
  infos = await built('postmortem/function-info.js');
  scopes = await built('postmortem/scope-info.js');
  lines = await built('postmortem/source-lines.js');
  positions = await built('postmortem/source-positions.js');
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

/** Addresses of what stands in an array of the target. */
function elementsOf(v8: V8Reader, array: number): number[] {
  const elements = objects.field(v8, array, 'JSObject.elements');
  const count = objects.smiField(v8, array, 'JSArray.length');
  const data = v8.layout.offset('FixedArray.data');
  return Array.from({ length: count }, (_, index) => objects.wordAt(v8, elements, data + 8 * index));
}

describe.each(NODE_MAJORS)('Node %i', (node) => {
  async function look() {
    target = await startTarget(targetFile('layout/facts.cjs'), {
      node,
      nodeArgs: ['--allow-natives-syntax', '--no-warnings'],
    });
    const out = target.stdout();
    const facts = JSON.parse(out.slice(0, out.indexOf('\n'))) as Facts;
    const list = Number(/DebugPrint: (0x[0-9a-f]+)/.exec(out)?.[1]);
    image = await linux.stopProcess(target.pid);
    return { facts, list, image };
  }

  /** Names, sizes and places of functions; texts of strings: as the process says. */
  function expectFacts(v8: V8Reader, list: number, facts: Facts): void {
    const found = elementsOf(v8, list);
    for (const [key, fact] of Object.entries(facts.functions)) {
      const info = infos.readFunctionInfo(v8, infos.sharedOf(v8, found.shift()!))!;
      expect({ [key]: info }).toMatchObject({ [key]: { length: fact.length } });
      const wanted = key === 'guessed' ? { name: '', inferredName: 'holder.guessed' } : { name: fact.name };
      expect({ [key]: info }).toMatchObject({ [key]: wanted });
      if (key === 'map') {
        expect(info).toMatchObject({ script: Number.NaN, bytecodeArray: Number.NaN });
        expect(info.builtin).toBeGreaterThan(0);
        continue;
      }
      const text = lines.scriptText(v8, info.script).slice(info.token, info.end);
      if (!info.isClassConstructor) expect(fact.text.endsWith(text) && text.length > 5).toBe(true);
      if (fact.line === null || !fact.text.startsWith(text)) continue;
      expect({ [key]: lines.placeAt(v8, info.script, info.token) }).toEqual({
        [key]: { url: facts.file, line: fact.line, column: fact.column },
      });
    }
    for (const [key, [length, utf16]] of Object.entries(facts.strings)) {
      const text = Buffer.from(utf16, 'base64').toString('utf16le');
      const address = found.shift()!;
      expect({ [key]: texts.readString(v8, address, 2 ** 20) }).toEqual({ [key]: { text, length } });
      expect(texts.readString(v8, address, 7)).toEqual({ text: text.slice(0, 7), length });
    }
    const context = infos.contextOf(v8, found.shift()!);
    const scopeInfo = objects.wordAt(v8, context, v8.layout.offset('FixedArray.data'));
    expect(scopes.readScopeInfo(v8, scopeInfo)?.contextLocals).toEqual(facts.locals);
  }

  it('finds names, places and texts again that the process prints of itself', async () => {
    const { facts, list, image } = await look();
    const v8 = opened.openV8(image);
    expect(v8.problems).toEqual([]);
    expect(v8.layout).toMatchObject({ nodeVersion: facts.version, isKnown: true });
    expect(facts.v8.startsWith(v8.layout.v8Version)).toBe(true);
    expectFacts(v8, list, facts);
    const ofBinary = opened.openV8(image, { ignoreProfiles: true });
    expect(ofBinary.problems).toEqual([]);
    expect(ofBinary.layout).toMatchObject({ nodeVersion: facts.version, v8Version: v8.layout.v8Version });
    expectFacts(ofBinary, list, facts);
  });

  it('knows of each build what its metadata says', async () => {
    const { image } = await look();
    const ofProfile = opened.openV8(image).layout;
    const ofBinary = opened.openV8(image, { ignoreProfiles: true }).layout;
    const fields: typeof import('../../src/postmortem/v8-fields.ts') = await built('postmortem/v8-fields.js');
    for (const name of Object.keys(fields.FIELDS))
      expect({ [name]: ofProfile.offset(name) }).toEqual({ [name]: ofBinary.offset(name) });
    for (const name of Object.keys(fields.NUMBERS))
      expect({ [name]: ofProfile.number(name) }).toEqual({ [name]: ofBinary.number(name) });
    expect(ofProfile.types).toEqual(ofBinary.types);
  });

  it('has the position of every call that Error.stack shows among those of the function', async () => {
    const { facts, list, image } = await look();
    const v8 = opened.openV8(image);
    const keys = Object.keys(facts.functions);
    const found = elementsOf(v8, list);
    for (const name of ['throws', 'caller']) {
      const shown = new RegExp(`at ${name} \\((.*):(\\d+):(\\d+)\\)`).exec(facts.stack)!;
      const info = infos.readFunctionInfo(v8, infos.sharedOf(v8, found[keys.indexOf(name)]!))!;
      const table = positions.tableOf(v8, info.bytecodeArray)!;
      const places = [...table.offsets].map((position) => lines.placeAt(v8, info.script, position));
      expect(places).toContainEqual({ url: shown[1], line: Number(shown[2]), column: Number(shown[3]) });
      // All positions are inside the function, and each is found by its own bytecode offset.
      for (const [index, position] of table.offsets.entries()) {
        expect(position).toBeGreaterThanOrEqual(info.start);
        expect(position).toBeLessThan(info.end);
        if (table.pcs[index + 1] !== table.pcs[index]) {
          expect(positions.positionAt(v8, info.bytecodeArray, table.pcs[index]!)).toBe(position);
        }
      }
    }
  });

  it('does without the binary by the profile of this build', async () => {
    const { facts, list, image } = await look();
    const blind: ProcessImage = Object.create(image, {
      fileOf: { value: () => undefined },
      problems: { value: [] },
    });
    const v8 = opened.openV8(blind);
    expect(v8.problems.join()).toContain('binary of this process is not here');
    expect(v8.layout).toMatchObject({ nodeVersion: facts.version, isKnown: true });
    expectFacts(v8, list, facts);
  });

  it('finds moved fields by what they must hold', async () => {
    const { facts, list, image } = await look();
    const votes: typeof import('../../src/postmortem/layout-votes.ts') = await built(
      'postmortem/layout-votes.js',
    );
    const right = opened.openV8(image);
    const moved = new Map([
      ['JSFunction.shared', 48],
      ['SharedFunctionInfo.script', 8],
      ['BytecodeArray.sourcePositions', 8],
    ]);
    const wrong: V8Reader = {
      ...right,
      problems: [],
      layout: { ...right.layout, offset: (name) => moved.get(name) ?? right.layout.offset(name) },
    };
    const mended = votes.testLayout(wrong);
    expect(mended.problems.length).toBeGreaterThanOrEqual(2);
    for (const name of ['JSFunction.shared', 'SharedFunctionInfo.script'])
      expect({ [name]: mended.layout.offset(name) }).toEqual({ [name]: right.layout.offset(name) });
    expectFacts(mended, list, facts);
  });

  it('stays bounded and never throws on damaged memory', async () => {
    const { list, image } = await look();
    const right = opened.openV8(image);
    const addresses = elementsOf(right, list);
    for (let seed = 1; seed <= 40; seed++) {
      const memory = new paged.PagedMemory(
        flippedMemory(image.memory, { seed, share: 1 / 10 ** (1 + (seed % 4)) }),
      );
      const v8: V8Reader = { ...right, memory };
      for (const address of addresses) {
        const info = infos.readFunctionInfo(v8, infos.sharedOf(v8, address));
        if (info !== undefined) {
          lines.placeAt(v8, info.script, info.start);
          positions.positionAt(v8, info.bytecodeArray, 3);
        }
        const string = texts.readString(v8, address, 1000);
        expect(string === undefined || string.text.length <= 1000).toBe(true);
      }
    }
  });
});

it('says what it found instead of V8', async () => {
  const { spawn } = await import('node:child_process');
  const child = spawn('sleep', ['1000']);
  try {
    await new Promise((resolve) => child.once('spawn', resolve));
    image = await linux.stopProcess(child.pid!);
    expect(() => opened.openV8(image!)).toThrow(expect.objectContaining({ code: 'E_NOT_NODE' }));
    expect(() => opened.openV8(image!)).toThrow(/runs .*, which is not Node/);
  } finally {
    image?.close();
    image = undefined;
    child.kill('SIGKILL');
  }
});

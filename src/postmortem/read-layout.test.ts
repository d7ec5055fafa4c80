import { describe, expect, it } from 'vitest';
import { constantsOf, shortConstants } from './profile-of-image.ts';
import { readLayout, v8NumberOf } from './read-layout.ts';
import { FIELDS, NUMBERS } from './v8-fields.ts';
import { PROFILES } from './v8-profiles.ts';
import { MEASURED_VERSIONS, tableOf } from './v8-tables.ts';

/** What some versions do not have at all. */
const ABSENT =
  /^(Code\.instruction|JSFunction\.(code|dispatchHandle)|SharedFunctionInfo\.(function|trusted|untrusted)|InstructionStream|SharedFunctionInfoWrapper|CodeKind\.maglev|ScopeInfo\.positions|Oddball\.holeKind|JSTypedArray\.length)/;

describe('readLayout', () => {
  it.each(PROFILES.map((profile) => [profile.node, profile] as const))(
    'knows every field and number of Node %s',
    (_, profile) => {
      const layout = readLayout(constantsOf(profile), profile.node, profile.v8);
      expect(layout).toMatchObject({ nodeVersion: profile.node, isKnown: true });
      const unknown = [
        ...Object.keys(FIELDS).filter((name) => Number.isNaN(layout.offset(name))),
        ...Object.keys(NUMBERS).filter((name) => Number.isNaN(layout.number(name))),
      ].filter((name) => !ABSENT.test(name));
      expect(unknown).toEqual([]);
      const { types, typeNames } = layout;
      for (const name of [
        'SEQ_ONE_BYTE_STRING_TYPE',
        'CONS_TWO_BYTE_STRING_TYPE',
        'JS_CLASS_CONSTRUCTOR_TYPE',
      ])
        expect(typeNames.get(types.get(name)!)).toBe(name);
    },
  );

  it('does not mind how a version calls the types of fields', () => {
    const layout = readLayout(
      new Map([
        ['class_JSFunction__shared__Tagged_New_Name_', 72],
        ['class_SharedFunctionInfo__raw_script__Whatever', 88],
        ['class_Map__instance_descriptors', 96],
      ]),
      '',
      '13.6.1.1',
    );
    expect(layout.offset('JSFunction.shared')).toBe(72);
    expect(layout.offset('SharedFunctionInfo.script')).toBe(88);
    expect(layout.offset('Map.descriptors')).toBe(96);
    expect(layout.offset('Nothing.of this name')).toBeNaN();
  });

  it('takes the nearest tables for a version it does not know, and says so', () => {
    const layout = readLayout(new Map(), '30.0.0', '15.9.1.1');
    expect(layout).toMatchObject({ isKnown: false, v8Number: 159 });
    expect(layout.number('SourcePositions.isUnsigned')).toBe(1);
    expect(tableOf(110).v8Number).toBe(113);
    expect(tableOf(Number.NaN, 265).v8Number).toBe(124);
    expect(tableOf(Number.NaN).v8Number).toBe(MEASURED_VERSIONS.at(-1));
    expect(readLayout(new Map([['type_Map__MAP_TYPE', 256]]), '', '').v8Number).toBe(113);
  });

  it('reads versions', () => {
    expect(v8NumberOf('13.6.233.17-node.53')).toBe(136);
    expect(v8NumberOf('10.2.154.26')).toBe(102);
    expect(v8NumberOf('')).toBeNaN();
  });
});

it('keeps of constants what readers ask for', () => {
  const constants = new Map([
    ['class_A__b__C', 1],
    ['class_A__b', 2],
    ['parent_A__B', 0],
    ['type_A__A_TYPE', 3],
  ]);
  expect([...shortConstants(constants)]).toEqual([
    ['class_A__b', 2],
    ['type_A__A_TYPE', 3],
  ]);
});

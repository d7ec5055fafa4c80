import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weigh, wholeShape } from './call-shape.ts';
import type { ProfileTables } from './profile-tables.ts';
import { boxesAsText, drawIcicle, drawTables } from './text-tables.fixture.ts';
import {
  applyTransforms,
  describeTransform,
  readTransforms,
  renderTransforms,
  type Transform,
} from './transforms.ts';

const SERVER = drawTables(`
  c:tick d:router u:login c:pbkdf2 n:sha512 70
  c:tick d:router u:login 2
  c:tick d:router u:list d:render n:writev 10
  c:timer u:login 5
  c:timer 1
  g:gc 3
  i:idle 40
`);
const frameOf = (tables: ProfileTables, name: string) => tables.name.indexOf(name);
const nodeOf = (tables: ProfileTables, ...path: string[]) => {
  let at = 0;
  for (const name of path)
    for (let i = 1; i < tables.length; i++)
      if (tables.parent[i] === at && tables.name[tables.frame[i]!] === name) {
        at = i;
        break;
      }
  return at;
};
function textAfter(tables: ProfileTables, ...transforms: Transform[]): string[] {
  const shape = applyTransforms(wholeShape(tables), tables, transforms);
  return boxesAsText(drawIcicle(tables, shape), tables);
}
const server = (name: string) => frameOf(SERVER, name);

describe('focus', () => {
  it('keeps only stacks with the function, and not the own time of those above it', () => {
    expect(textAfter(SERVER, { kind: 'focus', frame: server('login') })).toEqual([
      '(root) 77',
      ' tick 72',
      '  router 72',
      '   login 72',
      '    pbkdf2 70',
      '     sha512 70',
      ' timer 5',
      '  login 5',
    ]);
  });

  it('makes a path the root', () => {
    const node = nodeOf(SERVER, 'tick', 'router', 'login');
    expect(textAfter(SERVER, { kind: 'subtree', node })).toEqual([
      '(root) 72',
      ' login 72',
      '  pbkdf2 70',
      '   sha512 70',
    ]);
  });
});

describe('hiding', () => {
  it('gives the time of a function to its caller', () => {
    expect(textAfter(SERVER, { kind: 'hide', frame: server('pbkdf2') })).toContain('    sha512 70');
    expect(textAfter(SERVER, { kind: 'hide', frame: server('timer') })).toContain(' login 5');
  });

  it('hides all of a package, and all of a file', () => {
    const text = textAfter(SERVER, { kind: 'hide-package', frame: server('router') });
    expect(text.join()).not.toContain('router');
    // render is of another package that starts with the same letter in the drawing.
    expect(text.join()).not.toContain('render');
    expect(textAfter(SERVER, { kind: 'hide-file', frame: server('login') }).join()).not.toContain('login');
  });

  it('hides nothing for functions without package or file', () => {
    const whole = textAfter(SERVER);
    expect(textAfter(SERVER, { kind: 'hide-package', frame: server('login') })).toEqual(whole);
  });

  it('drops idle time', () => {
    expect(textAfter(SERVER, { kind: 'idle' })[0]).toBe('(root) 91');
  });
});

describe('recursion', () => {
  const direct = drawTables('u:walk u:walk u:walk u:leaf 4\nu:walk u:leaf 1\nu:walk u:walk 2');
  const mutual = drawTables('u:even u:odd u:even u:odd u:leaf 4\nu:even u:other 1\nu:odd 3');

  it('folds a function into itself and merges what was below', () => {
    const folded = ['(root) 7', ' walk 7', '  leaf 5'];
    expect(textAfter(direct, { kind: 'recursion', frame: frameOf(direct, 'walk') })).toEqual(folded);
    expect(textAfter(direct, { kind: 'recursion', frame: -1 })).toEqual(folded);
    expect(textAfter(direct, { kind: 'recursion', frame: frameOf(direct, 'leaf') })).toEqual(
      textAfter(direct),
    );
  });

  it('leaves other functions between two calls, unless asked for', () => {
    expect(textAfter(mutual, { kind: 'recursion', frame: -1 })).toEqual(textAfter(mutual));
    expect(textAfter(mutual, { kind: 'mutual', frame: frameOf(mutual, 'even') })).toEqual([
      '(root) 8',
      ' even 5',
      '  odd 4',
      '   leaf 4',
      '  other 1',
      ' odd 3',
    ]);
    expect(textAfter(mutual, { kind: 'mutual', frame: -1 })).toEqual(
      textAfter(mutual, { kind: 'mutual', frame: frameOf(mutual, 'even') }),
    );
  });
});

describe('several in a row', () => {
  it('apply in order', () => {
    const hide: Transform = { kind: 'hide', frame: server('login') };
    const focus: Transform = { kind: 'focus', frame: server('login') };
    expect(textAfter(SERVER, focus, hide)[0]).toBe('(root) 77');
    // Nothing has login in it any more.
    expect(textAfter(SERVER, hide, focus)).toEqual(['(root) 0']);
  });

  it('ignore what the profile does not have', () => {
    const wrong: Transform[] = [
      { kind: 'focus', frame: 10_000 },
      { kind: 'subtree', node: 10_000 },
      { kind: 'hide-file', frame: 10_000 },
    ];
    expect(textAfter(SERVER, ...wrong)).toEqual(textAfter(SERVER));
  });

  it('never make weight, and only hiding and collapsing keep all of it', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd');
    const stacks = fc.array(
      fc.tuple(fc.array(names, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 9 })),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    const kinds = fc.constantFrom('focus', 'hide', 'recursion', 'mutual', 'idle' as const);
    const steps = fc.array(fc.tuple(kinds, fc.integer({ min: -1, max: 5 })), { maxLength: 4 });
    fc.assert(
      fc.property(stacks, steps, (drawn, wanted) => {
        const text = drawn.map(([path, count]) => `${path.map((one) => `u:${one}`).join(' ')} ${count}`);
        const tables = drawTables(text.join('\n'));
        const transforms = wanted.flatMap(([kind, frame]): Transform[] => {
          if (kind === 'idle') return [{ kind }];
          if (kind === 'recursion' || kind === 'mutual') return [{ kind, frame }];
          return frame > 0 ? [{ kind: kind as 'focus' | 'hide', frame }] : [];
        });
        const shape = applyTransforms(wholeShape(tables), tables, transforms);
        const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
        const left = sum(weigh(shape, tables.self));
        if (transforms.some((one) => one.kind === 'focus'))
          expect(left).toBeLessThanOrEqual(sum(tables.self));
        else expect(left).toBe(sum(tables.self));
        for (let i = 1; i < shape.length; i++) expect(shape.parent[i]!).toBeLessThan(i);
        if (transforms.at(-1)?.kind === 'mutual' && (transforms.at(-1) as { frame: number }).frame < 0) {
          for (let i = 1; i < shape.length; i++)
            for (let up = shape.parent[i]!; up > 0; up = shape.parent[up]!)
              expect(shape.frame[up]).not.toBe(shape.frame[i]);
        }
      }),
    );
  });

  it('survive stacks of 100 000 frames', () => {
    const length = 100_000;
    const deep: ProfileTables = {
      ...drawTables('u:a u:b 1'),
      length,
      parent: Int32Array.from({ length }, (_, i) => i - 1),
      frame: Int32Array.from({ length }, (_, i) => (i === 0 ? 0 : 1 + (i % 2))),
      self: Float64Array.from({ length }, (_, i) => (i === length - 1 ? 5000 : 0)),
    };
    expect(textAfter(deep, { kind: 'mutual', frame: -1 })).toEqual(['(root) 5', ' b 5']);
    expect(textAfter(deep, { kind: 'hide', frame: 1 })).toHaveLength(length / 2 + 1);
  });
});

describe('the address and the crumbs', () => {
  const all: Transform[] = [
    { kind: 'focus', frame: 12 },
    { kind: 'subtree', node: 812 },
    { kind: 'hide', frame: 5 },
    { kind: 'hide-package', frame: 2 },
    { kind: 'hide-file', frame: 0 },
    { kind: 'recursion', frame: -1 },
    { kind: 'recursion', frame: 3 },
    { kind: 'mutual', frame: 4 },
    { kind: 'idle' },
  ];

  it('are compact and come back', () => {
    expect(renderTransforms(all)).toBe('o12.u812.h5.p2.l0.r.r3.m4.i');
    expect(readTransforms(renderTransforms(all))).toEqual(all);
  });

  it('read only what makes sense', () => {
    expect(readTransforms('o.h-1.x5.<b>.u99999999999.i7')).toEqual([{ kind: 'idle' }]);
    expect(readTransforms('i.'.repeat(1000)).length).toBeLessThanOrEqual(40);
  });

  it('say what was done', () => {
    expect(describeTransform({ kind: 'hide-file', frame: server('login') }, SERVER)).toEqual({
      verb: 'without file',
      what: 'app/login.js',
    });
    expect(describeTransform({ kind: 'subtree', node: nodeOf(SERVER, 'timer', 'login') }, SERVER).what).toBe(
      'login',
    );
    for (const one of all) expect(describeTransform(one, SERVER).what).not.toBe('');
  });
});

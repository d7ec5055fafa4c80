import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldRooms, wholeShape } from './call-shape.ts';
import { IDLE, type ProfileTables } from './profile-tables.ts';
import { drawTables } from './text-tables.fixture.ts';
import {
  boxAtTime,
  buildTimeline,
  childBox,
  longestBox,
  neighbourBox,
  parentBox,
  type Timeline,
  walkVisible,
} from './timeline.ts';

const lineOf = (tables: ProfileTables) => buildTimeline(tables, wholeShape(tables));

/** What is visible, as text: row, name, from, to; `~` marks texture. Sorted by row and time. */
function visible(line: Timeline, tables: ProfileTables, from: number, to: number, step: number): string[] {
  const out: { row: number; from: number; text: string }[] = [];
  const add = (mark: string) => (row: number, node: number, start: number, end: number) =>
    out.push({ row, from: start, text: `${row}${mark} ${tables.name[line.frame[node]!]} ${start}-${end}` });
  walkVisible(line, from, to, step, { box: add(''), texture: add('~') });
  return out.sort((a, b) => a.row - b.row || a.from - b.from).map((one) => one.text);
}

const tables = drawTables(`
  c:tick u:login n:sha512 5
  c:tick u:login 2
  c:tick u:list 3
  i:idle 4
  c:tick u:list 1
`);

describe('boxes in time', () => {
  const line = lineOf(tables);

  it('go on as long as the stacks agree', () => {
    expect(visible(line, tables, 0, 15, 0.001)).toEqual([
      '1 tick 0-10',
      '1 idle 10-14',
      '1 tick 14-15',
      '2 login 0-7',
      '2 list 7-10',
      '2 list 14-15',
      '3 sha512 0-5',
    ]);
  });

  it('are cut to what is visible without losing those that began before', () => {
    expect(visible(line, tables, 6, 8, 0.001)).toEqual(['1 tick 5-10', '2 login 5-7', '2 list 7-10']);
    expect(visible(line, tables, 20, 30, 0.001)).toEqual([]);
  });

  it('leave gaps where frames are not in the picture', () => {
    const without = foldRooms(wholeShape(tables), tables, { foldCore: false, hidden: new Set([IDLE]) });
    expect(visible(buildTimeline(tables, without), tables, 0, 15, 0.001).slice(0, 2)).toEqual([
      '1 tick 0-10',
      '1 tick 14-15',
    ]);
  });

  it('become texture when they are finer than a step, and what is common stays a box', () => {
    const fine = drawTables(
      Array.from({ length: 50 }, (_, i) => `u:main u:${i % 2 ? 'odd' : 'even'} 1`).join('\n'),
    );
    const seen = visible(lineOf(fine), fine, 0, 50, 10);
    expect(seen.filter((one) => one.startsWith('1'))).toEqual(['1 main 0-50']);
    expect(seen.filter((one) => one.startsWith('2~')).length).toBeLessThanOrEqual(6);
  });

  it('that last longer than a step are never swallowed', () => {
    const mixed = drawTables(`u:a 1\nu:b 1\nu:a 1\nu:long 40\nu:b 1\nu:a 1`);
    expect(visible(lineOf(mixed), mixed, 0, 45, 4)).toContain('1 long 3-43');
  });
});

describe('one box', () => {
  const line = lineOf(tables);
  const name = (box: ReturnType<typeof boxAtTime>) =>
    box && `${tables.name[line.frame[box.node]!]} ${box.from}-${box.to}`;

  it('is found by time and row', () => {
    expect(name(boxAtTime(line, 6, 1))).toBe('tick 0-10');
    expect(name(boxAtTime(line, 6, 2))).toBe('login 0-7');
    expect(boxAtTime(line, 6, 3)).toBeNull();
    expect(boxAtTime(line, -1, 1)).toBeNull();
    expect(boxAtTime(line, 15, 1)).toBeNull();
  });

  it('leads to its neighbours', () => {
    const login = boxAtTime(line, 0, 2)!;
    expect(name(neighbourBox(line, login, 1))).toBe('list 7-10');
    expect(name(neighbourBox(line, neighbourBox(line, login, 1)!, 1))).toBe('list 14-15');
    expect(neighbourBox(line, login, -1)).toBeNull();
    expect(name(parentBox(line, login))).toBe('tick 0-10');
    expect(name(childBox(line, login))).toBe('sha512 0-5');
    expect(parentBox(line, parentBox(line, login)!)).toBeNull();
  });

  it('stands for its path where it is longest', () => {
    const list = boxAtTime(line, 8, 2)!;
    expect(name(longestBox(line, list.node))).toBe('list 7-10');
  });
});

it('shows at any step what a look at every sample shows', () => {
  const stack = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(stack, { minLength: 1, maxLength: 150 }),
      fc.nat(80),
      fc.integer({ min: 1, max: 90 }),
      (stacks, from, length) => {
        const drawn = drawTables(
          stacks.map((path) => `${path.map((one) => `u:${one}`).join(' ')} 1`).join('\n'),
        );
        const line = lineOf(drawn);
        const to = Math.min(from + length, stacks.length);
        const seen: (string | undefined)[][] = [];
        walkVisible(line, from, to, 1e-6, {
          box(row, node, start, end) {
            for (let ms = Math.max(from, Math.ceil(start)); ms < Math.min(to, end); ms++) {
              const names = seen[ms] ?? [];
              names[row] = drawn.name[line.frame[node]!];
              seen[ms] = names;
            }
          },
          texture() {
            throw new Error('no texture at this step');
          },
        });
        for (let ms = from; ms < to; ms++) {
          expect(seen[ms]?.slice(1)).toEqual(stacks[ms]);
          const deepest = boxAtTime(line, ms, stacks[ms]!.length)!;
          for (let k = Math.floor(deepest.from); k < deepest.to; k++)
            expect(stacks[k]!.slice(0, deepest.row)).toEqual(stacks[ms]!.slice(0, deepest.row));
        }
        // Coarse: as many columns as there are steps, and the same outer box where all agree.
        let calls = 0;
        walkVisible(line, 0, stacks.length, stacks.length / 8, {
          box: () => calls++,
          texture: () => calls++,
        });
        expect(calls).toBeLessThanOrEqual(4 * 2 * 10);
      },
    ),
  );
});

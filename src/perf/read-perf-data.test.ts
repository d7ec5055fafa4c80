import { describe, expect, it } from 'vitest';
import { openBytes } from '../base/byte-source.ts';
import { HolterError } from '../base/errors.ts';
import { CATEGORIES, type CallTree } from '../cpu/call-tree.ts';
import { readPerfScript } from '../cpu/read-perf-script.ts';
import { openPerfData } from './open-perf-data.ts';
import { besideRecording, RECORDED, readRecording, recordedBytes } from './recorded.fixture.ts';

/** `outermost;…;innermost` → weight, names without C++ parameters, which perf does not print. */
function stacks(tree: CallTree): Map<string, number> {
  const found = new Map<string, number>();
  for (let node = 0; node < tree.length; node++) {
    if (!(tree.self[node]! > 0)) continue;
    const names: string[] = [];
    for (let at = node; at > 0; at = tree.parent[at]!)
      names.push(plainName(tree.frames.name[tree.frame[at]!]!));
    const key = names.reverse().join(';');
    found.set(key, (found.get(key) ?? 0) + tree.self[node]!);
  }
  return found;
}

/** perf prints symbol versions, and picks another of several names of one place. */
function plainName(name: string): string {
  return name
    .replace(/@.*$/, '')
    .replace(/^_*(?:GI_)?_*(?:libc_)?(?=[a-z])/, '')
    .replace(/\(\) const(?=::)/g, '()');
}

const weightOf = (tree: CallTree, wanted: (frame: number) => boolean): number => {
  let sum = 0;
  for (let node = 0; node < tree.length; node++) if (wanted(tree.frame[node]!)) sum += tree.self[node]!;
  return sum;
};

describe.each(RECORDED)('a recording of Node %s', (version) => {
  const profile = readRecording(version);
  const script = readPerfScript(openBytes(recordedBytes(version, 'perf-script.txt'), 'perf.txt'), {});
  const tree = profile.profiles[0]!.tree;

  it('has the samples, threads and weights of perf script', () => {
    const theirs = script.profiles[0]!.tree;
    expect(tree.samples.time.length).toBe(theirs.samples.time.length);
    expect(tree.total[0]).toBeCloseTo(theirs.total[0]!, 3);
    const sizes = (profiles: typeof script.profiles): Map<string, number> =>
      new Map(
        profiles.slice(1).map(({ name, tree: each }) => [name.replace(/^.* /, ''), each.samples.time.length]),
      );
    expect(sizes(profile.profiles)).toEqual(sizes(script.profiles));
  });

  it('names nearly all frames: at most 5 % of the samples have one without a name', () => {
    const { samples, unknown, unknownJit, lost } = profile.quality;
    expect(samples).toBeGreaterThan(100);
    expect(unknown / samples).toBeLessThanOrEqual(0.05);
    expect(unknownJit).toBe(0);
    expect(lost).toBe(0);
  });

  it('has the stacks that perf script prints, where perf knows all names', () => {
    const ours = stacks(tree);
    const theirs = stacks(script.profiles[0]!.tree);
    let compared = 0;
    let equal = 0;
    for (const [stack, weight] of theirs) {
      if (/\[unknown\]|\[[\w.-]+\]/.test(stack)) continue;
      compared += weight;
      equal += Math.min(weight, ours.get(stack) ?? 0);
    }
    expect(compared / script.profiles[0]!.tree.total[0]!).toBeGreaterThan(0.1);
    // The others: perf takes the last name of memory used again, and cannot demangle `requires`.
    expect(equal / compared).toBeGreaterThan(0.88);
  });

  it('has JavaScript, native code, kernel and collections in one tree, functions of the program by line', () => {
    for (const category of ['js', 'native', 'kernel'] as const)
      expect(
        weightOf(tree, (frame) => CATEGORIES[tree.frames.category[frame]!] === category),
      ).toBeGreaterThan(0);
    for (const name of ['jsonWork', 'sortWork', 'hashWork']) {
      const frame = tree.frames.name.indexOf(name);
      expect(tree.frames.file[frame]).toBe('/srv/holter-fixtures/mixed.cjs');
      expect(tree.frames.line[frame]).toBeGreaterThan(5);
    }
  });

  it('tells how long threads ran', () => {
    const main = profile.threadTimes[0]!;
    expect(main.tid).toBe(main.pid);
    expect(main.onCpuMs + main.offCpuMs + main.preemptedMs).toBeGreaterThan(1500);
    expect(main.switches).toBeGreaterThan(10);
  });

  it('adds functions that optimised code holds inlined, and changes no weight', () => {
    const inlined = readRecording(version, { inlined: true });
    const more = inlined.profiles[0]!.tree;
    expect(more.total[0]).toBeCloseTo(tree.total[0]!, 3);
    expect(more.samples.time.length).toBe(tree.samples.time.length);
    const withFrame = (each: CallTree, name: string): number => {
      const holds = new Uint8Array(each.length);
      let weight = 0;
      for (let node = 1; node < each.length; node++) {
        holds[node] = each.frames.name[each.frame[node]!] === name ? 1 : holds[each.parent[node]!]!;
        if (holds[node] === 1) weight += each.self[node]!;
      }
      return weight;
    };
    // `turn` runs most of the time: optimised, within V8's caller of immediates.
    expect(withFrame(more, 'turn')).toBeGreaterThan(withFrame(tree, 'turn') - 1);
    expect(withFrame(more, 'turn') / withFrame(more, 'processImmediate')).toBeGreaterThan(0.5);
  });

  it('is read as far as it is whole when it is cut', () => {
    const bytes = recordedBytes(version, 'perf.data');
    for (const share of [0, 0.0001, 0.001, 0.3, 0.6, 0.95]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      try {
        const part = openPerfData(openBytes(cut, 'cut'), {}, besideRecording(version));
        expect(part.quality.samples).toBeLessThanOrEqual(profile.quality.samples);
        expect(part.profiles[0]!.tree.partial).toMatch(/ends|damaged/);
      } catch (error) {
        expect(error).toBeInstanceOf(HolterError);
      }
    }
  });
});

describe('damaged files', () => {
  it('are read or refused with a reason, whatever bytes change', () => {
    const bytes = recordedBytes(RECORDED[0]!, 'perf.data');
    const beside = besideRecording(RECORDED[0]!);
    let seed = 20261124;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed % below;
    };
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(bytes);
      const inHeader = round % 3 === 0;
      for (let i = 0; i < 1 + random(20); i++) damaged[random(inHeader ? 600 : damaged.length)] = random(256);
      try {
        expect(openPerfData(openBytes(damaged, 'damaged'), {}, beside).quality.samples).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof HolterError)) throw error;
        expect(error.message).not.toBe('');
      }
    }
  });

  it('of another kind are told from each other', () => {
    const open = (text: string): unknown => openPerfData(openBytes(Buffer.from(text), 'file'), {});
    expect(() => open('')).toThrow(/no perf.data/);
    expect(() => open('PERFILE2')).toThrow(/ends within its header/);
    expect(() => open('2ELIFREPxxxxxxxxxxxxxxxxxxxx')).toThrow(/big-endian/);
  });
});

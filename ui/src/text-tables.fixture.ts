import { type Shape, wholeShape } from './call-shape.ts';
import { buildIcicle, type FlameTree } from './flame-tree.ts';
import {
  CORE,
  DEPENDENCY,
  GC,
  IDLE,
  KERNEL,
  NATIVE,
  openProfile,
  type ProfileTables,
  USER,
} from './profile-tables.ts';

const LETTERS: Record<string, number> = {
  u: USER,
  d: DEPENDENCY,
  c: CORE,
  n: NATIVE,
  k: KERNEL,
  g: GC,
  i: IDLE,
};

/**
 * Profile from lines of text, `u:login c:pbkdf2Sync n:sha512 70`: stack from the outside, letter of the room before
 * each name, samples of 1 ms at the end. Samples follow line after line from 0 ms.
 */
export function drawTables(text: string): ProfileTables {
  const name = ['(root)'];
  const room = [NATIVE];
  const parent = [-1];
  const frame = [0];
  const self = [0];
  const nodeOf = new Map<string, number>();
  const samples: number[] = [];
  for (const row of text.trim().split('\n')) {
    const words = row.trim().split(/\s+/);
    const count = Number(words.pop());
    let at = 0;
    let path = '';
    for (const word of words) {
      const [letter, label] = word.split(':') as [string, string];
      let f = name.indexOf(label);
      if (f < 0) {
        f = name.push(label) - 1;
        room.push(LETTERS[letter]!);
      }
      path += `/${label}`;
      let node = nodeOf.get(path);
      if (node === undefined) {
        node = frame.push(f) - 1;
        parent.push(at);
        self.push(0);
        nodeOf.set(path, node);
      }
      at = node;
    }
    self[at]! += count * 1000;
    for (let k = 0; k < count; k++) samples.push(at);
  }
  return openProfile({
    thread: 'main thread',
    unit: 'microseconds',
    from: 0,
    to: samples.length,
    frames: {
      name,
      file: name.map((one) => (/^[a-z]/.test(one) ? `app/${one}.js` : '')),
      line: Int32Array.from(name, (_, i) => i),
      column: new Int32Array(name.length).fill(1),
      room: Uint8Array.from(room),
      package: name.map((one, i) => (room[i] === DEPENDENCY ? `${one.slice(0, 1)}-pack` : '')),
    },
    nodes: { parent: Int32Array.from(parent), frame: Int32Array.from(frame), self: Float64Array.from(self) },
    samples: {
      time: Float64Array.from(samples, (_, i) => i),
      node: Int32Array.from(samples),
      weight: new Float64Array(0),
    },
    lines: { node: new Int32Array(0), line: new Int32Array(0), weight: new Float64Array(0) },
    blamedNodes: [],
  });
}

/** The flame graph of all of a profile, or of a shape of it. */
export function drawIcicle(tables: ProfileTables, shape: Shape = wholeShape(tables)): FlameTree {
  return buildIcicle(shape, tables, tables.self);
}

/** Boxes as text: indentation is depth, then total in ms. */
export function boxesAsText(tree: FlameTree, tables: ProfileTables): string[] {
  return Array.from({ length: tree.length }, (_, i) => {
    return `${' '.repeat(tree.depth[i]!)}${tables.name[tree.frame[i]!]} ${tree.total[i]! / 1000}`;
  });
}

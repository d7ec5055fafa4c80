import type { PageRoom } from '../../src/render/page-data.ts';
import { decodeProfile, type ProfileTables } from './profile-tables.ts';

const LETTERS: Record<string, PageRoom> = {
  u: 'user',
  d: 'dependency',
  c: 'core',
  n: 'native',
  k: 'kernel',
  g: 'gc',
  i: 'idle',
};

/**
 * Profile from lines of text, `u:login c:pbkdf2Sync n:sha512 70`: stack from the outside, letter of the room before
 * each name, samples of 1 ms at the end. Samples follow line after line from 0 ms.
 */
export function drawTables(text: string): ProfileTables {
  const name = ['(root)'];
  const room: PageRoom[] = ['native'];
  const parent = [0];
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
        parent.push(node - at);
        self.push(0);
        nodeOf.set(path, node);
      }
      at = node;
    }
    self[at]! += count * 1000;
    for (let k = 0; k < count; k++) samples.push(at);
  }
  return decodeProfile({
    thread: 'main thread',
    unit: 'microseconds',
    from: 0,
    to: samples.length,
    frames: {
      name,
      file: name.map((one) => (/^[a-z]/.test(one) ? `app/${one}.js` : '')),
      line: name.map((_, i) => i),
      column: name.map(() => 1),
      room,
      package: name.map(() => ''),
    },
    nodes: { parent, frame, self },
    samples: {
      time: samples.map((_, i) => (i === 0 ? 0 : 100)),
      node: samples.map((node, i) => node - (i === 0 ? 0 : samples[i - 1]!)),
      weight: samples.map(() => 1000),
    },
    lines: { node: [], line: [], weight: [] },
    blamedNodes: [],
  });
}

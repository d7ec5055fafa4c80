import { DROP, KEEP, regrow, type Shape } from './call-shape.ts';
import { IDLE, type ProfileTables } from './profile-tables.ts';
import { outermostSame } from './tree-walk.ts';

/**
 * What a reader does to a profile, one after the other. `frame` is a row of the profile's functions, `node` one of its
 * nodes (a path).
 */
export type Transform =
  /** Only stacks with this function. */
  | { kind: 'focus'; frame: number }
  /** Only what is below this path, which becomes the root. */
  | { kind: 'subtree'; node: number }
  /** Time of this function (of its package, of its file) goes to the caller. */
  | { kind: 'hide'; frame: number }
  | { kind: 'hide-package'; frame: number }
  | { kind: 'hide-file'; frame: number }
  /** A function that calls itself becomes one frame; −1 = every function. */
  | { kind: 'recursion'; frame: number }
  /** A function below itself, with others between, becomes the outermost; −1 = every function. */
  | { kind: 'mutual'; frame: number }
  /** Idle time leaves the picture. */
  | { kind: 'idle' };

const LETTERS: Record<Transform['kind'], string> = {
  focus: 'o',
  subtree: 'u',
  hide: 'h',
  'hide-package': 'p',
  'hide-file': 'l',
  recursion: 'r',
  mutual: 'm',
  idle: 'i',
};
/** More than anyone clicks; an address is not trusted. */
const MOST = 40;

/** `o12.h5.i` for the address. */
export function renderTransforms(transforms: readonly Transform[]): string {
  return transforms
    .map((one) => {
      const number = 'node' in one ? one.node : 'frame' in one && one.frame >= 0 ? one.frame : '';
      return `${LETTERS[one.kind]}${number}`;
    })
    .join('.');
}

/** Reads what renderTransforms wrote; leaves out what it does not understand. */
export function readTransforms(text: string): Transform[] {
  const out: Transform[] = [];
  for (const word of text.split('.').slice(0, MOST)) {
    const parts = /^([a-z])(\d{0,9})$/.exec(word);
    if (!parts) continue;
    const kind = (Object.keys(LETTERS) as Transform['kind'][]).find((one) => LETTERS[one] === parts[1]);
    const number = parts[2] === '' ? -1 : Number(parts[2]);
    if (kind === 'idle') out.push({ kind });
    else if (kind === 'recursion' || kind === 'mutual') out.push({ kind, frame: number });
    else if (kind === undefined || number < 0) continue;
    else if (kind === 'subtree') out.push({ kind, node: number });
    else out.push({ kind, frame: number });
  }
  return out;
}

/** What a crumb says: a verb and what it is done to. */
export function describeTransform(one: Transform, tables: ProfileTables): { verb: string; what: string } {
  const frame = one.kind === 'subtree' ? tables.frame[one.node] : 'frame' in one ? one.frame : -1;
  const name = tables.name[frame ?? -1] ?? 'every function';
  switch (one.kind) {
    case 'focus':
      return { verb: 'only with', what: name };
    case 'subtree':
      return { verb: 'only below', what: name };
    case 'hide':
      return { verb: 'without', what: name };
    case 'hide-package':
      return { verb: 'without package', what: tables.package[one.frame] || name };
    case 'hide-file':
      return { verb: 'without file', what: tables.file[one.frame] || name };
    case 'recursion':
      return { verb: 'recursion collapsed:', what: name };
    case 'mutual':
      return { verb: 'mutual recursion collapsed:', what: name };
    case 'idle':
      return { verb: 'without', what: 'idle' };
  }
}

/** The shape after all transforms, in order. Nodes and functions the profile does not have change nothing. */
export function applyTransforms(
  shape: Shape,
  tables: ProfileTables,
  transforms: readonly Transform[],
): Shape {
  let now = shape;
  for (const one of transforms) now = applyTransform(now, tables, one);
  return now;
}

function applyTransform(shape: Shape, tables: ProfileTables, one: Transform): Shape {
  if ('frame' in one && one.frame >= tables.name.length) return shape;
  switch (one.kind) {
    case 'focus':
      return focusFunction(shape, one.frame);
    case 'subtree':
      return focusSubtree(shape, shape.ofNode[one.node] ?? -1);
    case 'hide':
      return hideFrames(shape, (frame) => frame === one.frame);
    case 'hide-package': {
      const name = tables.package[one.frame]!;
      return name === '' ? shape : hideFrames(shape, (frame) => tables.package[frame] === name);
    }
    case 'hide-file': {
      const file = tables.file[one.frame]!;
      return file === '' ? shape : hideFrames(shape, (frame) => tables.file[frame] === file);
    }
    case 'recursion':
      return regrow(shape, (node, above) => {
        const frame = shape.frame[node]!;
        const again = shape.parent[node]! > 0 && shape.frame[shape.parent[node]!] === frame;
        return again && (one.frame < 0 || one.frame === frame) ? above : KEEP;
      });
    case 'mutual':
      return collapseMutual(shape, tables.name.length, one.frame);
    case 'idle':
      return regrow(shape, (node) => (tables.room[shape.frame[node]!] === IDLE ? DROP : KEEP));
  }
}

/** Stacks with the function: what is below it, and the way to it; own time of the way does not count. */
function focusFunction(shape: Shape, frame: number): Shape {
  const n = shape.length;
  const inside = new Uint8Array(n);
  const wanted = new Uint8Array(n);
  for (let i = 1; i < n; i++)
    if (shape.frame[i] === frame || inside[shape.parent[i]!] === 1) inside[i] = wanted[i] = 1;
  for (let i = n - 1; i > 0; i--) if (wanted[i] === 1) wanted[shape.parent[i]!] = 1;
  return regrow(shape, (node) => (wanted[node] === 1 ? KEEP : DROP), inside);
}

function focusSubtree(shape: Shape, root: number): Shape {
  if (root <= 0) return shape;
  const n = shape.length;
  const inside = new Uint8Array(n);
  inside[root] = 1;
  for (let i = root + 1; i < n; i++) inside[i] = inside[shape.parent[i]!]!;
  const path = new Uint8Array(n);
  for (let at = shape.parent[root]!; at > 0; at = shape.parent[at]!) path[at] = 1;
  // The way to it is folded away, so that it stands right below the root.
  return regrow(
    shape,
    (node, above) => (path[node] === 1 ? above : inside[node] === 1 ? KEEP : DROP),
    inside,
  );
}

function hideFrames(shape: Shape, hidden: (frame: number) => boolean): Shape {
  return regrow(shape, (node, above) => (hidden(shape.frame[node]!) ? above : KEEP));
}

function collapseMutual(shape: Shape, frames: number, only: number): Shape {
  const groups = only < 0 ? shape.frame : shape.frame.map((frame) => (frame === only ? frame : -1));
  const outermost = outermostSame(shape.parent, groups, frames, shape.length);
  // The root's own frame is no function.
  return regrow(shape, (node, _, went) => (outermost[node]! > 0 ? went[outermost[node]!]! : KEEP));
}

import { type BoxScene, beginPainting, MERGE_WIDTH, paintBox, paintRing, ROW, Texture } from './box-paint.ts';
import {
  type ChangeView,
  changeOf,
  type DifferenceScale,
  factorText,
  fillOf,
  sidesOf,
  sidesText,
} from './difference-colours.ts';
import type { FlameTree } from './flame-tree.ts';
import { changeText, percentText, THIN } from './number-text.ts';

export interface FlameScene extends BoxScene {
  tree: FlameTree;
  /** Visible range in weight. */
  from: number;
  to: number;
  /** CSS px. */
  width: number;
  height: number;
  scrollTop: number;
  /** Root at the bottom: callers grow upwards. */
  flip: boolean;
  selected: number;
  hovered: number;
  rootLabel: string;
  /** Colours of a comparison; null: rooms. */
  scale: DifferenceScale | null;
  changes: ChangeView;
  /** Text of a weight. */
  amount: (weight: number) => string;
}

/** Boxes of fewer px have room for one number at most. */
const WIDE = 200;

/** Row of a depth: distance from the top of the whole picture. */
function rowOf(scene: Pick<FlameScene, 'tree' | 'flip'>, depth: number): number {
  return scene.flip ? scene.tree.maxDepth - depth : depth;
}

/**
 * Paints the visible window: rows outside it are skipped, boxes under 0.4 px are merged into runs and their subtrees
 * never visited, so the cost follows the pixels and not the profile. Returns the number of boxes painted.
 */
export function paintFlame(ctx: CanvasRenderingContext2D, scene: FlameScene): number {
  const { tree, tables, width, height, scrollTop, palette, from, to } = scene;
  beginPainting(ctx, scene.ratio, width, height);
  const perWeight = width / Math.max(1e-12, to - from);
  const firstRow = Math.floor(scrollTop / ROW);
  const lastRow = Math.ceil((scrollTop + height) / ROW);
  const rows = Math.max(0, lastRow - firstRow + 1);
  const runFrom = new Float64Array(rows).fill(-1);
  const runTo = new Float64Array(rows).fill(-1);
  const runFill = new Array<string>(rows);
  const fine = new Texture(scene.ratio);
  let painted = 0;
  const flush = (slot: number) => {
    const x = runFrom[slot]!;
    if (x < 0) return;
    const colour = palette.forced ? palette.edge : runFill[slot]!;
    fine.add(colour, scene.matches !== null, x, (slot + firstRow) * ROW - scrollTop, runTo[slot]! - x);
    runFrom[slot] = -1;
  };
  const fill = (box: number) =>
    scene.scale === null ? undefined : fillOf(scene.scale, changeOf(tree, box, scene.changes));
  // Flipped, rows further out lie further up: the first to leave the window is then the first row.
  const deepest = scene.flip ? tree.maxDepth - firstRow : lastRow;
  for (let i = 0; i < tree.length; ) {
    const start = tree.start[i]!;
    const total = tree.total[i]!;
    if (start + total <= from || start >= to || tree.depth[i]! > deepest) {
      i = tree.end[i]!;
      continue;
    }
    const row = rowOf(scene, tree.depth[i]!);
    const slot = row - firstRow;
    const visible = slot >= 0 && slot < rows;
    const left = Math.max(0, (start - from) * perWeight);
    const right = Math.min(width, (start + total - from) * perWeight);
    if (right - left < MERGE_WIDTH) {
      if (visible) {
        if (left - runTo[slot]! > 1) flush(slot);
        if (runFrom[slot]! < 0) {
          runFrom[slot] = left;
          // Siblings come by weight: the first of a run is its largest.
          runFill[slot] = fill(i) ?? palette.rooms[tables.room[tree.frame[i]!]!]!;
        }
        runTo[slot] = right;
        // Slices of a pixel, each in the colour of its first box: texture instead of one misleading block.
        if (right - runFrom[slot]! >= 1) flush(slot);
      }
      i = tree.end[i]!;
      continue;
    }
    if (visible) {
      const colour = fill(i);
      paintBox(ctx, scene, {
        frame: tree.frame[i]!,
        x: left,
        width: right - left,
        y: row * ROW - scrollTop,
        hovered: i === scene.hovered,
        tail: tailOf(scene, i, right - left),
        ...(i === 0 ? { label: scene.rootLabel } : {}),
        ...(colour === undefined ? {} : { fill: colour }),
      });
      painted++;
    }
    i++;
  }
  for (let slot = 0; slot < rows; slot++) flush(slot);
  fine.paint(ctx);
  paintRings(ctx, scene, perWeight);
  return painted + fine.count;
}

/**
 * Share of the whole. In a comparison: before and after of the function, or the change of the stack in points of the
 * whole.
 */
function tailOf(scene: FlameScene, box: number, width: number): string {
  if (width < 60) return '';
  const { tree, changes } = scene;
  if (scene.scale !== null) {
    if (changes.functions === null) return changeText(changeOf(tree, box, changes));
    const sides = sidesOf(tree, box, changes);
    return width < WIDE ? factorText(sides) : sidesText(sides, scene.amount);
  }
  const share = tree.total[box]! / Math.max(1e-12, tree.total[0]!);
  return share > 0.005 || box === 0 ? `${percentText(share)}${THIN}%` : '';
}

function paintRings(ctx: CanvasRenderingContext2D, scene: FlameScene, perWeight: number): void {
  const { tree, palette, scrollTop, from, width, marked } = scene;
  const ring = (box: number, strong: boolean) => {
    const left = Math.max(0, (tree.start[box]! - from) * perWeight);
    const right = Math.min(width, (tree.start[box]! + tree.total[box]! - from) * perWeight);
    if (right <= 0 || left >= width) return;
    paintRing(ctx, palette, left, right, rowOf(scene, tree.depth[box]!) * ROW - scrollTop, strong);
  };
  if (marked.size > 0) {
    for (let i = 1; i < tree.length; i++) {
      const start = tree.start[i]!;
      const outside = start >= scene.to || start + tree.total[i]! <= from;
      if (outside || tree.total[i]! * perWeight < MERGE_WIDTH) i = tree.end[i]! - 1;
      else if (marked.has(tree.frame[i]!)) ring(i, false);
    }
  }
  if (scene.selected > 0 && scene.selected < tree.length) ring(scene.selected, true);
}

/** The box under a point of the canvas, −1 for none. */
export function boxAt(
  scene: Pick<FlameScene, 'tree' | 'from' | 'to' | 'width' | 'scrollTop' | 'flip'>,
  x: number,
  y: number,
): number {
  const { tree, from, to, width, scrollTop } = scene;
  const depth = rowOf(scene, Math.floor((y + scrollTop) / ROW));
  const weight = from + ((to - from) * x) / Math.max(1, width);
  for (let i = 0; i < tree.length; ) {
    if (weight < tree.start[i]! || weight >= tree.start[i]! + tree.total[i]!) i = tree.end[i]!;
    else if (tree.depth[i] === depth) return i;
    else i++;
  }
  return -1;
}

import { hatch } from './chart-paint.ts';
import type { FlameTree } from './flame-tree.ts';
import { percentText, THIN } from './number-text.ts';
import { GC, IDLE, type ProfileTables, placeText, ROOMS } from './profile-tables.ts';
import { forcedColours, token } from './theme.ts';

/** Height of a row with its gap, CSS px. */
export const ROW = 20;
/** Below this width a box has no text, and below the second it is merged with its neighbours. CSS px. */
const TEXT_WIDTH = 26;
const MERGE_WIDTH = 0.4;

export interface Palette {
  rooms: string[];
  frameText: string;
  text: string;
  surface: string;
  innerLine: string;
  edge: string;
  sunk: string;
  font: string;
  forced: boolean;
}

export function readPalette(): Palette {
  const forced = forcedColours();
  return {
    rooms: ROOMS.map((room) => (forced ? 'Canvas' : token(`room-${room}`))),
    frameText: forced ? 'CanvasText' : token('frame-text'),
    text: forced ? 'CanvasText' : token('text'),
    surface: forced ? 'Canvas' : token('surface'),
    innerLine: forced ? 'CanvasText' : token('frame-line'),
    edge: forced ? 'CanvasText' : token('edge'),
    sunk: forced ? 'Canvas' : token('sunk'),
    font: getComputedStyle(document.body).fontFamily,
    forced,
  };
}

export interface FlameScene {
  tree: FlameTree;
  tables: ProfileTables;
  palette: Palette;
  /** Visible range in weight. */
  from: number;
  to: number;
  /** CSS px. */
  width: number;
  height: number;
  scrollTop: number;
  ratio: number;
  matches: Uint8Array | null;
  marked: ReadonlySet<number>;
  selected: number;
  hovered: number;
  rootLabel: string;
}

/**
 * Paints the visible window: rows outside it are skipped, boxes under 0.4 px are merged into runs and their subtrees
 * never visited, so the cost follows the pixels and not the profile. Returns the number of boxes painted.
 */
export function paintFlame(ctx: CanvasRenderingContext2D, scene: FlameScene): number {
  const { tree, tables, width, height, scrollTop, palette, from, to } = scene;
  ctx.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.textBaseline = 'middle';
  const scale = width / Math.max(1e-9, to - from);
  const firstRow = Math.floor(scrollTop / ROW);
  const lastRow = Math.ceil((scrollTop + height) / ROW);
  const gcFill = hatch(ctx, palette.innerLine, scene.ratio, 5, 1);
  if (gcFill instanceof CanvasPattern) gcFill.setTransform(new DOMMatrix().scale(1 / scene.ratio));
  const runs = new Float64Array((tree.maxDepth + 1) * 2).fill(-1);
  const runRoom = new Uint8Array(tree.maxDepth + 1);
  let painted = 0;
  const flush = (row: number) => {
    const x = runs[row * 2]!;
    if (x < 0) return;
    ctx.fillStyle = palette.forced ? palette.edge : palette.rooms[runRoom[row]!]!;
    ctx.globalAlpha = scene.matches ? 0.28 : 0.7;
    ctx.fillRect(x, row * ROW - scrollTop, Math.max(0.5, runs[row * 2 + 1]! - x), ROW - 1);
    ctx.globalAlpha = 1;
    runs[row * 2] = -1;
    painted++;
  };
  for (let i = 0; i < tree.length; ) {
    const start = tree.start[i]!;
    const total = tree.total[i]!;
    const row = tree.depth[i]!;
    if (start + total <= from || start >= to || row > lastRow || total === 0) {
      i = tree.end[i]!;
      continue;
    }
    const left = Math.max(0, (start - from) * scale);
    const right = Math.min(width, (start + total - from) * scale);
    if (right - left < MERGE_WIDTH) {
      if (row >= firstRow) {
        if (left - runs[row * 2 + 1]! > 1) flush(row);
        if (runs[row * 2]! < 0) {
          runs[row * 2] = left;
          // Siblings come by weight: the first of a run is its largest.
          runRoom[row] = tables.room[tree.frame[i]!]!;
        }
        runs[row * 2 + 1] = right;
        // Slices of a pixel, each in the colour of its first box: texture instead of one misleading block.
        if (right - runs[row * 2]! >= 1) flush(row);
      }
      i = tree.end[i]!;
      continue;
    }
    if (row >= firstRow) {
      paintBox(ctx, scene, i, left, right - left, row * ROW - scrollTop, gcFill);
      painted++;
    }
    i++;
  }
  for (let row = firstRow; row <= Math.min(lastRow, tree.maxDepth); row++) flush(row);
  paintRings(ctx, scene, scale);
  return painted;
}

function paintBox(
  ctx: CanvasRenderingContext2D,
  scene: FlameScene,
  box: number,
  x: number,
  full: number,
  y: number,
  gcFill: CanvasPattern | string,
): void {
  const { tree, tables, palette } = scene;
  const frame = tree.frame[box]!;
  const room = tables.room[frame]!;
  const root = box === 0;
  const width = full > 2 ? full - 1 : full;
  const high = ROW - 1;
  if (scene.matches && !root && !scene.matches[frame]) ctx.globalAlpha = 0.28;
  ctx.fillStyle = root ? palette.sunk : palette.rooms[room]!;
  ctx.fillRect(x, y, width, high);
  if (room === GC && !root && width > 1) {
    ctx.fillStyle = gcFill;
    ctx.fillRect(x, y, width, high);
  }
  if (room === IDLE && !root) outline(ctx, palette.edge, x, y, width, [3, 2]);
  else if (palette.innerLine !== 'transparent' && width > 3 && !root)
    outline(ctx, palette.innerLine, x, y, width, []);
  if (box === scene.hovered && !root) {
    ctx.fillStyle = palette.text;
    ctx.globalAlpha *= 0.14;
    ctx.fillRect(x, y, width, high);
    ctx.globalAlpha = scene.matches && !scene.matches[frame] ? 0.28 : 1;
  }
  if (width >= TEXT_WIDTH) paintText(ctx, scene, box, x, width, y);
  ctx.globalAlpha = 1;
}

function outline(
  ctx: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  width: number,
  dash: number[],
): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.setLineDash(dash);
  ctx.strokeRect(x + 0.5, y + 0.5, width - 1, ROW - 2);
  ctx.setLineDash([]);
}

/** Name, then the path in a weaker tone, and the share at the right end; each only if there is room for it. */
function paintText(
  ctx: CanvasRenderingContext2D,
  scene: FlameScene,
  box: number,
  x: number,
  width: number,
  y: number,
): void {
  const { tree, tables, palette } = scene;
  const frame = tree.frame[box]!;
  const root = box === 0;
  const middle = y + (ROW - 1) / 2 + 0.5;
  const strong = scene.marked.has(frame) && !root;
  const font = `${strong ? '600 ' : ''}12px ${palette.font}`;
  ctx.fillStyle = root ? palette.text : palette.frameText;
  ctx.font = font;
  const room = width - 8;
  const name = root ? scene.rootLabel : (tables.name[frame] ?? '');
  const text = shorten(ctx, font, name, room);
  if (text === '') return;
  ctx.fillText(text, x + 4, middle);
  let used = measure(ctx, font, text);
  if (text !== name) return;
  const share = `${percentText(tree.total[box]! / Math.max(1e-9, tree.total[0]!))}${THIN}%`;
  const shareWidth = measure(ctx, `12px ${palette.font}`, share);
  ctx.font = `12px ${palette.font}`;
  if (room - used > shareWidth + 10 && tree.total[box]! > tree.total[0]! * 0.005) {
    ctx.fillText(share, x + width - 4 - shareWidth, middle);
    used += shareWidth + 10;
  }
  const place = root ? '' : placeText(tables, frame);
  if (place === '' || room - used < 60) return;
  const shown = shorten(ctx, `12px ${palette.font}`, place, room - used - 10);
  if (shown === '') return;
  const alpha = ctx.globalAlpha;
  ctx.globalAlpha = alpha * 0.76;
  ctx.fillText(shown, x + 4 + measure(ctx, font, text) + 8, middle);
  ctx.globalAlpha = alpha;
}

/** Thin ring on every marked frame, the full one (2 px text in 2 px surface) on the selected box. */
function paintRings(ctx: CanvasRenderingContext2D, scene: FlameScene, scale: number): void {
  const { tree, palette, scrollTop, from, width } = scene;
  const ring = (box: number, strong: boolean) => {
    const left = Math.max(0, (tree.start[box]! - from) * scale);
    const right = Math.min(width, (tree.start[box]! + tree.total[box]! - from) * scale);
    if (right - left < (strong ? 0 : 3) || right <= 0 || left >= width) return;
    const y = tree.depth[box]! * ROW - scrollTop;
    const w = Math.max(4, right - left - 1);
    ctx.lineWidth = strong ? 2 : 1;
    ctx.strokeStyle = palette.text;
    if (!strong) {
      ctx.strokeRect(left + 0.5, y + 0.5, w - 1, ROW - 2);
      return;
    }
    ctx.strokeRect(left + 1, y + 1, w - 2, ROW - 3);
    ctx.strokeStyle = palette.surface;
    ctx.lineWidth = 1;
    if (w > 10) ctx.strokeRect(left + 2.5, y + 2.5, w - 5, ROW - 6);
  };
  if (scene.marked.size > 0) {
    for (let i = 1; i < tree.length; i++) {
      if (tree.total[i]! * scale < MERGE_WIDTH) i = tree.end[i]! - 1;
      else if (scene.marked.has(tree.frame[i]!)) ring(i, false);
    }
  }
  if (scene.selected > 0) ring(scene.selected, true);
}

const widths = new Map<string, number>();

function measure(ctx: CanvasRenderingContext2D, font: string, text: string): number {
  const key = `${font}\n${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 20_000) widths.clear();
    const before = ctx.font;
    if (before !== font) ctx.font = font;
    width = ctx.measureText(text).width;
    if (before !== font) ctx.font = before;
    widths.set(key, width);
  }
  return width;
}

/** The longest beginning of `text` that fits, with an ellipsis; '' when not even two letters do. */
function shorten(ctx: CanvasRenderingContext2D, font: string, text: string, room: number): string {
  const whole = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  const width = measure(ctx, font, whole);
  if (width <= room) return whole;
  const count = Math.floor((whole.length * (room - 8)) / width);
  return count < 2 ? '' : `${whole.slice(0, count)}…`;
}

/** The box under a point of the canvas, −1 for none. */
export function boxAt(
  scene: Pick<FlameScene, 'tree' | 'from' | 'to' | 'width' | 'scrollTop'>,
  x: number,
  y: number,
): number {
  const { tree, from, to, width, scrollTop } = scene;
  const row = Math.floor((y + scrollTop) / ROW);
  const weight = from + ((to - from) * x) / Math.max(1, width);
  for (let i = 0; i < tree.length; ) {
    if (weight < tree.start[i]! || weight >= tree.start[i]! + tree.total[i]!) i = tree.end[i]!;
    else if (tree.depth[i] === row) return i;
    else i++;
  }
  return -1;
}

import { hatch } from './chart-paint.ts';
import { type DifferenceScale, mixSteps } from './difference-colours.ts';
import { GC, IDLE, type ProfileTables, placeText, ROOMS } from './profile-tables.ts';
import { forcedColours, token } from './theme.ts';

/** Height of a row with its gap, CSS px. */
export const ROW = 20;
/** Below this width a box has no text, and below the second it is merged with its neighbours. CSS px. */
const TEXT_WIDTH = 26;
export const MERGE_WIDTH = 0.4;
/** Alpha of what a search does not mean, and of boxes too fine to be drawn each. */
export const PALE = 0.28;
const TEXTURE = 0.7;

export interface Palette {
  rooms: string[];
  /** Fills of a comparison, less to more. */
  change: string[];
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
  const mixed = mixSteps(token('less'), token('same'), token('more'), 6);
  return {
    rooms: ROOMS.map((room) => (forced ? 'Canvas' : token(`room-${room}`))),
    change: forced ? mixed.map(() => 'Canvas') : mixed,
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

/** Colours of the legend of a comparison. */
export function differenceScale(palette: Palette, full: number): DifferenceScale {
  return { full, steps: palette.change };
}

/** What every box of one painting shares. */
export interface BoxScene {
  tables: ProfileTables;
  palette: Palette;
  /** Device pixels per CSS pixel. */
  ratio: number;
  matches: Uint8Array | null;
  marked: ReadonlySet<number>;
}

/** One box, CSS px. */
export interface PaintedBox {
  frame: number;
  x: number;
  /** With the gap to the next box. */
  width: number;
  y: number;
  hovered: boolean;
  /** Instead of the name: the root's. */
  label?: string;
  /** Instead of the room's colour. */
  fill?: string;
  /** Right end: a share or a duration. */
  tail: string;
}

let gcFill: {
  ctx: CanvasRenderingContext2D;
  line: string;
  ratio: number;
  fill: CanvasPattern | string;
} | null = null;

function hatching(ctx: CanvasRenderingContext2D, scene: BoxScene): CanvasPattern | string {
  const { innerLine } = scene.palette;
  const line = innerLine === 'transparent' ? 'rgba(0, 0, 0, 0.22)' : innerLine;
  if (gcFill?.ctx !== ctx || gcFill.line !== line || gcFill.ratio !== scene.ratio) {
    const fill = hatch(ctx, line, scene.ratio, 5, 1);
    if (fill instanceof CanvasPattern) fill.setTransform(new DOMMatrix().scale(1 / scene.ratio));
    gcFill = { ctx, line, ratio: scene.ratio, fill };
  }
  return gcFill.fill;
}

export function paintBox(ctx: CanvasRenderingContext2D, scene: BoxScene, box: PaintedBox): void {
  const { palette, tables } = scene;
  const { frame, y } = box;
  const root = box.label !== undefined;
  const room = tables.room[frame]!;
  const x = snap(box.x, scene.ratio);
  const full = snap(box.x + box.width, scene.ratio) - x;
  const width = Math.max(1 / scene.ratio, full > 2 ? full - 1 : full);
  const high = ROW - 1;
  const pale = scene.matches !== null && !root && scene.matches[frame] === 0;
  if (pale) ctx.globalAlpha = PALE;
  ctx.fillStyle = root ? palette.sunk : (box.fill ?? palette.rooms[room]!);
  ctx.fillRect(x, y, width, high);
  if (!root && box.fill === undefined) {
    if (room === GC && width > 1) {
      ctx.fillStyle = hatching(ctx, scene);
      ctx.fillRect(x, y, width, high);
    }
    if (room === IDLE) outline(ctx, palette.edge, x, y, width, [3, 2]);
  }
  if (!root && room !== IDLE && palette.innerLine !== 'transparent' && width > 3)
    outline(ctx, palette.innerLine, x, y, width, []);
  if (box.hovered && !root) {
    ctx.fillStyle = palette.text;
    ctx.globalAlpha *= 0.14;
    ctx.fillRect(x, y, width, high);
    ctx.globalAlpha = pale ? PALE : 1;
  }
  if (width >= TEXT_WIDTH) paintText(ctx, scene, box, x, width);
  if (pale) ctx.globalAlpha = 1;
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
  if (dash.length > 0) ctx.setLineDash(dash);
  ctx.strokeRect(x + 0.5, y + 0.5, width - 1, ROW - 2);
  if (dash.length > 0) ctx.setLineDash([]);
}

/** Name, then the path in a weaker tone, and the tail at the right end; each only if there is room for it. */
function paintText(
  ctx: CanvasRenderingContext2D,
  scene: BoxScene,
  box: PaintedBox,
  x: number,
  width: number,
): void {
  const { tables, palette } = scene;
  const { frame } = box;
  const root = box.label !== undefined;
  const middle = box.y + (ROW - 1) / 2 + 0.5;
  const plain = `12px ${palette.font}`;
  const font = scene.marked.has(frame) && !root ? `600 ${plain}` : plain;
  const room = width - 8;
  const name = box.label ?? tables.name[frame] ?? '';
  const text = shorten(ctx, font, name, room);
  if (text === '') return;
  ctx.fillStyle = root ? palette.text : palette.frameText;
  useFont(ctx, font);
  ctx.fillText(text, x + 4, middle);
  if (text !== name) return;
  const own = measure(ctx, font, text);
  let used = own;
  const tailWidth = box.tail === '' ? 0 : measure(ctx, plain, box.tail);
  if (tailWidth > 0 && room - used > tailWidth + 10) {
    useFont(ctx, plain);
    ctx.fillText(box.tail, x + width - 4 - tailWidth, middle);
    used += tailWidth + 10;
  }
  const place = root || room - used < 60 ? '' : placeText(tables, frame);
  if (place === '') return;
  const shown = shorten(ctx, plain, place, room - used - 10);
  if (shown === '') return;
  const alpha = ctx.globalAlpha;
  ctx.globalAlpha = alpha * 0.76;
  useFont(ctx, plain);
  ctx.fillText(shown, x + 4 + own + 8, middle);
  ctx.globalAlpha = alpha;
}

/** Thin ring on a marked box, the full one (2 px text in 2 px surface) on the selected one. CSS px, gap included. */
export function paintRing(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  left: number,
  right: number,
  y: number,
  strong: boolean,
): void {
  if (!strong && right - left < 3) return;
  const width = Math.max(4, right - left - 1);
  ctx.lineWidth = strong ? 2 : 1;
  ctx.strokeStyle = palette.text;
  if (!strong) {
    ctx.strokeRect(left + 0.5, y + 0.5, width - 1, ROW - 2);
    return;
  }
  ctx.strokeRect(left + 1, y + 1, width - 2, ROW - 3);
  ctx.strokeStyle = palette.surface;
  ctx.lineWidth = 1;
  if (width > 10) ctx.strokeRect(left + 2.5, y + 2.5, width - 5, ROW - 6);
}

/** The nearest edge of a device pixel, CSS px. */
function snap(x: number, ratio: number): number {
  return Math.round(x * ratio) / ratio;
}

/**
 * Boxes too fine to be drawn each, collected by colour: changing colour and alpha for every one of thousands would be
 * most of the work.
 */
export class Texture {
  private readonly rects = new Map<string, number[]>();
  private readonly ratio: number;
  count = 0;

  constructor(ratio: number) {
    this.ratio = ratio;
  }

  add(fill: string, pale: boolean, x: number, y: number, width: number): void {
    const key = pale ? `~${fill}` : fill;
    let list = this.rects.get(key);
    if (!list) {
      list = [];
      this.rects.set(key, list);
    }
    // Whole pixels need no smoothing at their edges, which is what costs in thousands of rectangles.
    const left = snap(x, this.ratio);
    list.push(left, y, Math.max(1 / this.ratio, snap(x + width, this.ratio) - left));
    this.count++;
  }

  paint(ctx: CanvasRenderingContext2D): void {
    for (const [key, list] of this.rects) {
      const pale = key.startsWith('~');
      ctx.globalAlpha = pale ? PALE : TEXTURE;
      ctx.fillStyle = pale ? key.slice(1) : key;
      for (let i = 0; i < list.length; i += 3) ctx.fillRect(list[i]!, list[i + 1]!, list[i + 2]!, ROW - 1);
    }
    ctx.globalAlpha = 1;
  }
}

/** Setting a font is slow even when it is the same. Forgotten at the start of each painting: resizing resets it. */
let fontNow = '';
function useFont(ctx: CanvasRenderingContext2D, font: string): void {
  if (fontNow === font) return;
  fontNow = font;
  ctx.font = font;
}

/** Clears the canvas for a painting in CSS px. */
export function beginPainting(
  ctx: CanvasRenderingContext2D,
  ratio: number,
  width: number,
  height: number,
): void {
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.textBaseline = 'middle';
  fontNow = '';
}

const widths = new Map<string, Map<string, number>>();

function measure(ctx: CanvasRenderingContext2D, font: string, text: string): number {
  let known = widths.get(font);
  if (!known) {
    known = new Map();
    widths.set(font, known);
  }
  let width = known.get(text);
  if (width === undefined) {
    if (known.size > 20_000) known.clear();
    useFont(ctx, font);
    width = ctx.measureText(text).width;
    known.set(text, width);
  }
  return width;
}

/** The longest beginning of `text` that fits, with an ellipsis; '' when not even two letters do. */
function shorten(ctx: CanvasRenderingContext2D, font: string, text: string, room: number): string {
  const whole = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  const width = measure(ctx, font, whole);
  if (width <= room) return whole;
  let count = Math.floor((whole.length * (room - 8)) / width);
  if (count < 2) return '';
  const cut = `${whole.slice(0, count)}…`;
  // Letters differ in width: where the first guess is too long, the part that is too much goes.
  const excess = measure(ctx, font, cut) - room;
  if (excess <= 0) return cut;
  count -= Math.ceil((excess / width) * whole.length) + 1;
  return count < 2 ? '' : `${whole.slice(0, count)}…`;
}

/** Fits a canvas to its place and the screen's resolution. */
export function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width === w && canvas.height === h) return;
  canvas.width = w;
  canvas.height = h;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

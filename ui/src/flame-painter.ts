import { differenceScale, fitCanvas, type Palette, ROW, readPalette } from './box-paint.ts';
import { boxAt, type FlameScene, paintFlame } from './flame-paint.ts';
import { pixelRatio, reducedMotion } from './theme.ts';

const ZOOM_MS = 120;
/** No closer than this part of the whole. */
const CLOSEST = 1e-7;

/** What the panel hands over; the painter adds colours, range and scroll position. */
export type ShownFlame = Omit<
  FlameScene,
  'palette' | 'from' | 'to' | 'scrollTop' | 'ratio' | 'height' | 'scale'
> & {
  zoomed: number;
  /** Change that gets the full colour in a comparison, null without one. */
  fullChange: number | null;
};

/** Holds what is on the canvas, moves between two zooms, and follows wheel and drag. */
export class FlamePainter {
  private readonly canvas: HTMLCanvasElement;
  private readonly scroller: HTMLElement;
  /** Told when a gesture leaves the range that zoom asks for. */
  private readonly onMoved: () => void;
  private palette: Palette = readPalette();
  private shown: ShownFlame | null = null;
  private range: [number, number] = [0, 1];
  private animation = 0;
  private frame = 0;

  constructor(canvas: HTMLCanvasElement, scroller: HTMLElement, onMoved: () => void) {
    this.canvas = canvas;
    this.scroller = scroller;
    this.onMoved = onMoved;
  }

  recolour(): void {
    this.palette = readPalette();
    this.draw();
  }

  show(next: ShownFlame): void {
    const before = this.shown;
    this.shown = next;
    const goal = this.goal();
    const sameTree = before?.tree === next.tree;
    if (sameTree && before?.zoomed !== next.zoomed && !reducedMotion()) this.moveTo(goal);
    else if (!sameTree || before?.zoomed !== next.zoomed) {
      cancelAnimationFrame(this.animation);
      this.animation = 0;
      this.range = goal;
    }
    // Flipped, the root is at the bottom, and that is where one starts.
    if (!sameTree && next.flip) this.scroller.scrollTop = this.scroller.scrollHeight;
    if (this.animation === 0) this.request();
  }

  private goal(): [number, number] {
    const { tree, zoomed } = this.shown!;
    if (tree.length === 0) return [0, 1];
    return [tree.start[zoomed]!, tree.start[zoomed]! + tree.total[zoomed]!];
  }

  /** Back to what zoom asks for, after wheel and drag. */
  settle(): void {
    if (!this.shown) return;
    if (reducedMotion()) {
      this.range = this.goal();
      this.request();
    } else this.moveTo(this.goal());
  }

  /** Several changes of one turn (a zoom that also selects) are one painting. */
  private request(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private moveTo(goal: [number, number]): void {
    cancelAnimationFrame(this.animation);
    const from = this.range;
    const began = performance.now();
    const step = (now: number) => {
      const t = Math.min(1, Math.max(0, (now - began) / ZOOM_MS));
      const ease = 1 - (1 - t) ** 3;
      this.range = [from[0] + (goal[0] - from[0]) * ease, from[1] + (goal[1] - from[1]) * ease];
      this.animation = t < 1 ? requestAnimationFrame(step) : 0;
      this.draw();
    };
    this.animation = requestAnimationFrame(step);
  }

  /** Closer (factor < 1) or farther around a point of the canvas, CSS px. */
  zoomAt(x: number, factor: number): void {
    if (!this.shown) return;
    const [from, to] = this.range;
    const at = from + ((to - from) * x) / Math.max(1, this.shown.width);
    this.setRange(at - (at - from) * factor, at + (to - at) * factor);
  }

  /** Moves the picture by CSS px. */
  pan(dx: number, dy: number): void {
    if (!this.shown) return;
    const [from, to] = this.range;
    const by = (-dx * (to - from)) / Math.max(1, this.shown.width);
    if (dy !== 0) this.scroller.scrollTop -= dy;
    this.setRange(from + by, to + by);
  }

  private setRange(from: number, to: number): void {
    const whole = this.shown!.tree.total[0] ?? 1;
    const length = Math.min(whole, Math.max(whole * CLOSEST, to - from));
    const left = Math.min(Math.max(0, from), whole - length);
    if (left === this.range[0] && left + length === this.range[1]) return;
    cancelAnimationFrame(this.animation);
    this.animation = 0;
    this.range = [left, left + length];
    this.onMoved();
    this.request();
  }

  /** Whether there is more than what is shown. */
  get zoomedIn(): boolean {
    return this.range[1] - this.range[0] < (this.shown?.tree.total[0] ?? 0) * 0.9999;
  }

  draw(): void {
    const { shown, canvas } = this;
    if (!shown || shown.width === 0) return;
    const ratio = pixelRatio();
    const height = this.scroller.clientHeight;
    fitCanvas(canvas, shown.width, height, ratio);
    const painted = paintFlame(canvas.getContext('2d', { alpha: true })!, {
      ...shown,
      height,
      palette: this.palette,
      from: this.range[0],
      to: this.range[1],
      scrollTop: this.scroller.scrollTop,
      ratio,
      scale: shown.fullChange === null ? null : differenceScale(this.palette, shown.fullChange),
    });
    canvas.dataset.boxes = String(painted);
  }

  at(x: number, y: number): number {
    const { shown } = this;
    if (!shown) return -1;
    const [from, to] = this.range;
    return boxAt({ ...shown, from, to, scrollTop: this.scroller.scrollTop }, x, y);
  }

  /** Where the selected box is, client px; null when there is none. */
  anchor(): { x: number; y: number } | null {
    const { shown } = this;
    if (!shown || shown.selected < 0) return null;
    const area = this.scroller.getBoundingClientRect();
    const [from, to] = this.range;
    const x = ((shown.tree.start[shown.selected]! - from) / (to - from)) * shown.width;
    const y = this.rowOf(shown.selected) * ROW - this.scroller.scrollTop + ROW;
    return {
      x: area.left + Math.min(Math.max(0, x), area.width - 20) + 8,
      y: area.top + Math.min(Math.max(0, y), area.height),
    };
  }

  private rowOf(box: number): number {
    const { tree, flip } = this.shown!;
    return flip ? tree.maxDepth - tree.depth[box]! : tree.depth[box]!;
  }

  /** Brings the selected box into the scrolled window, if it is outside. */
  reveal(): void {
    const { shown, scroller } = this;
    if (!shown || shown.selected < 0) return;
    const y = this.rowOf(shown.selected) * ROW;
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y + ROW > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = y + ROW - scroller.clientHeight;
    const [from, to] = this.range;
    const start = shown.tree.start[shown.selected]!;
    const end = start + shown.tree.total[shown.selected]!;
    if (end <= from || start >= to) {
      const middle = (start + end) / 2;
      this.setRange(middle - (to - from) / 2, middle + (to - from) / 2);
    }
  }

  stop(): void {
    cancelAnimationFrame(this.animation);
    cancelAnimationFrame(this.frame);
  }
}

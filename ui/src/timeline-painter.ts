import { fitCanvas, type Palette, ROW, readPalette } from './box-paint.ts';
import { changeView, profile } from './state.ts';
import { pixelRatio, reducedMotion } from './theme.ts';
import { boxAtTime, type TimelineBox } from './timeline.ts';
import { paintTimeline, type TimelineScene } from './timeline-paint.ts';

const ZOOM_MS = 120;
/** Shortest time on the screen, ms. */
const CLOSEST_MS = 0.02;
/** A gesture is over after this long without movement: then the address and everything else follow. */
const SETTLE_MS = 160;

type Shown = Omit<TimelineScene, 'palette' | 'from' | 'to' | 'scrollTop' | 'ratio' | 'height'>;

/** Holds what the time-ordered chart shows and follows wheel and drag; the time range of the page follows behind. */
export class TimelinePainter {
  private readonly canvas: HTMLCanvasElement;
  private readonly scroller: HTMLElement;
  private readonly onRange: (range: readonly [number, number]) => void;
  private palette: Palette = readPalette();
  private shown: Shown | null = null;
  private range: readonly [number, number] = [0, 1];
  private goal: readonly [number, number] = [0, 1];
  private animation = 0;
  private frame = 0;
  private settling = 0;

  constructor(
    canvas: HTMLCanvasElement,
    scroller: HTMLElement,
    onRange: (range: readonly [number, number]) => void,
  ) {
    this.canvas = canvas;
    this.scroller = scroller;
    this.onRange = onRange;
  }

  recolour(): void {
    this.palette = readPalette();
    this.draw();
  }

  show(next: Shown, goal: readonly [number, number]): void {
    const known = this.shown !== null;
    this.shown = next;
    const same = goal[0] === this.goal[0] && goal[1] === this.goal[1];
    this.goal = goal;
    if (!same || !known) {
      clearTimeout(this.settling);
      if (known && !reducedMotion()) this.moveTo(goal);
      else this.range = goal;
    }
    if (this.animation === 0) this.request();
  }

  private request(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private moveTo(goal: readonly [number, number]): void {
    cancelAnimationFrame(this.animation);
    const from = this.range;
    const began = performance.now();
    const step = (now: number) => {
      const t = Math.min(1, Math.max(0, (now - began) / ZOOM_MS));
      const ease = 1 - (1 - t) ** 3;
      this.range =
        t >= 1 ? goal : [from[0] + (goal[0] - from[0]) * ease, from[1] + (goal[1] - from[1]) * ease];
      this.animation = t < 1 ? requestAnimationFrame(step) : 0;
      this.draw();
    };
    this.animation = requestAnimationFrame(step);
  }

  zoomAt(x: number, factor: number): void {
    const [from, to] = this.range;
    const at = from + ((to - from) * x) / Math.max(1, this.shown?.width ?? 1);
    this.setRange(at - (at - from) * factor, at + (to - at) * factor);
  }

  pan(dx: number, dy: number): void {
    const [from, to] = this.range;
    const by = (-dx * (to - from)) / Math.max(1, this.shown?.width ?? 1);
    if (dy !== 0) this.scroller.scrollTop -= dy;
    this.setRange(from + by, to + by);
  }

  /** All of the time. */
  settle(): void {
    clearTimeout(this.settling);
    changeView({ brush: null });
  }

  private setRange(from: number, to: number): void {
    const tables = profile.peek();
    if (!tables) return;
    const whole = Math.max(CLOSEST_MS, tables.to - tables.from);
    const length = Math.min(whole, Math.max(CLOSEST_MS, to - from));
    const left = Math.min(Math.max(tables.from, from), tables.from + whole - length);
    if (left === this.range[0] && left + length === this.range[1]) return;
    cancelAnimationFrame(this.animation);
    this.animation = 0;
    this.range = [left, left + length];
    this.onRange(this.range);
    this.request();
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      const full = length >= whole * 0.9999;
      const exact = (ms: number) => Math.round(ms * 1000) / 1000;
      this.goal = full ? [tables.from, tables.from + whole] : [exact(left), exact(left + length)];
      this.range = this.goal;
      changeView({ brush: full ? null : this.goal });
    }, SETTLE_MS);
  }

  draw(): void {
    const { shown, canvas } = this;
    if (!shown || shown.width === 0) return;
    const ratio = pixelRatio();
    const height = this.scroller.clientHeight;
    fitCanvas(canvas, shown.width, height, ratio);
    const painted = paintTimeline(canvas.getContext('2d')!, {
      ...shown,
      height,
      palette: this.palette,
      from: this.range[0],
      to: this.range[1],
      scrollTop: this.scroller.scrollTop,
      ratio,
    });
    canvas.dataset.boxes = String(painted);
  }

  at(x: number, y: number): TimelineBox | null {
    const { shown } = this;
    if (!shown) return null;
    const [from, to] = this.range;
    const row = Math.floor((y + this.scroller.scrollTop) / ROW) + 1;
    return boxAtTime(shown.line, from + ((to - from) * x) / Math.max(1, shown.width), row);
  }

  /** A box to start from with the keyboard. */
  first(): TimelineBox | null {
    const { shown } = this;
    if (!shown) return null;
    for (let x = 0; x < shown.width; x += 2) {
      const box = this.at(x, 1 - this.scroller.scrollTop);
      if (box) return box;
    }
    return null;
  }

  anchor(): { x: number; y: number } | null {
    const { shown } = this;
    if (!shown?.selected) return null;
    const area = this.scroller.getBoundingClientRect();
    const [from, to] = this.range;
    const x = ((shown.selected.from - from) / (to - from)) * shown.width;
    const y = shown.selected.row * ROW - this.scroller.scrollTop;
    return {
      x: area.left + Math.min(Math.max(0, x), area.width - 20) + 8,
      y: area.top + Math.min(Math.max(0, y), area.height),
    };
  }

  /** Brings the selected box into the window. */
  reveal(): void {
    const { shown, scroller } = this;
    const box = shown?.selected;
    if (!box) return;
    const y = (box.row - 1) * ROW;
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y + ROW > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = y + ROW - scroller.clientHeight;
    const [from, to] = this.range;
    if (box.to <= from || box.from >= to) {
      const middle = (box.from + box.to) / 2;
      this.setRange(middle - (to - from) / 2, middle + (to - from) / 2);
    }
  }

  stop(): void {
    cancelAnimationFrame(this.animation);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settling);
  }
}

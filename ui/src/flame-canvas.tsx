import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { moveInFlame } from './flame-keys.ts';
import { boxAt, type FlameScene, type Palette, paintFlame, ROW, readPalette } from './flame-paint.ts';
import { boxId, type FlameTree } from './flame-tree.ts';
import { shareText, weightText } from './number-text.ts';
import { placeText, ROOM_LABELS, ROOMS } from './profile-tables.ts';
import {
  announcement,
  changeView,
  hoveredBox,
  markedFrames,
  matches,
  profile,
  revealRequest,
  selectedBox,
  tree,
  zoomedBox,
} from './state.ts';
import { paintEpoch, pixelRatio, reducedMotion } from './theme.ts';

const ZOOM_MS = 120;
const TOOLTIP_MS = 80;
/** Rows visible at once; deeper graphs scroll. */
const MAX_ROWS = 30;

/** The canvas with pointer, wheel and keyboard. One tab stop; what is focused is spoken in the page's live region. */
export function FlameCanvas(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const tip = useSignal<{ x: number; y: number; box: number } | null>(null);
  const size = useSignal({ width: 0, height: 0 });
  const paint = useRef<Painter | null>(null);
  const timer = useRef(0);
  const rows = (tree.value?.maxDepth ?? 0) + 1;

  useEffect(() => {
    const area = scroller.current!;
    const painter = new Painter(canvas.current!, area);
    paint.current = painter;
    const watcher = new ResizeObserver(() => {
      size.value = { width: area.clientWidth, height: area.clientHeight };
    });
    watcher.observe(area);
    return () => {
      watcher.disconnect();
      painter.stop();
      clearTimeout(timer.current);
    };
  }, []);
  useSignalEffect(() => {
    paintEpoch.value;
    paint.current?.recolour();
  });
  useSignalEffect(() => {
    const [boxes, tables] = [tree.value, profile.value];
    if (!boxes || !tables) return;
    paint.current?.show({
      tree: boxes,
      tables,
      matches: matches.value,
      marked: markedFrames.value,
      selected: selectedBox.value,
      hovered: hoveredBox.value,
      rootLabel: tables.thread,
      zoomed: zoomedBox.value,
      ...size.value,
    });
  });
  useSignalEffect(() => {
    if (revealRequest.value > 0) paint.current?.reveal();
  });

  const over = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return paint.current?.at(event.clientX - box.left, event.clientY - box.top) ?? -1;
  };
  const pick = (box: number) => {
    if (box >= 0 && tree.peek()) changeView({ picked: box === 0 ? '' : boxId(tree.peek()!, box) });
  };
  const speak = () => {
    const [boxes, tables, box] = [tree.peek(), profile.peek(), selectedBox.peek()];
    if (boxes && tables && box >= 0) announcement.value = sentence(boxes, box);
    paint.current?.reveal();
  };
  return (
    <div class="flame-area">
      <div
        class="flame-scroll"
        ref={scroller}
        style={{ height: `${Math.min(rows, MAX_ROWS) * ROW}px` }}
        role="application"
        aria-roledescription="flame graph"
        aria-label="Flame graph: arrow keys move, Enter zooms, Escape zooms out, t shows a table"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application with one tab stop (ui.md §5)
        tabIndex={0}
        onScroll={() => paint.current?.draw()}
        onPointerMove={(event) => {
          const box = over(event);
          hoveredBox.value = box;
          clearTimeout(timer.current);
          const area = scroller.current!.getBoundingClientRect();
          const at = { x: event.clientX - area.left, y: event.clientY - area.top, box };
          if (box < 0) tip.value = null;
          else if (tip.value) tip.value = at;
          else
            timer.current = window.setTimeout(() => {
              tip.value = at;
            }, TOOLTIP_MS);
        }}
        onPointerLeave={() => {
          clearTimeout(timer.current);
          hoveredBox.value = -1;
          tip.value = null;
        }}
        onClick={(event) => pick(over(event))}
        onDblClick={(event) => {
          const box = over(event);
          if (box >= 0) changeView({ zoom: box === 0 ? '' : boxId(tree.peek()!, box) });
        }}
        onKeyDown={(event) => {
          if (moveInFlame(event)) speak();
        }}
      >
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus */}
        <canvas ref={canvas} aria-hidden="true" />
        <div style={{ height: `${rows * ROW}px` }} />
      </div>
      {tip.value && <Tooltip {...tip.value} width={size.value.width} />}
    </div>
  );
}

function Tooltip({
  x,
  y,
  box,
  width,
}: {
  x: number;
  y: number;
  box: number;
  width: number;
}): JSX.Element | null {
  const [boxes, tables] = [tree.value, profile.value];
  if (!boxes || !tables || box >= boxes.length) return null;
  const frame = boxes.frame[box]!;
  const whole = boxes.total[0]!;
  const place = placeText(tables, frame);
  const style =
    x > width / 2
      ? { right: `${width - x + 12}px`, top: `${y + 16}px` }
      : { left: `${x + 12}px`, top: `${y + 16}px` };
  return (
    <div class="tooltip" style={style} role="tooltip">
      <b>{box === 0 ? tables.thread : tables.name[frame]}</b>
      {box > 0 && <div class="mono">{place || ROOM_LABELS[ROOMS[tables.room[frame]!]!]}</div>}
      <div>
        total {weightText(boxes.total[box]!, tables.unit)} {shareText(boxes.total[box]! / whole)} · self{' '}
        {weightText(boxes.self[box]!, tables.unit)} {shareText(boxes.self[box]! / whole)}
      </div>
      {box > 0 && <div class="weak">{ROOM_LABELS[ROOMS[tables.room[frame]!]!]}</div>}
    </div>
  );
}

/** `hashPassword, app/auth.js 37, 76.5 percent, level 11 of 17, 2 children`. */
function sentence(boxes: FlameTree, box: number): string {
  const tables = profile.peek()!;
  const frame = boxes.frame[box]!;
  let children = 0;
  for (let i = box + 1; i < boxes.end[box]!; i = boxes.end[i]!) children++;
  const place = placeText(tables, frame).replace(/:(\d+)$/, ' $1');
  const share = ((100 * boxes.total[box]!) / boxes.total[0]!).toFixed(1);
  const level = `level ${boxes.depth[box]} of ${boxes.maxDepth}`;
  return `${tables.name[frame]}, ${place}, ${share} percent, ${level}, ${children} ${children === 1 ? 'child' : 'children'}`;
}

type Shown = Omit<FlameScene, 'palette' | 'from' | 'to' | 'scrollTop' | 'ratio'> & { zoomed: number };

/** Holds what is on the canvas and moves between two zooms. */
class Painter {
  private readonly canvas: HTMLCanvasElement;
  private readonly scroller: HTMLElement;
  private palette: Palette = readPalette();
  private shown: Shown | null = null;
  private range: [number, number] = [0, 1];
  private animation = 0;
  private frame = 0;

  constructor(canvas: HTMLCanvasElement, scroller: HTMLElement) {
    this.canvas = canvas;
    this.scroller = scroller;
  }

  recolour(): void {
    this.palette = readPalette();
    this.draw();
  }

  show(next: Shown): void {
    const before = this.shown;
    this.shown = next;
    const { tree: boxes, zoomed } = next;
    const goal: [number, number] = [boxes.start[zoomed]!, boxes.start[zoomed]! + boxes.total[zoomed]!];
    if (before?.tree === boxes && before.zoomed !== zoomed && !reducedMotion()) this.moveTo(goal);
    else if (before?.tree !== boxes || before.zoomed !== zoomed || this.animation === 0) {
      cancelAnimationFrame(this.animation);
      this.animation = 0;
      this.range = goal;
      this.request();
    }
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

  draw(): void {
    const { shown, canvas } = this;
    if (!shown || shown.width === 0) return;
    const ratio = pixelRatio();
    const height = this.scroller.clientHeight;
    if (canvas.width !== Math.round(shown.width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(shown.width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${shown.width}px`;
      canvas.style.height = `${height}px`;
    }
    paintFlame(canvas.getContext('2d')!, {
      ...shown,
      height,
      palette: this.palette,
      from: this.range[0],
      to: this.range[1],
      scrollTop: this.scroller.scrollTop,
      ratio,
    });
  }

  at(x: number, y: number): number {
    const { shown } = this;
    if (!shown) return -1;
    const [from, to] = this.range;
    return boxAt(
      { tree: shown.tree, from, to, width: shown.width, scrollTop: this.scroller.scrollTop },
      x,
      y,
    );
  }

  /** Brings the selected box into the scrolled window, if it is outside. */
  reveal(): void {
    const { shown, scroller } = this;
    if (!shown || shown.selected < 0) return;
    const y = shown.tree.depth[shown.selected]! * ROW;
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y + ROW > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = y + ROW - scroller.clientHeight;
  }

  stop(): void {
    cancelAnimationFrame(this.animation);
    cancelAnimationFrame(this.frame);
  }
}

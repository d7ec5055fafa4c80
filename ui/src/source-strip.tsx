import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { heatOf, LINE_HEIGHT, type LineHeat, stripHeat } from './source-heat.ts';
import { paintEpoch, pixelRatio, token } from './theme.ts';

/** CSS pixels: of a strip row, and of the whole; styles/source.css has the same width. */
const ROW = 3;
const WIDTH = 56;
const LONGEST = 100;

interface StripProps {
  text: string;
  index: Int32Array;
  heat: LineHeat;
  whole: number;
  view: { top: number; height: number };
  /** Asked for a place of the file, 0–1. */
  onJump: (share: number) => void;
}

/**
 * The whole file at a glance beside the window: the shape of the text, bars where time went, a frame for what is
 * visible. For the pointer; the keyboard has the steps through hot lines.
 */
export function SourceStrip({ text, index, heat, whole, view, onJump }: StripProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const lineCount = index.length - 1;
  const height = view.height;
  // Short files are drawn at scale and end where they end.
  const drawn = Math.min(height, lineCount * ROW);
  const paint = () => {
    if (canvas.current) paintStrip(canvas.current, { text, index, heat, whole }, height, drawn);
  };
  useEffect(paint, [text, index, heat, whole, height, drawn]);
  useSignalEffect(() => {
    paintEpoch.value;
    paint();
  });
  const scale = drawn / (lineCount * LINE_HEIGHT);
  const jump = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    onJump(Math.min(1, Math.max(0, (event.clientY - box.top) / drawn)));
  };
  return (
    <div
      class="source-strip"
      aria-hidden="true"
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        jump(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) jump(event);
      }}
    >
      <canvas ref={canvas} />
      <i
        class="seen"
        style={{
          top: `${view.top * scale}px`,
          height: `${Math.max(4, Math.min(drawn, view.height * scale))}px`,
        }}
      />
    </div>
  );
}

function paintStrip(
  canvas: HTMLCanvasElement,
  { text, index, heat, whole }: Pick<StripProps, 'text' | 'index' | 'heat' | 'whole'>,
  height: number,
  drawn: number,
): void {
  const ratio = pixelRatio();
  canvas.width = Math.round(WIDTH * ratio);
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext('2d');
  if (!pen) return;
  pen.scale(ratio, ratio);
  const lineCount = index.length - 1;
  const rows = Math.max(1, Math.floor(drawn / ROW));
  pen.fillStyle = token('line');
  for (let row = 0; row < rows; row++) {
    // One line stands for its row: a strip shows the shape, not each line.
    const line = Math.floor((row * lineCount) / rows);
    const [from, to] = inkOf(text, index[line]!, index[line + 1]! - 1);
    if (to > from) pen.fillRect(4 + from * 0.4, row * ROW, (to - from) * 0.4, ROW - 1);
  }
  const strip = stripHeat(heat, lineCount, rows);
  let most = 0;
  for (const weight of strip) most = Math.max(most, weight);
  pen.fillStyle = token('s-main');
  for (let row = 0; row < rows; row++) {
    if (heatOf(strip[row]! / whole) === '') continue;
    // Square root: a line of 1 % beside one of 80 % must be seen too.
    const length = Math.max(6, Math.sqrt(strip[row]! / most) * (WIDTH - 8));
    pen.fillRect(4, row * ROW, length, ROW - 0.5);
  }
}

/** Columns between which a line has text. */
function inkOf(text: string, from: number, to: number): [number, number] {
  const length = Math.min(LONGEST, to - from);
  const line = text.slice(from, from + length);
  const ink = line.trimEnd().length;
  return [length - line.trimStart().length, ink];
}

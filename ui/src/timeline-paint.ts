import { type BoxScene, beginPainting, paintBox, paintRing, ROW, Texture } from './box-paint.ts';
import { durationText } from './number-text.ts';
import { type Timeline, type TimelineBox, walkVisible } from './timeline.ts';

export interface TimelineScene extends BoxScene {
  line: Timeline;
  /** Visible range, ms. */
  from: number;
  to: number;
  /** CSS px. */
  width: number;
  height: number;
  scrollTop: number;
  hovered: TimelineBox | null;
  selected: TimelineBox | null;
}

/** Stretches closer together than this become texture, CSS px. */
const COLUMN = 1;

/**
 * Paints what is visible of the time-ordered chart: at most one column of boxes per pixel, however many samples there
 * are. Returns the number of boxes.
 */
export function paintTimeline(ctx: CanvasRenderingContext2D, scene: TimelineScene): number {
  const { line, width, height, from, to, scrollTop, palette, tables } = scene;
  beginPainting(ctx, scene.ratio, width, height);
  const perMs = width / Math.max(1e-9, to - from);
  const firstRow = Math.floor(scrollTop / ROW);
  const rows = Math.ceil(height / ROW) + 1;
  const runFrom = new Float64Array(rows).fill(-1);
  const runTo = new Float64Array(rows);
  const runFill = new Int32Array(rows);
  const runPale = new Uint8Array(rows);
  const fine = new Texture(scene.ratio);
  let painted = 0;
  const flush = (slot: number) => {
    if (runFrom[slot]! < 0) return;
    const x = runFrom[slot]!;
    const colour = palette.forced ? palette.edge : palette.rooms[runFill[slot]!]!;
    fine.add(colour, runPale[slot] === 1, x, (slot + firstRow) * ROW - scrollTop, runTo[slot]! - x);
    runFrom[slot] = -1;
  };
  walkVisible(line, from, to, COLUMN / perMs, {
    box(row, node, start, end) {
      const slot = row - 1 - firstRow;
      if (slot < 0 || slot >= rows) return;
      const left = Math.max(0, (start - from) * perMs);
      const right = Math.min(width, (end - from) * perMs);
      if (right <= left) return;
      flush(slot);
      const hovered = scene.hovered;
      paintBox(ctx, scene, {
        frame: line.frame[node]!,
        x: left,
        width: right - left,
        y: (slot + firstRow) * ROW - scrollTop,
        hovered: hovered?.node === node && start < hovered.to && end > hovered.from,
        tail: right - left < 60 ? '' : durationText(end - start),
      });
      painted++;
    },
    texture(row, node, start, end) {
      const slot = row - 1 - firstRow;
      if (slot < 0 || slot >= rows) return;
      const frame = line.frame[node]!;
      const room = tables.room[frame]!;
      const pale = scene.matches !== null && scene.matches[frame] === 0 ? 1 : 0;
      const left = Math.max(0, (start - from) * perMs);
      if (
        runFrom[slot]! >= 0 &&
        (runFill[slot] !== room || runPale[slot] !== pale || left - runTo[slot]! > 0.5)
      )
        flush(slot);
      if (runFrom[slot]! < 0) runFrom[slot] = left;
      runTo[slot] = Math.min(width, (end - from) * perMs);
      runFill[slot] = room;
      runPale[slot] = pale;
    },
  });
  for (let slot = 0; slot < rows; slot++) flush(slot);
  fine.paint(ctx);
  const ring = scene.selected;
  if (ring && ring.to > from && ring.from < to) {
    const left = Math.max(0, (ring.from - from) * perMs);
    const right = Math.min(width, (ring.to - from) * perMs);
    paintRing(ctx, palette, left, right, (ring.row - 1) * ROW - scrollTop, true);
  }
  return painted + fine.count;
}

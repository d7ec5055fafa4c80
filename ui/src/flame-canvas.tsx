import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ROW } from './box-paint.ts';
import { sidesOf } from './difference-colours.ts';
import { moveInFlame } from './flame-keys.ts';
import { FlamePainter } from './flame-painter.ts';
import { boxId, type FlameTree } from './flame-tree.ts';
import { anchor, menu } from './frame-menu-state.ts';
import { followGestures, zoomByKey } from './gestures.ts';
import { placeText } from './profile-tables.ts';
import {
  amountText,
  announcement,
  changeShown,
  changeView,
  type Figures,
  fullColour,
  functionTotals,
  hovered,
  markedFrames,
  matches,
  movedByHand,
  profile,
  revealRequest,
} from './state.ts';
import { paintEpoch } from './theme.ts';
import { Tooltip } from './tooltip.tsx';
import { words } from './words.ts';

const TOOLTIP_MS = 80;

export interface FlameCanvasProps {
  tree: ReadonlySignal<FlameTree | null>;
  selected: ReadonlySignal<number>;
  /** Box zoomed into, 0 for none. */
  zoomed: ReadonlySignal<number>;
  rootLabel: string;
  /** What it is, for those who do not see it. */
  label: string;
  /** Rows visible at once; deeper graphs scroll. */
  maxRows: number;
  /** Root at the bottom. */
  flip?: boolean;
  /** Double click and Enter. */
  onOpen: (box: number) => void;
}

/** A canvas with pointer, wheel and keyboard. One tab stop; what is focused is spoken in the page's live region. */
export function FlameCanvas(props: FlameCanvasProps): JSX.Element {
  const { tree, selected, zoomed, flip = false } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const painter = useRef<FlamePainter | null>(null);
  const tip = useSignal<{ x: number; y: number; figures: Figures } | null>(null);
  const pointed = useSignal(-1);
  const width = useSignal(0);
  const timer = useRef(0);
  const rows = (tree.value?.maxDepth ?? 0) + 1;

  useEffect(() => {
    const area = scroller.current!;
    const now = new FlamePainter(canvas.current!, area, () => {
      movedByHand.value = true;
      tip.value = null;
    });
    painter.current = now;
    const anchorHere = () => now.anchor();
    anchor.of = anchorHere;
    const watcher = new ResizeObserver(() => {
      width.value = area.clientWidth;
      now.draw();
    });
    watcher.observe(area);
    const unfollow = followGestures(area, now);
    return () => {
      watcher.disconnect();
      unfollow();
      now.stop();
      clearTimeout(timer.current);
      hovered.value = null;
      if (anchor.of === anchorHere) anchor.of = null;
    };
  }, []);
  useSignalEffect(() => {
    paintEpoch.value;
    painter.current?.recolour();
  });
  useSignalEffect(() => {
    const [boxes, tables] = [tree.value, profile.value];
    if (!boxes || !tables) return;
    painter.current?.show({
      tree: boxes,
      tables,
      matches: matches.value,
      marked: markedFrames.value,
      selected: selected.value,
      hovered: pointed.value,
      rootLabel: props.rootLabel,
      zoomed: zoomed.value,
      flip,
      fullChange: fullColour.value,
      changes: changeShown.value,
      amount: amountText.value,
      width: width.value,
    });
  });
  useSignalEffect(() => {
    if (!movedByHand.value) painter.current?.settle();
  });
  useSignalEffect(() => {
    if (revealRequest.value > 0) requestAnimationFrame(() => painter.current?.reveal());
  });

  const over = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return painter.current?.at(event.clientX - box.left, event.clientY - box.top) ?? -1;
  };
  const pick = (box: number) => {
    if (box >= 0 && tree.peek()) changeView({ picked: box === 0 ? '' : boxId(tree.peek()!, box) });
  };
  const leave = () => {
    clearTimeout(timer.current);
    pointed.value = -1;
    hovered.value = null;
    tip.value = null;
  };
  useSignalEffect(() => {
    if (menu.value) leave();
  });
  const onPointerMove = (event: PointerEvent) => {
    if (event.buttons !== 0 || menu.peek()) return leave();
    const box = over(event);
    const boxes = tree.peek();
    if (box < 0 || !boxes) return leave();
    const area = scroller.current!.getBoundingClientRect();
    pointed.value = box;
    const figures = figuresOf(boxes, box);
    hovered.value = box === 0 ? null : figures;
    const at = { x: event.clientX - area.left, y: event.clientY - area.top, figures };
    clearTimeout(timer.current);
    if (tip.value) tip.value = at;
    else
      timer.current = window.setTimeout(() => {
        tip.value = at;
      }, TOOLTIP_MS);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const boxes = tree.peek();
    if (!boxes || boxes.length === 0 || zoomByKey(event, painter.current!, width.peek())) return;
    const now = Math.max(0, selected.peek());
    if (event.key === 'Enter') {
      event.preventDefault();
      props.onOpen(now);
      return;
    }
    const next = moveInFlame(event, boxes, now, flip);
    if (next === null) return;
    event.preventDefault();
    pick(next);
    if (next > 0) announcement.value = sentence(boxes, next);
    painter.current?.reveal();
  };
  return (
    <div class="flame-area">
      <div
        class="flame-scroll"
        ref={scroller}
        style={{ height: `${Math.min(rows, props.maxRows) * ROW}px` }}
        role="application"
        aria-roledescription={words.graph}
        aria-label={`${props.label}: ${words.keys}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application with one tab stop (ui.md §5)
        tabIndex={0}
        onScroll={() => painter.current?.draw()}
        onPointerMove={onPointerMove}
        onPointerLeave={leave}
        onClick={(event) => pick(over(event))}
        onDblClick={(event) => {
          const box = over(event);
          if (box >= 0) props.onOpen(box);
        }}
        onContextMenu={(event) => {
          const box = over(event);
          const boxes = tree.peek();
          if (box <= 0 || !boxes) return;
          event.preventDefault();
          leave();
          pick(box);
          menu.value = {
            x: event.clientX,
            y: event.clientY,
            frame: boxes.frame[box]!,
            node: boxes.inverted ? -1 : boxes.origin[box]!,
          };
        }}
        onKeyDown={onKeyDown}
      >
        {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus */}
        <canvas ref={canvas} aria-hidden="true" />
        <div style={{ height: `${rows * ROW}px` }} />
      </div>
      {tip.value && <Tooltip {...tip.value} width={width.value} rootLabel={props.rootLabel} />}
    </div>
  );
}

/** Numbers of one box. */
export function figuresOf(boxes: FlameTree, box: number): Figures {
  return {
    frame: box === 0 && !boxes.inverted ? -1 : boxes.frame[box]!,
    total: boxes.total[box]!,
    self: boxes.self[box]!,
    whole: boxes.total[0]!,
    change: changesOf(boxes, box),
    span: null,
  };
}

function changesOf(boxes: FlameTree, box: number): Figures['change'] {
  const functions = functionTotals.value;
  if (!boxes.other || !functions) return null;
  const { widthBefore } = changeShown.value;
  return {
    stack: sidesOf(boxes, box, { widthBefore, functions: null }),
    function: sidesOf(boxes, box, { widthBefore, functions }),
    whole: boxes.changeWhole,
  };
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

import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ROW } from './box-paint.ts';
import { anchor, menu } from './frame-menu-state.ts';
import { followGestures, zoomByKey } from './gestures.ts';
import { durationText } from './number-text.ts';
import { placeText } from './profile-tables.ts';
import {
  announcement,
  changeView,
  chartRange,
  type Figures,
  hovered,
  icicle,
  markedFrames,
  matches,
  pickedSpan,
  profile,
  revealRequest,
  selectedSpan,
  timeline,
} from './state.ts';
import { paintEpoch } from './theme.ts';
import { childBox, neighbourBox, parentBox, type TimelineBox } from './timeline.ts';
import { TimelineOverview } from './timeline-overview.tsx';
import { TimelinePainter } from './timeline-painter.ts';
import { Tooltip } from './tooltip.tsx';

const MAX_ROWS = 28;
const TOOLTIP_MS = 80;

/** What ran when: time from left to right, equal stacks that follow each other in one box. */
export function TimelineCanvas(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const painter = useRef<TimelinePainter | null>(null);
  const live = useSignal<readonly [number, number]>(chartRange.peek());
  const tip = useSignal<{ x: number; y: number; figures: Figures } | null>(null);
  const pointed = useSignal<TimelineBox | null>(null);
  const width = useSignal(0);
  const timer = useRef(0);
  const rows = Math.max(1, timeline.value?.maxDepth ?? 0);

  useEffect(() => {
    const area = scroller.current!;
    const now = new TimelinePainter(canvas.current!, area, (range) => {
      live.value = range;
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
    const [line, tables] = [timeline.value, profile.value];
    if (!line || !tables) return;
    painter.current?.show(
      {
        line,
        tables,
        matches: matches.value,
        marked: markedFrames.value,
        selected: selectedSpan.value,
        hovered: pointed.value,
        width: width.value,
      },
      chartRange.value,
    );
    live.value = chartRange.value;
  });
  useSignalEffect(() => {
    if (revealRequest.value > 0) requestAnimationFrame(() => painter.current?.reveal());
  });

  const over = (event: MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return painter.current?.at(event.clientX - box.left, event.clientY - box.top) ?? null;
  };
  const pick = (box: TimelineBox | null) => {
    pickedSpan.value = box;
    changeView({ picked: box ? String(timeline.peek()!.origin[box.node]) : '' });
  };
  const zoomTo = (box: TimelineBox) => changeView({ brush: [box.from, box.to] });
  const leave = () => {
    clearTimeout(timer.current);
    pointed.value = null;
    hovered.value = null;
    tip.value = null;
  };
  useSignalEffect(() => {
    if (menu.value) leave();
  });
  const onPointerMove = (event: PointerEvent) => {
    if (event.buttons !== 0 || menu.peek()) return leave();
    const box = over(event);
    if (!box) return leave();
    const area = scroller.current!.getBoundingClientRect();
    if (pointed.value?.node !== box.node || pointed.value.from !== box.from) pointed.value = box;
    const figures = figuresOfSpan(box);
    hovered.value = figures;
    const at = { x: event.clientX - area.left, y: event.clientY - area.top, figures };
    clearTimeout(timer.current);
    if (tip.value) tip.value = at;
    else
      timer.current = window.setTimeout(() => {
        tip.value = at;
      }, TOOLTIP_MS);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const line = timeline.peek();
    if (!line || zoomByKey(event, painter.current!, width.peek())) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = selectedSpan.peek() ?? painter.current?.first() ?? null;
    if (!now) return;
    let next: TimelineBox | null = null;
    if (event.key === 'ArrowDown') next = childBox(line, now);
    else if (event.key === 'ArrowUp') next = parentBox(line, now);
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      next = now;
      for (let step = event.shiftKey ? 10 : 1; step > 0; step--)
        next = neighbourBox(line, next, event.key === 'ArrowLeft' ? -1 : 1) ?? next;
    } else if (event.key === 'Enter') zoomTo(now);
    else return;
    event.preventDefault();
    if (!next) return;
    pick(next);
    announcement.value = spokenSpan(next);
    painter.current?.reveal();
  };
  return (
    <div class="timeline">
      <TimelineOverview live={live} />
      <div class="flame-area">
        <div
          class="flame-scroll timeline-scroll"
          ref={scroller}
          style={{ height: `${Math.min(rows, MAX_ROWS) * ROW}px` }}
          role="application"
          aria-roledescription="time-ordered chart"
          aria-label="Stacks over time: arrow keys move, Enter and plus zoom, minus and Escape zoom out, m opens a menu, t shows a table"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: an application with one tab stop (ui.md §5)
          tabIndex={0}
          onScroll={() => painter.current?.draw()}
          onPointerMove={onPointerMove}
          onPointerLeave={leave}
          onClick={(event) => pick(over(event))}
          onDblClick={(event) => {
            const box = over(event);
            if (box) zoomTo(box);
          }}
          onContextMenu={(event) => {
            const box = over(event);
            const line = timeline.peek();
            if (!box || !line) return;
            event.preventDefault();
            leave();
            pick(box);
            menu.value = {
              x: event.clientX,
              y: event.clientY,
              frame: line.frame[box.node]!,
              node: line.origin[box.node]!,
            };
          }}
          onKeyDown={onKeyDown}
        >
          {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus */}
          <canvas ref={canvas} aria-hidden="true" />
          <div style={{ height: `${rows * ROW}px` }} />
        </div>
        {tip.value && <Tooltip {...tip.value} width={width.value} rootLabel="" />}
      </div>
    </div>
  );
}

/** Numbers of a box of the chart, beside those of its path in all of the time shown. */
function figuresOfSpan(box: TimelineBox): Figures {
  const [line, boxes] = [timeline.peek()!, icicle.peek()];
  const same = boxes?.ofNode[line.origin[box.node]!] ?? -1;
  return {
    frame: line.frame[box.node]!,
    total: boxes && same >= 0 ? boxes.total[same]! : 0,
    self: boxes && same >= 0 ? boxes.self[same]! : 0,
    whole: boxes?.total[0] ?? 0,
    change: null,
    span: [box.from, box.to],
  };
}

/** `render, app/views/list.js 88, 12 ms from second 3.204, level 4`. */
function spokenSpan(box: TimelineBox): string {
  const tables = profile.peek()!;
  const frame = timeline.peek()!.frame[box.node]!;
  const place = placeText(tables, frame).replace(/:(\d+)$/, ' $1');
  return `${tables.name[frame]}, ${place}, ${durationText(box.to - box.from)} from second ${(box.from / 1000).toFixed(3)}, level ${box.row}`;
}

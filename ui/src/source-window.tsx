import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { markCalls } from './call-marks.ts';
import { numberText, percentText, shareText, THIN } from './number-text.ts';
import {
  cutLine,
  type FunctionStart,
  heatOf,
  LINE_HEIGHT,
  type LineCall,
  type LineHeat,
  LONGEST_LINE,
  lineText,
  lineToShow,
} from './source-heat.ts';
import { SourceStrip } from './source-strip.tsx';

/** Lines drawn above and below what is visible, so that a short scroll needs no drawing. */
const MARGIN = 30;
const MOST_STARTS = 3;
const MOST_STOPS = 50;

export interface SourceWindowProps {
  file: string;
  text: string;
  /** source-heat.ts indexLines. */
  index: Int32Array;
  heat: LineHeat;
  starts: Map<number, FunctionStart[]>;
  /** Weight of the profile. */
  whole: number;
  /** Selected function, −1 for none; the line it starts on, 0-based column, and its hottest line. */
  frame: number;
  start: number;
  column: number;
  hottest: number | undefined;
  /** Whether the profile knows own times by line. */
  withLines: boolean;
  onPick: (frame: number) => void;
}

/** A whole file in a scrolling window; only the lines near the visible ones exist. */
export function SourceWindow(props: SourceWindowProps): JSX.Element {
  const { file, text, index, heat, starts, whole, frame, start, column, hottest, onPick } = props;
  const withCalls = heat.calls.size > 0;
  const scroller = useRef<HTMLElement>(null);
  const [view, see] = useState({ top: 0, height: 25 * LINE_HEIGHT });
  const lineCount = index.length - 1;
  const stops = useMemo(
    () => heat.hottest.filter((line) => heatOf(heat.byLine.get(line)! / whole) !== '').slice(0, MOST_STOPS),
    [heat, whole],
  );
  const [stop, stopAt] = useState(-1);
  const width = useMemo(() => widestLine(text, index), [text, index]);
  const goTo = (line: number) => {
    const element = scroller.current;
    if (element) element.scrollTop = (line - 0.5) * LINE_HEIGHT - element.clientHeight / 2;
  };
  const walk = (step: number) => {
    if (stops.length === 0) return;
    const next = stop < 0 ? (step > 0 ? 0 : stops.length - 1) : (stop + step + stops.length) % stops.length;
    stopAt(next);
    goTo(stops[next]!);
  };
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => see({ top: element.scrollTop, height: element.clientHeight });
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    measure();
    return () => watcher.disconnect();
  }, []);
  // Not on every change of weights: a brush must not take the reader's place away.
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    element.scrollLeft = 0;
    goTo(lineToShow(start, hottest, Math.floor(element.clientHeight / LINE_HEIGHT)));
    stopAt(-1);
  }, [file, frame]);
  const first = Math.max(0, Math.floor(view.top / LINE_HEIGHT) - MARGIN);
  const end = Math.min(lineCount, Math.ceil((view.top + view.height) / LINE_HEIGHT) + MARGIN);
  const lines: JSX.Element[] = [];
  for (let line = first + 1; line <= end; line++) {
    lines.push(
      <Line
        key={line}
        line={line}
        text={lineText(text, index, line)}
        share={(heat.byLine.get(line) ?? 0) / whole}
        calls={heat.calls.get(line)}
        starts={starts.get(line)}
        stopped={stops[stop] === line}
        column={line === start ? column : 0}
        {...{ whole, frame, onPick }}
      />,
    );
  }
  return (
    <>
      {heat.hottest.length > 0 && (
        <div class="source-legend">
          <span class="hint">{legend(props.withLines, withCalls)}</span>
          {stops.length > 0 && (
            <span class="source-steps push">
              <span aria-live="polite">
                {stop < 0
                  ? `${stops.length === MOST_STOPS ? `${MOST_STOPS}+` : stops.length} ${stops.length === 1 ? 'line' : 'lines'} with time`
                  : `hottest ${stop + 1} of ${stops.length}: line ${stops[stop]}, ${shareText(heat.byLine.get(stops[stop]!)! / whole)}`}
              </span>
              <button type="button" class="control" onClick={() => walk(-1)} title="[ in the text">
                ↑<span class="unseen">Previous hot line</span>
              </button>
              <button type="button" class="control" onClick={() => walk(1)} title="] in the text">
                ↓<span class="unseen">Next hot line</span>
              </button>
            </span>
          )}
        </div>
      )}
      {/* A scroll bar below needs room too. */}
      <div
        class={`source-frame ${withCalls ? 'with-calls' : ''}`}
        style={{ height: `${Math.max(3, lineCount) * LINE_HEIGHT + 16}px` }}
      >
        <section
          class="source-scroll"
          ref={scroller}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard too
          tabIndex={0}
          aria-label={`${file}, ${lineCount} lines; square brackets go to the previous and next hot line`}
          onScroll={(event) => {
            const { scrollTop, clientHeight } = event.currentTarget;
            const moved = Math.abs(scrollTop - view.top) >= LINE_HEIGHT;
            if (moved || clientHeight !== view.height) see({ top: scrollTop, height: clientHeight });
          }}
          onKeyDown={(event) => {
            if (event.ctrlKey || event.metaKey || event.altKey) return;
            if (event.key !== '[' && event.key !== ']') return;
            event.preventDefault();
            event.stopPropagation();
            walk(event.key === ']' ? 1 : -1);
          }}
        >
          <div
            class="source-space"
            style={{ height: `${lineCount * LINE_HEIGHT}px`, minWidth: `${width + 24}ch` }}
          >
            <div class="source-lines" style={{ top: `${first * LINE_HEIGHT}px` }}>
              {lines}
            </div>
          </div>
        </section>
        <SourceStrip
          {...{ text, index, heat, whole, view }}
          onJump={(share) => {
            const element = scroller.current;
            if (element) element.scrollTop = share * lineCount * LINE_HEIGHT - element.clientHeight / 2;
          }}
        />
      </div>
    </>
  );
}

function legend(withLines: boolean, withCalls: boolean): string {
  if (!withLines)
    return 'share of the profile by line: calls out of your code, own times are not known by line';
  return `share of the profile by line: ${withCalls ? 'all of it, and the part in calls out of your code' : 'own time'}`;
}

interface LineProps {
  line: number;
  text: string;
  share: number;
  calls: LineCall[] | undefined;
  starts: FunctionStart[] | undefined;
  /** The walk through hot lines is here. */
  stopped: boolean;
  /** Offset to show of a long line. */
  column: number;
  whole: number;
  frame: number;
  onPick: (frame: number) => void;
}

function Line(props: LineProps): JSX.Element {
  const { line, text, share, calls, starts, stopped, column, whole, frame, onPick } = props;
  const heat = heatOf(share);
  const cut = cutLine(text, column);
  const selected = starts?.some((one) => one.frame === frame) ?? false;
  const called = (calls?.reduce((sum, { weight }) => sum + weight, 0) ?? 0) / whole;
  return (
    <div class={`source-line ${heat} ${selected ? 'selected' : ''} ${stopped ? 'stopped' : ''}`}>
      <span class="gutter" title={calls && partsText(calls, share, whole)}>
        <span class="share">
          {heat === '' ? '' : `${percentText(share)}${heat === 'hot' ? `${THIN}%` : ''}`}
        </span>
        <span class="called">{heatOf(called) === '' ? '' : `${percentText(called)}`}</span>
        <span class="number">{line}</span>
      </span>
      <code>
        {cut.before > 0 && <span class="cut">… {numberText(cut.before)} before </span>}
        {calls
          ? markCalls(
              cut.text,
              calls.map(({ name }) => name),
            ).map((part, i) => (part.call ? <u key={i + 0}>{part.text}</u> : part.text))
          : cut.text}
        {cut.after > 0 && <span class="cut"> {numberText(cut.after)} more …</span>}
      </code>
      {starts && <Starts {...{ starts, whole, frame, onPick }} />}
    </div>
  );
}

/** `own 0.1 %, calls pbkdf2Sync 76.3 %`. */
function partsText(calls: LineCall[], share: number, whole: number): string {
  const own = calls.reduce((rest, { weight }) => rest - weight / whole, share);
  const named = calls.map(({ name, weight }) => `${name} ${shareText(weight / whole)}`);
  return `own ${shareText(Math.max(0, own))}, calls ${named.join(', ')}`;
}

/** Functions that begin on a line; a click selects one. */
function Starts(
  props: Pick<LineProps, 'whole' | 'frame' | 'onPick'> & { starts: FunctionStart[] },
): JSX.Element {
  const { starts, whole, frame, onPick } = props;
  const shown = starts.filter((one, i) => i < MOST_STARTS || one.frame === frame);
  return (
    <span class={`starts ${starts.length > 1 ? 'many' : ''}`}>
      {shown.map((one) => (
        <button
          type="button"
          key={one.frame}
          class="start"
          aria-pressed={one.frame === frame}
          title={`${one.name}: total ${shareText(one.total / whole)}, self ${shareText(one.self / whole)}`}
          onClick={() => onPick(one.frame)}
        >
          <b>{one.name}</b> total {shareText(one.total / whole)}
          <span class="weak"> self {shareText(one.self / whole)}</span>
        </button>
      ))}
      {starts.length > shown.length && <span class="cut">{starts.length - shown.length} more</span>}
    </span>
  );
}

/** Columns of the widest line as shown; a tab counts for four. */
function widestLine(text: string, index: Int32Array): number {
  let widest = 0;
  for (let line = 1; line < index.length; line++) {
    const from = index[line - 1]!;
    const length = Math.min(index[line]! - from, LONGEST_LINE);
    if (length * 4 <= widest) continue;
    let columns = 0;
    for (let i = from; i < from + length; i++) columns += text.charCodeAt(i) === 9 ? 4 : 1;
    widest = Math.max(widest, columns);
  }
  return widest;
}

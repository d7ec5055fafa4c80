import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { ChangeLine } from './change-line.tsx';
import { figuresOf } from './flame-canvas.tsx';
import { durationText, numberText, shareText } from './number-text.ts';
import { data } from './page-data.ts';
import { placeText, ROOMS } from './profile-tables.ts';
import {
  amountText,
  asked,
  boxInHalf,
  type Figures,
  found,
  hovered,
  look,
  profile,
  query,
  sandwich,
  selectedBox,
  selectedSpan,
  tree,
} from './state.ts';
import { roomLabels, words } from './words.ts';

/** What is selected, as numbers. */
const selected = computed<Figures | null>(() => {
  const both = sandwich.value;
  if (look.value === 'sandwich' && both) {
    for (const half of [both.callers, both.callees]) {
      const box = boxInHalf(half);
      if (box > 0) return figuresOf(half, box);
    }
    return null;
  }
  const boxes = tree.value;
  if (!boxes || selectedBox.value <= 0) return null;
  const figures = figuresOf(boxes, selectedBox.value);
  const span = look.value === 'chart' ? selectedSpan.value : null;
  return span ? { ...figures, span: [span.from, span.to] } : figures;
});

/** The line with the most weight, own and of calls out of the user's code, by function. */
const hottestLines = computed<ReadonlyMap<number, number>>(() => {
  const out = new Map<number, number>();
  const tables = profile.value;
  if (!tables) return out;
  const sums = new Map<string, number>();
  const best = new Map<number, number>();
  const add = (frame: number, line: number, weight: number) => {
    const key = `${frame}:${line}`;
    const sum = (sums.get(key) ?? 0) + weight;
    sums.set(key, sum);
    if (sum <= (best.get(frame) ?? 0)) return;
    best.set(frame, sum);
    out.set(frame, line);
  };
  const { node, line, weight } = tables.lines;
  for (let i = 0; i < line.length; i++) add(tables.frame[node[i]!]!, line[i]!, weight[i]!);
  const { calls } = tables;
  for (let k = 0; k < (calls?.line.length ?? 0); k++)
    add(calls!.frame[k]!, calls!.line[k]!, calls!.weight[k]!);
  return out;
});

/** The box hovered, else the one selected; before it, what the search found. */
export function FlameFoot(): JSX.Element {
  const tables = profile.value!;
  const figures = hovered.value ?? selected.value;
  const text = amountText.value;
  const amount = (weight: number, whole: number) => (
    <>
      <b>{text(weight)}</b> {shareText(weight / Math.max(1e-12, whole))}
    </>
  );
  return (
    <footer class="flame-foot">
      <Found />
      {figures && figures.frame >= 0 ? (
        <span class="foot-frame">
          <b>{tables.name[figures.frame]}</b> <code>{placeText(tables, figures.frame)}</code>
          {figures.span && (
            <span>
              <b>{durationText(figures.span[1] - figures.span[0])}</b> from{' '}
              {(figures.span[0] / 1000).toFixed(3)} s
            </span>
          )}
          {figures.change ? (
            <ChangeLine figures={figures} />
          ) : (
            <>
              <span>
                {words.total} {amount(figures.total, figures.whole)}
              </span>
              <span>
                {words.self} {amount(figures.self, figures.whole)}
              </span>
            </>
          )}
          {hottestLines.value.has(figures.frame) && (
            <span>hottest line {hottestLines.value.get(figures.frame)}</span>
          )}
          <span class="weak">{roomLabels[ROOMS[tables.room[figures.frame]!]!]}</span>
        </span>
      ) : (
        <span class="weak foot-hint">{words.pick}</span>
      )}
      <span class="foot-keys push" aria-hidden="true">
        <kbd>↑</kbd>
        <kbd>↓</kbd>
        <kbd>←</kbd>
        <kbd>→</kbd> move <kbd>Enter</kbd> zoom <kbd>Esc</kbd> out{' '}
        {data.kind !== 'heap' && (
          <>
            <kbd>m</kbd> menu{' '}
          </>
        )}
        <kbd>Ctrl</kbd> wheel zoom
      </span>
    </footer>
  );
}

/** Count, share, and where in the list the walk with `n` is. */
function Found(): JSX.Element | null {
  if (query.value.trim() === '') return null;
  if (asked.value.kind === 'invalid')
    return <span class="found-invalid">Not an expression yet: {asked.value.why}</span>;
  const all = found.value;
  const boxes = tree.value;
  if (!all || !boxes) return null;
  const at = all.boxes.indexOf(selectedBox.value);
  return (
    <span class="found" role="status">
      {all.boxes.length === 0
        ? 'Nothing found'
        : `${numberText(all.boxes.length, 0)} found · ${shareText(all.weight / Math.max(1e-12, boxes.total[0]!))}`}
      {at >= 0 && all.boxes.length > 1 && (
        <span class="weak">
          {' '}
          {at + 1}. by weight <kbd>n</kbd>
        </span>
      )}
    </span>
  );
}

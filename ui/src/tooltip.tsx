import type { JSX } from 'preact';
import { ChangeLine } from './change-line.tsx';
import { durationText, shareText } from './number-text.ts';
import { placeText, ROOMS } from './profile-tables.ts';
import { amountText, type Figures, profile } from './state.ts';
import { roomLabels, words } from './words.ts';

/** Name, place and numbers of the box under the pointer. `x`, `y` in px of the graph. */
export function Tooltip({
  x,
  y,
  figures,
  width,
  rootLabel,
}: {
  x: number;
  y: number;
  figures: Figures;
  width: number;
  rootLabel: string;
}): JSX.Element | null {
  const tables = profile.value;
  if (!tables) return null;
  const { frame, total, self, whole } = figures;
  const text = amountText.value;
  const style =
    x > width / 2
      ? { right: `${width - x + 12}px`, top: `${y + 16}px` }
      : { left: `${x + 12}px`, top: `${y + 16}px` };
  const room = frame < 0 ? '' : roomLabels[ROOMS[tables.room[frame]!]!];
  return (
    <div class="tooltip" style={style} role="tooltip">
      <b>{frame < 0 ? rootLabel : tables.name[frame]}</b>
      {frame >= 0 && <div class="mono">{placeText(tables, frame) || room}</div>}
      {figures.change ? (
        <ChangeLine figures={figures} />
      ) : figures.span ? (
        <div>
          {durationText(figures.span[1] - figures.span[0])} from {(figures.span[0] / 1000).toFixed(3)} s · in
          all {text(total)} {shareText(total / Math.max(1e-12, whole))}
        </div>
      ) : (
        <div>
          {words.total} {text(total)} {shareText(total / Math.max(1e-12, whole))} · {words.self} {text(self)}{' '}
          {shareText(self / Math.max(1e-12, whole))}
        </div>
      )}
      {room !== '' && <div class="weak">{room}</div>}
    </div>
  );
}

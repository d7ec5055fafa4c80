import type { JSX } from 'preact';
import { FlameCanvas } from './flame-canvas.tsx';
import { FlameTable } from './flame-table.tsx';
import { coverage } from './frame-search.ts';
import { durationText, numberText, shareText, THIN, weightText } from './number-text.ts';
import { IDLE, KERNEL, placeText, ROOM_LABELS, ROOMS } from './profile-tables.ts';
import { StackPanel } from './stack-panel.tsx';
import {
  brush,
  changeView,
  data,
  hoveredBox,
  matches,
  profile,
  roomWeights,
  selectedBox,
  tree,
  view,
  weights,
} from './state.ts';
import { BrushPill } from './vital-signs-panel.tsx';

export function FlamePanel(): JSX.Element {
  const tables = profile.value;
  if (!tables) return <NoProfile />;
  const { bottomUp, foldCore, asTable } = view.value;
  return (
    <section class="panel flame" aria-labelledby="flame-title">
      <header class="panel-head">
        <h2 id="flame-title">{title()}</h2>
        <span class="hint">{subtitle()}</span>
        <BrushPill />
        <span class="push controls">
          {data.profiles.length > 1 && <ThreadSwitch />}
          <span class="segments">
            <button
              type="button"
              aria-pressed={!bottomUp}
              onClick={() => changeView({ bottomUp: false, zoom: '' })}
            >
              Icicle
            </button>
            <button
              type="button"
              aria-pressed={bottomUp}
              onClick={() => changeView({ bottomUp: true, zoom: '' })}
            >
              Bottom-up
            </button>
          </span>
          <button
            type="button"
            class="control"
            aria-pressed={foldCore}
            onClick={() => changeView({ foldCore: !foldCore })}
          >
            Fold node core <kbd>f</kbd>
          </button>
        </span>
      </header>
      {tables.partial !== '' && (
        <p class="banner-line">Partial profile: {tables.partial}. Shares are of what was read.</p>
      )}
      <RoomLegend />
      {weights.value.self.length > 0 && (tree.value?.total[0] ?? 0) === 0 ? (
        <p class="empty">No samples here. The profile covers {spanText()}.</p>
      ) : asTable ? (
        <FlameTable />
      ) : (
        <FlameCanvas />
      )}
      <Foot />
    </section>
  );
}

function spanText(): string {
  const tables = profile.value!;
  return `${(tables.from / 1000).toFixed(1)}–${(tables.to / 1000).toFixed(1)}${THIN}s`;
}

function title(): string {
  const tables = profile.value!;
  const span = brush.value;
  if (tables.unit === 'bytes')
    return `Where ${weightText(tree.value?.total[0] ?? 0, 'bytes')} of memory came from`;
  const ms = span
    ? Math.max(0, Math.min(span[1], tables.to) - Math.max(span[0], tables.from))
    : tables.to - tables.from;
  const who = tables.thread === 'main thread' ? 'the main thread' : tables.thread;
  return `Where ${who} spent ${(ms / 1000).toFixed(1)}${THIN}s`;
}

function subtitle(): string {
  const tables = profile.value!;
  const count = weights.value.count;
  const kernel = tables.room.includes(KERNEL);
  const every = (tables.to - tables.from) / Math.max(1, tables.samples.time.length);
  const parts = [tables.to > tables.from ? spanText() : ''];
  if (tables.unit === 'bytes') parts.push(tables.thread);
  else if (tables.samples.time.length > 0) parts.push(`JS every ${durationText(every)}`);
  if (kernel) parts.push('native and kernel from perf');
  if (count > 0) parts.push(`${numberText(count, 0)} samples`);
  return parts.filter(Boolean).join(' · ');
}

function ThreadSwitch(): JSX.Element {
  return (
    <select
      class="control"
      aria-label="Thread"
      value={String(Math.min(view.value.profile, data.profiles.length - 1))}
      onChange={(event) => changeView({ profile: Number(event.currentTarget.value), zoom: '', picked: '' })}
    >
      {data.profiles.map((one, i) => (
        <option key={one.thread + String(i)} value={String(i)}>
          {one.thread}
        </option>
      ))}
    </select>
  );
}

/** Shares on top of the stack; a click switches a room off. */
function RoomLegend(): JSX.Element {
  const tables = profile.value!;
  const byRoom = roomWeights.value;
  const whole = byRoom.reduce((sum, weight) => sum + weight, 0);
  const { hidden } = view.value;
  return (
    <div class="rooms">
      {ROOMS.map((room, i) => {
        const off = hidden.includes(i);
        const unknown = i === KERNEL && !tables.room.includes(KERNEL);
        if (tables.unit === 'bytes' && (i === KERNEL || i >= IDLE - 1)) return null;
        return (
          <button
            type="button"
            key={room}
            class={`room ${off ? 'off' : ''}`}
            aria-pressed={!off}
            disabled={unknown}
            title={
              unknown
                ? 'Kernel time is sampled by perf only'
                : `Show or hide ${ROOM_LABELS[room].toLowerCase()}`
            }
            onClick={() =>
              changeView({
                hidden: off ? hidden.filter((one) => one !== i) : [...hidden, i].sort(),
                zoom: '',
              })
            }
          >
            <i class={`box box-${room}`} />
            {ROOM_LABELS[room]}{' '}
            <span class="weak">
              {unknown ? '–, needs perf rights' : shareText(whole > 0 ? byRoom[i]! / whole : 0)}
            </span>
          </button>
        );
      })}
      <span class="hint push">
        {tables.unit === 'bytes'
          ? 'share of bytes by allocating function'
          : 'share of time on top of the stack'}
      </span>
    </div>
  );
}

/** The box hovered, else the one selected, else what the search found. */
function Foot(): JSX.Element {
  const [tables, boxes] = [profile.value!, tree.value!];
  const box = hoveredBox.value > 0 && hoveredBox.value < boxes.length ? hoveredBox.value : selectedBox.value;
  const whole = Math.max(1e-9, boxes.total[0]!);
  const found = matches.value ? coverage(boxes, matches.value) : null;
  const frame = box > 0 ? boxes.frame[box]! : -1;
  const amount = (weight: number) => (
    <>
      <b>{weightText(weight, tables.unit)}</b> {shareText(weight / whole)}
    </>
  );
  return (
    <footer class="flame-foot">
      {found && (
        <span class="found" role="status">
          {found.boxes === 0
            ? 'Nothing found'
            : `${numberText(found.boxes, 0)} found · ${shareText(found.weight / whole)}`}
        </span>
      )}
      {frame >= 0 ? (
        <span class="foot-frame">
          <b>{tables.name[frame]}</b> <code>{placeText(tables, frame)}</code>
          <span>total {amount(boxes.total[box]!)}</span>
          <span>self {amount(boxes.self[box]!)}</span>
          {hottestLine(frame)}
          <span class="weak">{ROOM_LABELS[ROOMS[tables.room[frame]!]!]}</span>
        </span>
      ) : (
        <span class="weak">Click a frame for its numbers.</span>
      )}
      <span class="foot-keys push" aria-hidden="true">
        <kbd>↑</kbd>
        <kbd>↓</kbd>
        <kbd>←</kbd>
        <kbd>→</kbd> move <kbd>Enter</kbd> zoom <kbd>Esc</kbd> out <kbd>t</kbd> table
      </span>
    </footer>
  );
}

/** The line of a function with the most own samples, when it has lines at all. */
function hottestLine(frame: number): JSX.Element | null {
  const { lines, frame: frameOf } = profile.value!;
  const byLine = new Map<number, number>();
  for (let i = 0; i < lines.line.length; i++) {
    if (frameOf[lines.node[i]!] === frame)
      byLine.set(lines.line[i]!, (byLine.get(lines.line[i]!) ?? 0) + lines.weight[i]!);
  }
  let best = 0;
  for (const [line, weight] of byLine) if (weight > (byLine.get(best) ?? 0)) best = line;
  return best > 0 ? <span>hottest line {best}</span> : null;
}

function NoProfile(): JSX.Element {
  const stuck = data.stuck;
  if (stuck && (stuck.frames.length > 0 || stuck.native)) return <StackPanel stuck={stuck} />;
  const why =
    data.access === 'outside'
      ? `needs the inspector${data.accessProblem ? `: ${data.accessProblem}` : ''}`
      : 'none was taken';
  return (
    <section class="panel" aria-labelledby="flame-title">
      <header class="panel-head">
        <h2 id="flame-title">Where the time went</h2>
      </header>
      <p class="empty">No CPU profile in this recording: {why}.</p>
    </section>
  );
}

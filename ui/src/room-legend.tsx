import type { JSX } from 'preact';
import { shareText } from './number-text.ts';
import { data } from './page-data.ts';
import { GC, IDLE, KERNEL, ROOMS } from './profile-tables.ts';
import { changeView, profile, roomWeights, view } from './state.ts';
import { roomLabels } from './words.ts';

/** Shares on top of the stack; a click switches a room off. */
export function RoomLegend(): JSX.Element {
  const tables = profile.value!;
  const byRoom = roomWeights.value;
  const whole = byRoom.reduce((sum, weight) => sum + weight, 0);
  const { hidden } = view.value;
  const untimed = tables.unit === 'bytes' && data.kind !== 'heap';
  return (
    <div class="rooms">
      {ROOMS.map((room, i) => {
        const off = hidden.includes(i);
        const known = tables.room.includes(i);
        const unknown = i === KERNEL && !known && data.kind !== 'heap';
        if (data.kind === 'heap' && !known) return null;
        // Allocations and counts from elsewhere need not know of GC, kernel and idle.
        if ((untimed && (i === KERNEL || i === IDLE)) || (i === GC && untimed && !known)) return null;
        if (!known && tables.unit !== 'microseconds' && i >= KERNEL) return null;
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
                : `Show or hide ${roomLabels[room].toLowerCase()}`
            }
            onClick={() =>
              changeView({
                hidden: off ? hidden.filter((one) => one !== i) : [...hidden, i].sort(),
                zoom: '',
              })
            }
          >
            {/* A comparison is coloured by change: a swatch would be a lie there. */}
            {data.kind !== 'difference' && <i class={`box box-${room}`} />}
            {roomLabels[room]}{' '}
            <span class="weak">
              {unknown ? '–, needs perf rights' : shareText(whole > 0 ? byRoom[i]! / whole : 0)}
            </span>
          </button>
        );
      })}
      <span class="hint push">
        {data.kind === 'heap'
          ? 'bytes of their own, share of the heap'
          : data.kind === 'difference'
            ? 'share on top of the stack, after'
            : untimed
              ? 'share of bytes by allocating function'
              : tables.unit === 'samples'
                ? 'share of samples on top of the stack'
                : 'share of time on top of the stack'}
      </span>
    </div>
  );
}

import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { FlameCanvas } from './flame-canvas.tsx';
import { FlameTable } from './flame-table.tsx';
import type { FlameTree } from './flame-tree.ts';
import { shareText } from './number-text.ts';
import { data } from './page-data.ts';
import { placeText, ROOM_LABELS, ROOMS } from './profile-tables.ts';
import { amountText, boxInHalf, changeView, profile, sandwich, sandwichFrame } from './state.ts';

const callers = computed<FlameTree | null>(() => sandwich.value?.callers ?? null);
const callees = computed<FlameTree | null>(() => sandwich.value?.callees ?? null);
const selectedAbove = computed(() => (callers.value ? boxInHalf(callers.value) : -1));
const selectedBelow = computed(() => (callees.value ? boxInHalf(callees.value) : -1));
const noZoom = computed(() => 0);
/** Rows of each half; deeper ones scroll. */
const MAX_ROWS = 14;

/** One function: its callers grow upwards, its callees downwards; both halves have its total as width. */
export function SandwichView({ asTable = false }: { asTable?: boolean }): JSX.Element {
  const tables = profile.value!;
  const both = sandwich.value;
  const frame = sandwichFrame.value;
  if (frame < 0 || frame >= tables.name.length)
    return <p class="empty">Select a function for its callers and callees.</p>;
  const name = tables.name[frame]!;
  if (!both) {
    return (
      <p class="empty">
        <b>{name}</b> is not in the picture: it is hidden, left out, or has no samples in this time range.
      </p>
    );
  }
  const text = amountText.value;
  const compared = data.kind === 'difference';
  // Weights of a comparison may be shares already, and its boxes show changes.
  const share = (weight: number) => (compared ? '' : shareText(weight / Math.max(1e-12, both.whole)));
  const inShares = compared ? '' : `, in shares of ${name}`;
  const open = (half: FlameTree | null, box: number) => {
    if (half && box > 0) changeView({ sandwich: half.frame[box]!, picked: '' });
  };
  const direct = (half: FlameTree) => {
    let count = 0;
    for (let i = 1; i < half.length; i = half.end[i]!) count++;
    return count;
  };
  const [up, down] = [direct(both.callers), direct(both.callees)];
  return (
    <div class="sandwich">
      <div class="sandwich-name">
        <i class={`box box-${ROOMS[tables.room[frame]!]}`} title={ROOM_LABELS[ROOMS[tables.room[frame]!]!]} />
        <b>{name}</b> <code>{placeText(tables, frame)}</code>
        <span>
          total <b>{text(both.total)}</b> {share(both.total)}
        </span>
        <span>
          self <b>{text(both.self)}</b> {share(both.self)}
        </span>
        {both.recursive && (
          <span class="weak">calls itself: a stack counts once, from its outermost call</span>
        )}
      </div>
      <h3 class="half-title">
        {up === 0
          ? 'No callers: called by the runtime'
          : `Callers (${up} direct)${asTable ? '' : ', growing upwards'}${inShares}`}
      </h3>
      {up > 0 &&
        (asTable ? (
          <FlameTable tree={callers} selected={selectedAbove} zoomed={noZoom} label={`Callers of ${name}`} />
        ) : (
          <FlameCanvas
            tree={callers}
            selected={selectedAbove}
            zoomed={noZoom}
            rootLabel={name}
            label={`Callers of ${name}`}
            maxRows={MAX_ROWS}
            flip
            onOpen={(box) => open(callers.peek(), box)}
          />
        ))}
      <h3 class="half-title">
        {down === 0 ? 'Calls nothing that was sampled' : `Callees (${down} direct)${inShares}`}
      </h3>
      {down > 0 &&
        (asTable ? (
          <FlameTable tree={callees} selected={selectedBelow} zoomed={noZoom} label={`Callees of ${name}`} />
        ) : (
          <FlameCanvas
            tree={callees}
            selected={selectedBelow}
            zoomed={noZoom}
            rootLabel={name}
            label={`Callees of ${name}`}
            maxRows={MAX_ROWS}
            onOpen={(box) => open(callees.peek(), box)}
          />
        ))}
    </div>
  );
}

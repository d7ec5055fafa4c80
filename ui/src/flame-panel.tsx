import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { Crumbs } from './crumbs.tsx';
import { DifferenceLegend } from './difference-legend.tsx';
import { FlameCanvas } from './flame-canvas.tsx';
import { FlameFoot } from './flame-foot.tsx';
import { FlameTable } from './flame-table.tsx';
import { boxId } from './flame-tree.ts';
import type { Look } from './hash-text.ts';
import { durationText, numberText, THIN } from './number-text.ts';
import { data } from './page-data.ts';
import { KERNEL } from './profile-tables.ts';
import { RoomLegend } from './room-legend.tsx';
import { SandwichView } from './sandwich-view.tsx';
import { StackPanel } from './stack-panel.tsx';
import {
  amountText,
  brush,
  changeView,
  hasTimes,
  icicle,
  look,
  movedByHand,
  otherProfile,
  profile,
  sandwichFrame,
  selectedBox,
  tree,
  view,
  weights,
  zoomedBox,
} from './state.ts';
import { BrushPill, rangeText } from './time-range.tsx';
import { TimelineCanvas } from './timeline-canvas.tsx';

const LABELS: Record<Look, string> = {
  flame: 'Flame',
  'bottom-up': 'Bottom-up',
  chart: 'Chart',
  sandwich: 'Sandwich',
};
const TITLES: Record<Look, string> = {
  flame: 'Callers above, callees below, equal stacks merged',
  'bottom-up': 'What is on top of the stack first, its callers below',
  chart: 'In order of time',
  sandwich: 'One function: its callers above, its callees below',
};
/** Rows visible at once; deeper graphs scroll. */
const MAX_ROWS = 30;

/** Changes the way to look at the profile; a sandwich keeps the function that is selected now. */
export function showLook(next: Look): void {
  movedByHand.value = false;
  changeView({ look: next, zoom: '', ...(next === 'sandwich' ? { sandwich: sandwichFrame.peek() } : {}) });
}

export function FlamePanel(): JSX.Element {
  const tables = profile.value;
  if (!tables) return <NoProfile />;
  const { foldCore, asTable } = view.value;
  const empty = (icicle.value?.total[0] ?? 0) === 0;
  return (
    <section class="panel flame" aria-labelledby="flame-title">
      <header class="panel-head">
        <h2 id="flame-title">{title()}</h2>
        <span class="hint">{subtitle()}</span>
        <BrushPill />
        <span class="push controls">
          {data.profiles.length > 1 && <ThreadSwitch />}
          <LookSwitch />
          <button
            type="button"
            class="control"
            aria-pressed={asTable}
            onClick={() => changeView({ asTable: !asTable })}
          >
            Table <kbd>t</kbd>
          </button>
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
      <Crumbs />
      <RoomLegend />
      {data.kind === 'difference' && <DifferenceLegend page={data} />}
      {empty ? <Empty /> : asTable ? <Tables /> : <Graph />}
      {!empty && <FlameFoot />}
    </section>
  );
}

function LookSwitch(): JSX.Element {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame and a legend
    <span class="segments" role="group" aria-label="View">
      {(Object.keys(LABELS) as Look[]).map((one) => (
        <button
          type="button"
          key={one}
          aria-pressed={look.value === one}
          disabled={one === 'chart' && !hasTimes.value}
          title={one === 'chart' && !hasTimes.value ? 'This profile has no times, only sums' : TITLES[one]}
          onClick={() => showLook(one)}
        >
          {LABELS[one]}
        </button>
      ))}
    </span>
  );
}

function Graph(): JSX.Element {
  if (look.value === 'chart') return <TimelineCanvas />;
  if (look.value === 'sandwich') return <SandwichView />;
  return (
    <FlameCanvas
      key={look.value}
      tree={tree}
      selected={selectedBox}
      zoomed={zoomedBox}
      rootLabel={profile.value!.thread}
      label={look.value === 'flame' ? 'Flame graph' : 'Bottom-up flame graph'}
      maxRows={MAX_ROWS}
      onOpen={(box) => {
        const boxes = tree.peek()!;
        movedByHand.value = false;
        changeView({ zoom: box === 0 || box === zoomedBox.peek() ? '' : boxId(boxes, box) });
      }}
    />
  );
}

const noZoom = computed(() => 0);

function Tables(): JSX.Element {
  if (look.value === 'sandwich') return <SandwichView asTable />;
  // The chart as a table: the paths of the time it shows.
  return (
    <FlameTable
      tree={tree}
      selected={selectedBox}
      zoomed={look.value === 'chart' ? noZoom : zoomedBox}
      label="Call tree"
    />
  );
}

/** Why there is nothing to draw. */
function Empty(): JSX.Element {
  const tables = profile.value!;
  const { transforms, hidden } = view.value;
  const any = tables.self.some((weight) => weight > 0) || (tables.before?.some((one) => one > 0) ?? false);
  if (!any) return <p class="empty">This profile is empty: no samples were taken.</p>;
  if (weights.value.self.every((weight) => weight === 0))
    return <p class="empty">No samples here. The profile covers {rangeText(tables.from, tables.to)}.</p>;
  return (
    <p class="empty">
      Nothing is left
      {transforms.length > 0 && ' after what was done to the profile'}
      {transforms.length > 0 && hidden.length > 0 && ' and'}
      {hidden.length > 0 && ' with these kinds of frames hidden'}.{' '}
      <button
        type="button"
        class="control"
        onClick={() => changeView({ transforms: [], hidden: [], zoom: '' })}
      >
        Show everything
      </button>
    </p>
  );
}

function title(): string {
  const tables = profile.value!;
  const span = brush.value;
  const whole = icicle.value?.total[0] ?? 0;
  if (data.kind === 'difference') return 'What changed, and where';
  if (tables.unit === 'bytes') return `Where ${amountText.value(whole)} of memory came from`;
  const who = tables.thread === 'main thread' ? 'the main thread' : tables.thread;
  if (tables.unit === 'samples') return `Where ${amountText.value(whole)} of ${who} were taken`;
  const spent = tables.to > tables.from ? tables.to - tables.from : whole / 1000;
  const ms = span ? Math.max(0, Math.min(span[1], tables.to) - Math.max(span[0], tables.from)) : spent;
  const seconds = ms >= 1000 ? `${(ms / 1000).toFixed(1)}${THIN}s` : durationText(ms);
  return `Where ${who} spent ${seconds}`;
}

function subtitle(): string {
  const tables = profile.value!;
  const count = weights.value.count;
  if (data.kind === 'difference') return data.normalised;
  const every = (tables.to - tables.from) / Math.max(1, tables.samples.time.length);
  const parts = [tables.to > tables.from ? rangeText(tables.from, tables.to) : ''];
  if (tables.unit === 'bytes') parts.push(tables.thread);
  else if (tables.unit === 'microseconds' && tables.samples.time.length > 1)
    parts.push(`JS every ${durationText(every)}`);
  if (tables.room.includes(KERNEL))
    parts.push(data.kind === 'doctor' ? 'native and kernel from perf' : 'with native and kernel frames');
  if (count > 0) parts.push(`${numberText(count, 0)} samples`);
  return parts.filter(Boolean).join(' · ');
}

function ThreadSwitch(): JSX.Element {
  return (
    <select
      class="control"
      aria-label="Thread"
      value={String(Math.min(view.value.profile, data.profiles.length - 1))}
      onChange={(event) => changeView(otherProfile(Number(event.currentTarget.value)))}
    >
      {data.profiles.map((one, i) => (
        <option key={one.thread + String(i)} value={String(i)}>
          {one.thread}
        </option>
      ))}
    </select>
  );
}

function NoProfile(): JSX.Element {
  const stuck = data.kind === 'doctor' ? data.stuck : undefined;
  if (stuck && (stuck.frames.length > 0 || stuck.native)) return <StackPanel stuck={stuck} />;
  let why = 'none was taken';
  if (data.kind === 'doctor' && data.access === 'outside')
    why = `needs the inspector${data.accessProblem ? `: ${data.accessProblem}` : ''}`;
  return (
    <section class="panel" aria-labelledby="flame-title">
      <header class="panel-head">
        <h2 id="flame-title">Where the time went</h2>
      </header>
      <p class="empty">No CPU profile in this recording: {why}.</p>
    </section>
  );
}

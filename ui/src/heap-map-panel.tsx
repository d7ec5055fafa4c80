import type { JSX } from 'preact';
import type { HeapPage } from '../../src/render/page-data.ts';
import { FlameCanvas } from './flame-canvas.tsx';
import { FlameFoot } from './flame-foot.tsx';
import { FlameTable } from './flame-table.tsx';
import { boxId } from './flame-tree.ts';
import { showObject } from './heap-object-state.ts';
import { numberText } from './number-text.ts';
import { RoomLegend } from './room-legend.tsx';
import {
  changeView,
  icicle,
  movedByHand,
  pickedNode,
  profile,
  selectedBox,
  view,
  zoomedBox,
} from './state.ts';

/** Rows visible at once; deeper maps scroll. */
const MAX_ROWS = 18;

/** What keeps what alive: the dominator tree as an icicle, width = bytes. */
export function HeapMapPanel({ page }: { page: HeapPage }): JSX.Element {
  const { asTable } = view.value;
  const empty = (icicle.value?.total[0] ?? 0) === 0;
  return (
    <section class="panel flame heap-map" aria-labelledby="map-title">
      <header class="panel-head">
        <h2 id="map-title">What keeps what alive</h2>
        <span class="hint">
          below each object all that would be freed with it · {numberText(page.map.id.length, 0)} boxes,
          objects below 0.1 % grouped by class
        </span>
        <span class="push controls">
          <button
            type="button"
            class="control"
            aria-pressed={asTable}
            onClick={() => changeView({ asTable: !asTable })}
          >
            Table <kbd>t</kbd>
          </button>
        </span>
      </header>
      {page.map.id.length > 0 && <Crumbs page={page} />}
      <RoomLegend />
      {empty ? (
        <p class="empty">The snapshot has no objects.</p>
      ) : asTable ? (
        <FlameTable tree={icicle} selected={selectedBox} zoomed={zoomedBox} label="Dominator tree" />
      ) : (
        <FlameCanvas
          tree={icicle}
          selected={selectedBox}
          zoomed={zoomedBox}
          rootLabel="heap"
          label="Dominator tree"
          maxRows={MAX_ROWS}
          onOpen={(box) => {
            const boxes = icicle.peek()!;
            movedByHand.value = false;
            changeView({ zoom: box === 0 || box === zoomedBox.peek() ? '' : boxId(boxes, box) });
          }}
        />
      )}
      {!empty && <FlameFoot />}
    </section>
  );
}

/** Way from the root to the box zoomed into or selected: each step zooms. */
function Crumbs({ page }: { page: HeapPage }): JSX.Element | null {
  const tables = profile.value;
  const boxes = icicle.value;
  if (!tables || !boxes) return null;
  const way: number[] = [];
  const last = selectedBox.value > 0 ? selectedBox.value : zoomedBox.value;
  for (let at = last; at > 0; at = boxes.parent[at]!) way.push(at);
  way.reverse();
  const shown = way.slice(-6);
  const id = page.map.id[pickedNode.value] ?? 0;
  return (
    <nav class="crumbs" aria-label="Way from the root">
      <ol>
        <li>
          <button
            type="button"
            class="crumb"
            onClick={() => changeView({ zoom: '', picked: '' })}
            title="All of the heap"
          >
            heap
          </button>
        </li>
        {way.length > shown.length && <li class="weak">… {way.length - shown.length} more</li>}
        {shown.map((box) => (
          <li key={box}>
            <button
              type="button"
              class="crumb"
              title={`Zoom to ${tables.name[boxes.frame[box]!]}`}
              onClick={() => changeView({ zoom: boxId(boxes, box), picked: boxId(boxes, box) })}
            >
              {zoomedBox.value === box ? (
                <b>{tables.name[boxes.frame[box]!]}</b>
              ) : (
                tables.name[boxes.frame[box]!]
              )}
            </button>
          </li>
        ))}
      </ol>
      {page.server && id > 0 && (
        <button type="button" class="control push" onClick={() => showObject(id)}>
          Look at @{id}
        </button>
      )}
    </nav>
  );
}

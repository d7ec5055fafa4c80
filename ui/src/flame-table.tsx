import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { changeOf } from './difference-colours.ts';
import { boxId, childrenOf, type FlameTree } from './flame-tree.ts';
import { menu } from './frame-menu-state.ts';
import { changeText, shareText } from './number-text.ts';
import { placeText, ROOMS } from './profile-tables.ts';
import { cellText, changeShown, changeView, profile } from './state.ts';
import { headWord, words } from './words.ts';

/** Children listed under one row; the rest is one line. */
const MAX_CHILDREN = 100;

export interface FlameTableProps {
  tree: ReadonlySignal<FlameTree | null>;
  selected: ReadonlySignal<number>;
  /** Box to start from, 0 for the root. */
  zoomed: ReadonlySignal<number>;
  label: string;
}

/** A flame graph as a tree table: the same boxes, for keyboards and screen readers. */
export function FlameTable({ tree, selected, zoomed, label }: FlameTableProps): JSX.Element {
  const boxes = tree.value!;
  const tables = profile.value!;
  const root = zoomed.value;
  const selectedBox = selected;
  const text = cellText.value;
  const toggled = useSignal<ReadonlySet<number>>(new Set());
  const opened = pathTo(boxes, selectedBox.value);
  const isOpen = (box: number) => (opened.has(box) || box === root) !== toggled.value.has(box);
  const rows = visibleRows(boxes, root, isOpen);
  const toggle = (box: number) => {
    const next = new Set(toggled.value);
    if (!next.delete(box)) next.add(box);
    toggled.value = next;
  };
  const openMenu = (box: number, x: number, y: number) => {
    if (box > 0)
      menu.value = { x, y, frame: boxes.frame[box]!, node: boxes.inverted ? -1 : boxes.origin[box]! };
  };
  const onKeyDown = (event: KeyboardEvent, box: number) => {
    const current = event.currentTarget as HTMLElement;
    const leaf = boxes.end[box] === box + 1;
    if (event.key === 'ArrowRight' && !leaf && !isOpen(box)) toggle(box);
    else if (event.key === 'ArrowLeft' && !leaf && isOpen(box)) toggle(box);
    else if (event.key === 'ArrowDown') (current.nextElementSibling as HTMLElement | null)?.focus();
    else if (event.key === 'ArrowUp') (current.previousElementSibling as HTMLElement | null)?.focus();
    else if (event.key === 'm' || event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10')) {
      const place = current.getBoundingClientRect();
      openMenu(box, place.left + 40, place.bottom);
    } else if (event.key === 'Enter') changeView({ zoom: box === root ? '' : boxId(boxes, box) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="flame-table">
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: treegrid is the role of a table that opens */}
      <table role="treegrid" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{words.name}</th>
            <th scope="col">{words.where}</th>
            <th scope="col" class="num">
              {headWord(words.total)}
            </th>
            <th scope="col" class="num">
              {!boxes.other ? '%' : changeShown.value.functions ? 'Change of function' : 'Change of stack'}
            </th>
            <th scope="col" class="num">
              {headWord(words.self)}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((box) => {
            const frame = boxes.frame[box]!;
            const leaf = boxes.end[box] === box + 1;
            return (
              <tr
                key={box}
                tabIndex={box === (selectedBox.value > 0 ? selectedBox.value : root) ? 0 : -1}
                aria-level={boxes.depth[box]! - boxes.depth[root]! + 1}
                {...(leaf ? {} : { 'aria-expanded': isOpen(box) })}
                aria-selected={box === selectedBox.value}
                onClick={() => {
                  toggle(box);
                  if (box > 0) changeView({ picked: boxId(boxes, box) });
                }}
                onContextMenu={(event) => {
                  event.preventDefault();
                  openMenu(box, event.clientX, event.clientY);
                }}
                onKeyDown={(event) => onKeyDown(event, box)}
              >
                <td>
                  <span
                    style={{ paddingLeft: `${Math.min(60, boxes.depth[box]! - boxes.depth[root]!) * 12}px` }}
                  >
                    <span class="twist" aria-hidden="true">
                      {leaf ? '' : isOpen(box) ? '▾' : '▸'}
                    </span>
                    <i class={`box box-${ROOMS[tables.room[frame]!]}`} />
                    {box === 0 && !boxes.inverted && boxes.frame[0] === tables.frame[0]
                      ? tables.thread
                      : tables.name[frame]}
                  </span>
                </td>
                <td class="mono weak">{placeText(tables, frame)}</td>
                <td class="num">{text(boxes.total[box]!)}</td>
                <td class="num">
                  {boxes.other
                    ? changeText(changeOf(boxes, box, changeShown.value))
                    : shareText(boxes.total[box]! / Math.max(1e-12, boxes.total[0]!))}
                </td>
                <td class="num">{text(boxes.self[box]!)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function pathTo(boxes: FlameTree, box: number): Set<number> {
  const path = new Set<number>([0]);
  for (let at = box < 0 ? 0 : boxes.parent[box]!; at > 0; at = boxes.parent[at]!) path.add(at);
  return path;
}

/** Preorder of what is open, siblings cut at MAX_CHILDREN (they are sorted by weight). */
function visibleRows(boxes: FlameTree, root: number, isOpen: (box: number) => boolean): number[] {
  const out: number[] = [];
  const stack = [root];
  for (let box = stack.pop(); box !== undefined && out.length < 5000; box = stack.pop()) {
    out.push(box);
    if (!isOpen(box)) continue;
    const children = childrenOf(boxes, box).slice(0, MAX_CHILDREN);
    for (let k = children.length - 1; k >= 0; k--) stack.push(children[k]!);
  }
  return out;
}

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { menu } from './frame-menu-state.ts';
import { showObject } from './heap-object-state.ts';
import { data } from './page-data.ts';
import { type ProfileTables, placeText } from './profile-tables.ts';
import { addTransform, announcement, changeView, icicle, movedByHand, pickFrame, profile } from './state.ts';

interface Item {
  label: string;
  what?: string;
  key?: string;
  run: () => void;
}

/** Groups of what can be done with a function and, where it is known, with this path to it. */
function itemsFor(tables: ProfileTables, frame: number, node: number): Item[][] {
  const name = tables.name[frame]!;
  const file = tables.file[frame]!;
  const owner = tables.package[frame]!;
  const look: Item[] = [
    { label: 'Focus on', what: name, key: 'o', run: () => addTransform({ kind: 'focus', frame }) },
  ];
  if (node > 0)
    look.push({ label: 'Focus on this path only', run: () => addTransform({ kind: 'subtree', node }) });
  look.push({
    label: 'Callers and callees',
    key: 's',
    run: () => changeView({ look: 'sandwich', sandwich: frame, asTable: false }),
  });
  if (node > 0)
    look.push({
      label: 'Zoom in',
      key: 'Enter',
      run: () => {
        movedByHand.value = false;
        changeView({ zoom: String(node), look: 'flame' });
      },
    });
  const hide: Item[] = [
    { label: 'Hide', what: name, key: 'h', run: () => addTransform({ kind: 'hide', frame }) },
  ];
  if (owner !== '')
    hide.push({
      label: 'Hide package',
      what: owner,
      run: () => addTransform({ kind: 'hide-package', frame }),
    });
  if (file !== '')
    hide.push({ label: 'Hide file', what: file, run: () => addTransform({ kind: 'hide-file', frame }) });
  hide.push({ label: 'Hide idle time', run: () => addTransform({ kind: 'idle' }) });
  const collapse: Item[] = [];
  if (isRecursive(frame)) {
    collapse.push(
      {
        label: 'Collapse recursion of',
        what: name,
        key: 'r',
        run: () => addTransform({ kind: 'recursion', frame }),
      },
      {
        label: 'Collapse also what is between its calls',
        run: () => addTransform({ kind: 'mutual', frame }),
      },
    );
  }
  collapse.push(
    { label: 'Collapse all recursion', run: () => addTransform({ kind: 'recursion', frame: -1 }) },
    { label: 'Collapse all mutual recursion', run: () => addTransform({ kind: 'mutual', frame: -1 }) },
  );
  const other: Item[] = [];
  if (data.sources[file] !== undefined)
    other.push({
      label: 'Show source',
      run: () => {
        pickFrame(frame);
        requestAnimationFrame(() => document.querySelector('#source')?.scrollIntoView({ block: 'nearest' }));
      },
    });
  other.push({ label: 'Copy name', run: () => void copy(name) });
  if (file !== '')
    other.push({
      label: 'Copy place',
      what: placeText(tables, frame),
      run: () => void copy(placeText(tables, frame)),
    });
  return [look, hide, collapse, other];
}

/** What can be done with a box of a map of memory. */
function heapItems(tables: ProfileTables, frame: number, node: number): Item[][] {
  const name = tables.name[frame]!;
  const id = tables.file[frame]!;
  const look: Item[] = [
    {
      label: 'Zoom in',
      key: 'Enter',
      run: () => {
        movedByHand.value = false;
        changeView({ zoom: String(node) });
      },
    },
  ];
  if (data.kind === 'heap' && data.server && id !== '')
    look.push({
      label: 'Look at the object',
      what: id,
      key: 'o',
      run: () => showObject(Number(id.slice(1))),
    });
  const other: Item[] = [{ label: 'Copy name', run: () => void copy(name) }];
  if (id !== '') other.push({ label: 'Copy id', what: id, run: () => void copy(id) });
  return [look, other];
}

/** Whether the function is anywhere below itself in what is shown. */
function isRecursive(frame: number): boolean {
  const boxes = icicle.peek();
  if (!boxes) return false;
  let covered = 0;
  for (let i = 1; i < boxes.length; i++) {
    if (boxes.frame[i] !== frame) continue;
    if (i < covered) return true;
    covered = boxes.end[i]!;
  }
  return false;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announcement.value = 'Copied';
  } catch {
    announcement.value = 'The browser refused the clipboard';
  }
}

/** What can be done with a frame: right click, `m` or Shift+F10. */
export function FrameMenu(): JSX.Element | null {
  const list = useRef<HTMLDivElement>(null);
  const before = useRef<HTMLElement | null>(null);
  const open = menu.value;
  const tables = profile.value;
  useLayoutEffect(() => {
    const element = list.current;
    if (!open || !element) return;
    before.current ??= document.activeElement as HTMLElement | null;
    const { width, height } = element.getBoundingClientRect();
    element.style.left = `${Math.max(4, Math.min(open.x, innerWidth - width - 4))}px`;
    element.style.top = `${Math.max(4, Math.min(open.y, innerHeight - height - 4))}px`;
    element.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [open]);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (event.target instanceof Node && list.current?.contains(event.target)) return;
      menu.value = null;
      before.current = null;
    };
    window.addEventListener('pointerdown', away, true);
    window.addEventListener('scroll', away, true);
    window.addEventListener('resize', away);
    return () => {
      window.removeEventListener('pointerdown', away, true);
      window.removeEventListener('scroll', away, true);
      window.removeEventListener('resize', away);
    };
  }, [open]);
  if (!open || !tables || open.frame < 0 || open.frame >= tables.name.length) return null;
  const close = () => {
    menu.value = null;
    before.current?.focus({ preventScroll: true });
    before.current = null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...list.current!.querySelectorAll<HTMLElement>('[role=menuitem]')];
    const now = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'ArrowDown') items[(now + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(now + items.length - 1) % items.length]?.focus();
    else if (event.key === 'Home') items[0]?.focus();
    else if (event.key === 'End') items.at(-1)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else if (event.key !== 'Enter' && event.key !== ' ') {
      // The letter of an item works here too.
      const item = items.find((one) => one.dataset.key === event.key);
      if (!item) return;
      item.click();
    } else return event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="frame-menu"
      role="menu"
      aria-label={tables.name[open.frame]}
      tabIndex={-1}
      ref={list}
      onKeyDown={onKeyDown}
    >
      {(data.kind === 'heap' ? heapItems : itemsFor)(tables, open.frame, open.node).map((group, i) => (
        <div class="menu-group" key={`${i + 0}`}>
          {group.map((item) => (
            <button
              type="button"
              role="menuitem"
              tabIndex={-1}
              key={item.label}
              data-key={item.key}
              onClick={() => {
                close();
                item.run();
              }}
            >
              <span class="menu-label">
                {item.label} {item.what !== undefined && <code>{item.what}</code>}
              </span>
              {item.key && <kbd>{item.key}</kbd>}
            </button>
          ))}
        </div>
      ))}
    </div>
  );
}

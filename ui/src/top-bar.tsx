import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { KEYS, walkMatches } from './keys.ts';
import { data } from './page-data.ts';
import { asked, changeView, keysShown, query } from './state.ts';
import { switchTheme, theme } from './theme.ts';

const SEARCHED: readonly [short: string, spoken: string] =
  data.kind === 'heap' || data.kind === 'heap-difference'
    ? ['Search classes, names', 'classes and names']
    : data.kind === 'async'
      ? ['Search waits, lines', 'waits and lines']
      : ['Search functions, files', 'functions and files'];
/** Pages a key is for that names none. */
const EVERYWHERE: readonly (typeof data.kind)[] = [
  'doctor',
  'profile',
  'difference',
  'heap',
  'heap-difference',
  'async',
];

export function TopBar(): JSX.Element {
  const { verb, name, detail } = data.subject;
  return (
    <header class="top-bar">
      <svg width="20" height="16" viewBox="0 0 20 16" aria-hidden="true">
        <path class="logo" d="M1 9h4l2-6 4 11 2.5-7 1.5 2h4" />
      </svg>
      <b>holter</b>
      <span class="weak bar-verb">{verb}</span>
      <span class="mono bar-target">
        {name} {detail}
      </span>
      <search class="push">
        <input
          id="search"
          type="search"
          placeholder={SEARCHED[0]}
          aria-label={`Search ${SEARCHED[1]}: text or /expression/`}
          {...(asked.value.kind === 'invalid' ? { 'aria-invalid': true } : {})}
          autocomplete="off"
          spellcheck={false}
          value={query.value}
          onInput={(event) => changeView({ query: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.currentTarget.blur();
            walkMatches(event.shiftKey ? -1 : 1);
          }}
        />
        <kbd>/</kbd>
      </search>
      <button type="button" class="plain" onClick={switchTheme}>
        {theme.value === 'dark' ? 'Light' : 'Dark'}
      </button>
      <button type="button" class="plain" aria-haspopup="dialog" onClick={() => (keysShown.value = true)}>
        Keys <kbd>?</kbd>
      </button>
    </header>
  );
}

export function KeysOverlay(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = keysShown.value;
  useEffect(() => {
    if (shown && !dialog.current?.open) dialog.current?.showModal();
    else if (!shown && dialog.current?.open) dialog.current.close();
  }, [shown]);
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys-title" onClose={() => (keysShown.value = false)}>
      <h2 id="keys-title">Keys</h2>
      <dl>
        {KEYS.filter((one) => (one.pages ?? EVERYWHERE).includes(data.kind)).map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" class="control" onClick={() => (keysShown.value = false)}>
        Close
      </button>
    </dialog>
  );
}

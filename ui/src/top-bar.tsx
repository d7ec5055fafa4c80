import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { KEYS } from './keys.ts';
import { changeView, data, keysShown, query } from './state.ts';
import { switchTheme, theme } from './theme.ts';

export function TopBar(): JSX.Element {
  const { target } = data.report;
  return (
    <header class="top-bar">
      <svg width="20" height="16" viewBox="0 0 20 16" aria-hidden="true">
        <path class="logo" d="M1 9h4l2-6 4 11 2.5-7 1.5 2h4" />
      </svg>
      <b>holter</b>
      <span class="weak bar-verb">doctor</span>
      <span class="mono bar-target">
        {target.name} pid {target.pid}
      </span>
      <search class="push">
        <input
          id="search"
          type="search"
          placeholder="Search functions, files"
          aria-label="Search functions and files: text or /expression/"
          autocomplete="off"
          spellcheck={false}
          value={query.value}
          onInput={(event) => changeView({ query: event.currentTarget.value })}
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
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((one) => (
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

import type { JSX } from 'preact';
import { changeView, profile, view } from './state.ts';
import { describeTransform } from './transforms.ts';

/** The transforms in order above the graph; each can be taken away, and Back takes away the last. */
export function Crumbs(): JSX.Element | null {
  const tables = profile.value;
  const { transforms } = view.value;
  if (!tables || transforms.length === 0) return null;
  return (
    <nav class="crumbs" aria-label="What was done to the profile">
      <ol>
        {transforms.map((one, i) => {
          const { verb, what } = describeTransform(one, tables);
          return (
            <li key={`${i + 0}`}>
              <button
                type="button"
                class="crumb"
                aria-label={`Undo: ${verb} ${what}`}
                title="Undo this"
                onClick={() => changeView({ transforms: transforms.filter((_, k) => k !== i), zoom: '' })}
              >
                {verb} <b>{what}</b> <span aria-hidden="true">✕</span>
              </button>
            </li>
          );
        })}
      </ol>
      <button type="button" class="plain" onClick={() => changeView({ transforms: [], zoom: '' })}>
        Undo all
      </button>
    </nav>
  );
}

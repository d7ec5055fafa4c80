import type { JSX } from 'preact';
import type { DifferencePage } from '../../src/render/page-data.ts';
import { fullChange } from './difference-colours.ts';
import { changeText } from './number-text.ts';
import { changeView, icicle, view } from './state.ts';

/** Scale of the colours, and which side gives the width. */
export function DifferenceLegend({ page }: { page: DifferencePage }): JSX.Element {
  const boxes = icicle.value;
  const { widthBefore } = view.value;
  const full = boxes ? fullChange(boxes) : 0;
  return (
    <div class="difference-legend">
      <span class="scale">
        <span>{changeText(-full)} less</span>
        <i class="scale-bar" aria-hidden="true" />
        <span>{changeText(full)} more</span>
      </span>
      <span class="hint">change of the total, relative to the whole</span>
      <span class="push controls">
        <span class="hint">Width</span>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame and a legend */}
        <span class="segments" role="group" aria-label="Width of the boxes">
          <button
            type="button"
            aria-pressed={widthBefore}
            title={page.beforeName}
            onClick={() => changeView({ widthBefore: true, zoom: '' })}
          >
            Before
          </button>
          <button
            type="button"
            aria-pressed={!widthBefore}
            title={page.afterName}
            onClick={() => changeView({ widthBefore: false, zoom: '' })}
          >
            After
          </button>
        </span>
      </span>
    </div>
  );
}

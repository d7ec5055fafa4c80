import type { JSX } from 'preact';
import type { DifferencePage } from '../../src/render/page-data.ts';
import { changeText } from './number-text.ts';
import { changeView, fullColour, view } from './state.ts';

/** Scale of the colours, what they stand for, and which side gives the width. */
export function DifferenceLegend({ page }: { page: DifferencePage }): JSX.Element {
  const { widthBefore, colourBy } = view.value;
  const full = fullColour.value ?? 0;
  return (
    <div class="difference-legend">
      <span class="scale">
        <span>{changeText(-full)} less</span>
        <i class="scale-bar" aria-hidden="true" />
        <span>{changeText(full)} more</span>
      </span>
      <span class="hint">
        {colourBy === 'function'
          ? 'change of the function in all its stacks, relative to the whole; boxes say before → after, narrow ones how many times as much'
          : 'change of this stack alone, relative to the whole; moved code is new here and gone there'}
      </span>
      <span class="push controls">
        <Choice
          label="Colour"
          name="Colour of the boxes"
          options={[
            [
              'Function',
              'Of a function in all its stacks',
              colourBy === 'function',
              () => changeView({ colourBy: 'function' }),
            ],
            ['Stack', 'Of each stack alone', colourBy === 'stack', () => changeView({ colourBy: 'stack' })],
          ]}
        />
        <Choice
          label="Width"
          name="Width of the boxes"
          options={[
            ['Before', page.beforeName, widthBefore, () => changeView({ widthBefore: true, zoom: '' })],
            ['After', page.afterName, !widthBefore, () => changeView({ widthBefore: false, zoom: '' })],
          ]}
        />
      </span>
    </div>
  );
}

function Choice({
  label,
  name,
  options,
}: {
  label: string;
  name: string;
  options: [text: string, title: string, pressed: boolean, choose: () => void][];
}): JSX.Element {
  return (
    <span class="choice">
      <span class="hint">{label}</span>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a frame and a legend */}
      <span class="segments" role="group" aria-label={name}>
        {options.map(([text, title, pressed, choose]) => (
          <button type="button" key={text} aria-pressed={pressed} title={title} onClick={choose}>
            {text}
          </button>
        ))}
      </span>
    </span>
  );
}

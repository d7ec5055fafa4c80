import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { chargeToUserCode, groupFrames } from './hottest.ts';
import { data } from './page-data.ts';
import { SourcePanel } from './source-panel.tsx';
import { pickedFrame, pickFrame, profile, ranked, weights } from './state.ts';

/** The function selected, else the one of the user's with the most time among those whose source is here. */
const shown = computed<number>(() => {
  const [tables, tree] = [profile.value, ranked.value];
  if (!tables || !tree) return -1;
  if (pickedFrame.value >= 0) return pickedFrame.value;
  const rows = chargeToUserCode(tree, tables, groupFrames(tables, 'function'));
  let best = -1;
  let most = 0;
  for (const { group, charged } of rows) {
    if (group < 0 || charged <= most || data.sources[tables.file[group]!] === undefined) continue;
    best = group;
    most = charged;
  }
  return best;
});

/** Source with heat by line; absent from pages that carry no source. */
export function Source(): JSX.Element | null {
  const tables = profile.value;
  if (!tables || Object.keys(data.sources).length === 0) return null;
  return (
    <div id="source">
      <SourcePanel
        tables={tables}
        sources={data.sources}
        weights={weights.value.self}
        frame={shown.value}
        onPick={pickFrame}
      />
      {data.sourcesNote && <p class="hint source-note">{data.sourcesNote}</p>}
    </div>
  );
}

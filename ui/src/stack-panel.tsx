import type { JSX } from 'preact';
import type { PageStuck } from '../../src/render/page-data.ts';
import { durationText } from './number-text.ts';
import { ROOM_LABELS } from './profile-tables.ts';

/** The stack of a loop that does not turn, in place of a flame graph. */
export function StackPanel({ stuck }: { stuck: PageStuck }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="flame-title">
      <header class="panel-head">
        <h2 id="flame-title">Where it is stuck</h2>
        <span class="hint">
          stack of the main thread, innermost first · seen stuck for {durationText(stuck.ms)}
        </span>
      </header>
      {stuck.native !== '' && <p class="empty">{stuck.native}</p>}
      <ol class="stack">
        {stuck.frames.map((frame, i) => (
          <li key={`${frame.function}${i + 0}`} class={`stack-frame stack-${frame.room}`}>
            <i class={`box box-${frame.room}`} title={ROOM_LABELS[frame.room]} />
            <b>{frame.function || '(anonymous)'}</b>
            <code>{frame.line > 0 ? `${frame.file}:${frame.line}` : frame.file}</code>
            {frame.values !== '' && <span class="stack-values mono">{frame.values}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

import type { JSX } from 'preact';
import type { DoctorPage, PageData } from '../../src/render/page-data.ts';
import { profile } from './state.ts';

/** The answer first: one sentence, details below it, facts beside it. */
export function Headline({ page }: { page: Exclude<PageData, DoctorPage> }): JSX.Element {
  return (
    <section class="verdict" aria-labelledby="verdict-title">
      <div class="verdict-text">
        <h1 id="verdict-title">{withCode(page.headline)}</h1>
        {page.details.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
      {page.facts.length > 0 && (
        <dl class="facts">
          {page.facts.flatMap(({ label, value }, i) => [
            <dt key={`t${i + 0}`}>{label}</dt>,
            <dd key={`d${i + 0}`} title={value}>
              {value}
            </dd>,
          ])}
        </dl>
      )}
    </section>
  );
}

/** Functions and places of the profile in monospace, where the sentence names them. */
function withCode(text: string): (JSX.Element | string)[] {
  const tables = profile.value;
  const words = text.split(/(\s+)/);
  return words.map((word, i) => {
    const bare = word.replace(/[,:;.]+$/, '');
    const isPlace = /^(?:[\w@.~-]*\/)*[\w@.~-]+\.[cm]?[jt]sx?:\d+$/.test(bare);
    const isName = bare.length > 1 && i === 0 && tables?.name.includes(bare);
    return isPlace || isName ? (
      <span key={`${i + 0}`}>
        <code>{bare}</code>
        {word.slice(bare.length)}
      </span>
    ) : (
      word
    );
  });
}

/** What keeps the answer from being whole. */
export function Warnings({ lines }: { lines: string[] }): JSX.Element | null {
  if (lines.length === 0) return null;
  return (
    <aside class="banner" aria-label="What to keep in mind">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </aside>
  );
}

import type { JSX } from 'preact';
import type { SourceExcerpt } from '../../src/doctor/report.ts';
import { percentText, THIN } from './number-text.ts';

/** Lines shown on either side of the blamed one. */
const AROUND = 4;

/** Source lines with two gutters, share and number. */
export function CodeExcerpt({ source, shareOf }: { source: SourceExcerpt; shareOf: string }): JSX.Element {
  const first = Math.max(source.firstLine, source.blamedLine - AROUND);
  const lines = source.lines.slice(
    first - source.firstLine,
    source.blamedLine + AROUND + 1 - source.firstLine,
  );
  const indent = commonIndent(lines);
  return (
    <figure class="code">
      <figcaption>
        <code>{source.file}</code>
        <span>{shareOf}</span>
      </figcaption>
      <section
        class="code-lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, and must by keyboard too
        tabIndex={0}
        aria-label={`${source.file}, line ${source.blamedLine}`}
      >
        {lines.map((text, i) => {
          const number = first + i;
          const share = source.shares[String(number)] ?? 0;
          const heat = share >= 0.05 ? 'hot' : share >= 0.0005 ? 'warm' : '';
          const blamed = number === source.blamedLine;
          return (
            <div key={number} class={`code-line ${heat} ${blamed ? 'blamed' : ''}`}>
              <span class="share">
                {heat === '' ? '' : `${percentText(share)}${heat === 'hot' ? `${THIN}%` : ''}`}
              </span>
              <span class="number">{number}</span>
              <code>{blamed ? underlined(text, indent, source.underline) : text.slice(indent)}</code>
            </div>
          );
        })}
      </section>
    </figure>
  );
}

/** Leading blanks all lines share: deep code would otherwise start at the right edge. */
function commonIndent(lines: string[]): number {
  const filled = lines.filter((line) => line.trim() !== '');
  return filled.length === 0 ? 0 : Math.min(...filled.map((line) => line.length - line.trimStart().length));
}

function underlined(text: string, indent: number, range: [number, number] | undefined): JSX.Element {
  if (!range || range[1] <= range[0]) return <>{text.slice(indent)}</>;
  return (
    <>
      {text.slice(indent, range[0])}
      <u>{text.slice(Math.max(indent, range[0]), range[1])}</u>
      {text.slice(range[1])}
    </>
  );
}

import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { PageSite, PageSlowRequest, PageSpan, PageWaits } from '../../src/render/page-waits.ts';
import { CodeExcerpt } from './code-excerpt.tsx';
import { durationText } from './number-text.ts';
import { data } from './page-data.ts';
import { PARTY_LABELS, partyBox, placeOf } from './wait-kinds.ts';
import { WaitLine } from './wait-line.tsx';

/** Lines on either side, and what is shown of a minified one. */
const AROUND = 4;
const LONGEST = 300;

/** How one wait came about: the lines that led there, innermost first, and the source of one of them. */
export function WaitChain({
  waits,
  request,
  span,
}: {
  waits: PageWaits;
  request: PageSlowRequest;
  span: PageSpan | undefined;
}): JSX.Element {
  const looked = useSignal(0);
  useEffect(() => {
    looked.value = 0;
  }, [span]);
  if (!span) return <aside class="wait-side" aria-label="How it came to wait" />;
  const chain = span.chain.flatMap((site) => waits.sites[site] ?? []);
  const shown = chain[Math.min(looked.value, chain.length - 1)] ?? waits.sites[span.site];
  return (
    <aside class="wait-side" aria-label="How it came to wait">
      <h3>
        How it came to wait: {span.name}, {durationText(span.to - span.from)}
        {span.open ? ', not over' : ''}
      </h3>
      {chain.length === 0 ? (
        <p class="hint">No stack was taken of this one: stacks are a sample.</p>
      ) : (
        <ol class="chain">
          {chain.map((site, i) => (
            <li key={`${i + 0}`}>
              <button
                type="button"
                class="chain-line"
                aria-pressed={i === looked.value}
                title={`${PARTY_LABELS[site.party]} ${placeOf(site)}`}
                onClick={() => (looked.value = i)}
              >
                <i class={partyBox(site.party)} />
                <WaitLine site={site} />
              </button>
            </li>
          ))}
          <li class="chain-end">
            <i class="box box-idle" />
            {request.method} {request.path}
          </li>
        </ol>
      )}
      <SiteExcerpt site={shown} />
    </aside>
  );
}

/** Source lines around a place, or why there are none. */
export function SiteExcerpt({ site }: { site: PageSite | undefined }): JSX.Element | null {
  if (!site) return null;
  const text = Object.hasOwn(data.sources, site.file) ? data.sources[site.file] : undefined;
  const lines = text?.split('\n') ?? [];
  if (text === undefined || site.line < 1 || site.line > lines.length)
    return (
      <p class="hint">
        <code>{placeOf(site)}</code>: source not in the recording.
      </p>
    );
  const first = Math.max(1, site.line - AROUND);
  return (
    <CodeExcerpt
      source={{
        file: site.file,
        firstLine: first,
        lines: lines.slice(first - 1, site.line + AROUND).map((line) => line.slice(0, LONGEST)),
        blamedLine: site.line,
        shares: {},
      }}
      shareOf={`line ${site.line}`}
    />
  );
}

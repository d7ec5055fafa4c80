import type { JSX } from 'preact';
import type { PageSite } from '../../src/render/page-waits.ts';
import { placeOf } from './wait-kinds.ts';

/** Function and place of a wait; where room is short the path loses its beginning, never the line number. */
export function WaitLine({ site }: { site: PageSite | undefined }): JSX.Element {
  if (!site) return <span class="wait-line weak">line not sampled</span>;
  return (
    <span class="wait-line">
      <span class="wait-function">{site.function || '(anonymous)'}</span>
      <span class="wait-place mono weak">
        <bdi dir="ltr">{placeOf(site)}</bdi>
      </span>
    </span>
  );
}

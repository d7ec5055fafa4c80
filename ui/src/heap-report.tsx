import type { JSX } from 'preact';
import type { HeapPage } from '../../src/render/page-data.ts';
import { CommandLine } from './command-line.tsx';
import { Headline, Warnings } from './headline.tsx';
import { HeapClassesPanel } from './heap-classes-panel.tsx';
import { serverGone } from './heap-client.ts';
import { HeapInstancesPanel } from './heap-instances-panel.tsx';
import { HeapKindsPanel } from './heap-kinds-panel.tsx';
import { HeapMapPanel } from './heap-map-panel.tsx';
import { HeapObjectPanel } from './heap-object-panel.tsx';
import { HeapObjectsPanel } from './heap-objects-panel.tsx';
import { HeapQueryPanel } from './heap-query-panel.tsx';
import { HeapStringsPanel } from './heap-strings-panel.tsx';
import { HeapSuspectsPanel } from './heap-suspects-panel.tsx';
import { NextPanel } from './next-panel.tsx';

/** Page of a heap snapshot; with a server behind it single objects can be looked at. */
export function HeapReport({ page }: { page: HeapPage }): JSX.Element {
  const gone = serverGone.value;
  return (
    <>
      <Warnings
        lines={[
          ...page.warnings,
          ...(gone
            ? [`The server behind this page does not answer. Start it again: holter open ${page.file}`]
            : []),
        ]}
      />
      <Headline page={page} />
      {page.suspects ? (
        <div class="pair pair-heap">
          <HeapSuspectsPanel page={page} />
          <HeapKindsPanel page={page} />
        </div>
      ) : (
        <HeapKindsPanel page={page} />
      )}
      <HeapMapPanel page={page} />
      <HeapClassesPanel page={page} />
      {page.server && <HeapInstancesPanel />}
      {page.server ? <HeapObjectPanel page={page} /> : <NoServer page={page} />}
      <div class="pair pair-halves">
        <HeapObjectsPanel page={page} />
        <HeapStringsPanel page={page} />
      </div>
      {page.server && <HeapQueryPanel />}
      <NextPanel next={page.next} />
    </>
  );
}

/** What a page without a server cannot do, and how to get it. */
function NoServer({ page }: { page: HeapPage }): JSX.Element {
  const word = /^[\w@%+=:,./-]+$/.test(page.file) ? page.file : `'${page.file.replaceAll("'", "'\\''")}'`;
  return (
    <section class="panel heap-no-server" aria-labelledby="no-server-title">
      <header class="panel-head">
        <h2 id="no-server-title">Single objects</h2>
        <span class="hint">
          references, retainers, all instances of a class, queries: with the snapshot at hand
        </span>
      </header>
      <div class="next-commands">
        <CommandLine command={`holter open ${word}`} note="this page with all objects" />
      </div>
    </section>
  );
}

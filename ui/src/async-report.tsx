import type { JSX } from 'preact';
import type { AsyncPage } from '../../src/render/page-data.ts';
import type { PageWaits } from '../../src/render/page-waits.ts';
import { ActionsPanel } from './actions-panel.tsx';
import { Headline, Warnings } from './headline.tsx';
import { NextPanel } from './next-panel.tsx';
import { WaitGraphPanel } from './wait-graph-panel.tsx';
import { WaitSharesPanel } from './wait-shares-panel.tsx';
import { WaitTablePanel } from './wait-table-panel.tsx';
import { WaterfallPanel } from './waterfall-panel.tsx';

/** Page of `holter async`: what requests wait for. */
export function AsyncReport({ page }: { page: AsyncPage }): JSX.Element {
  return (
    <>
      <Warnings lines={page.warnings} />
      <Headline page={page} />
      <WaitsView waits={page.waits} />
      <div class={`pair ${page.target ? 'pair-bottom' : ''}`}>
        <NextPanel next={page.next} />
        {page.target && <ActionsPanel target={page.target} />}
      </div>
    </>
  );
}

/** Shares, waterfall, graph and table, on this page and on that of `holter doctor`. */
export function WaitsView({ waits }: { waits: PageWaits }): JSX.Element {
  return (
    <>
      <WaitSharesPanel waits={waits} />
      <WaterfallPanel waits={waits} />
      <WaitGraphPanel waits={waits} />
      <WaitTablePanel waits={waits} />
    </>
  );
}

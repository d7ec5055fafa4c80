import type { JSX } from 'preact';
import type { DifferencePage, DoctorPage, ProfilePage } from '../../src/render/page-data.ts';
import { ActionsPanel } from './actions-panel.tsx';
import { AsyncReport, WaitsView } from './async-report.tsx';
import { DifferencePanel } from './difference-panel.tsx';
import { FindingsPanel } from './findings-panel.tsx';
import { FlamePanel } from './flame-panel.tsx';
import { FrameMenu } from './frame-menu.tsx';
import { matchNames } from './frame-search.ts';
import { Headline, Warnings } from './headline.tsx';
import { HeapDifference } from './heap-difference-view.tsx';
import { HeapReport } from './heap-report.tsx';
import { HottestPanel } from './hottest-panel.tsx';
import { LoadPanel } from './load-panel.tsx';
import { NextPanel } from './next-panel.tsx';
import { bytesText } from './number-text.ts';
import { data } from './page-data.ts';
import { Source } from './source-view.tsx';
import { announcement, asked, pickFrame, profile } from './state.ts';
import { KeysOverlay, TopBar } from './top-bar.tsx';
import { Banner, Verdict } from './verdict.tsx';
import { VitalSignsPanel } from './vital-signs-panel.tsx';

export function Page(): JSX.Element {
  return (
    <>
      <TopBar />
      <main>
        {data.kind === 'doctor' ? (
          <Doctor page={data} />
        ) : data.kind === 'profile' ? (
          <Profile page={data} />
        ) : data.kind === 'difference' ? (
          <Difference page={data} />
        ) : data.kind === 'async' ? (
          <AsyncReport page={data} />
        ) : data.kind === 'heap' ? (
          <HeapReport page={data} />
        ) : (
          <HeapDifference page={data} />
        )}
      </main>
      <footer class="page-foot">
        <span>
          holter {data.holter} · {data.kind === 'doctor' ? 'recording' : 'from'} <code>{data.recording}</code>{' '}
          · {bytesText(data.recordingBytes)}
        </span>
        <span class="push">{footText()}</span>
      </footer>
      <KeysOverlay />
      <FrameMenu />
      <Spoken />
    </>
  );
}

function footText(): string {
  if (data.kind === 'heap' && data.server)
    return 'Served by holter on this machine, to this address only; ends with Ctrl-C in its terminal.';
  if (data.kind === 'async')
    return 'This file loads nothing from the network. It contains source lines, paths of requests and addresses of upstreams.';
  const holds =
    data.kind === 'heap' ||
    data.kind === 'heap-difference' ||
    (data.kind === 'doctor' && data.report.core !== undefined)
      ? 'It contains names and texts out of the heap, which may be secret.'
      : 'It contains source lines and function names, no heap data.';
  return `This file loads nothing from the network. ${holds}`;
}

function Doctor({ page }: { page: DoctorPage }): JSX.Element {
  const { report } = page;
  // Nothing was watched: there are no vital signs, no profile, and nothing was done to anybody.
  if (report.core !== undefined)
    return (
      <>
        <Verdict />
        <FindingsPanel />
        <Source />
      </>
    );
  return (
    <>
      <Banner />
      <Verdict />
      <div class="pair pair-top">
        <FindingsPanel />
        <VitalSignsPanel />
      </div>
      <FlamePanel />
      {page.waits && <WaitsView waits={page.waits} />}
      <div class="pair pair-bottom">
        <HottestPanel />
        <ActionsPanel target={report} window={report.window} gaps={report.findings.length > 0} />
      </div>
      <Source />
    </>
  );
}

function Profile({ page }: { page: ProfilePage }): JSX.Element {
  const beside = page.target !== undefined || page.next.length > 0;
  return (
    <>
      <Warnings lines={page.warnings} />
      <Headline page={page} />
      {page.load && <LoadPanel load={page.load} />}
      <FlamePanel />
      <div class={`pair ${beside ? 'pair-bottom' : ''}`}>
        <HottestPanel />
        {beside && (
          <div class="stacked">
            {page.target && <ActionsPanel target={page.target} />}
            <NextPanel next={page.next} />
          </div>
        )}
      </div>
      <Source />
    </>
  );
}

function Difference({ page }: { page: DifferencePage }): JSX.Element {
  const { rows } = page;
  const matches = matchNames(
    asked.value,
    rows.map((row) => row.name),
    rows.map((row) => row.file),
  );
  return (
    <>
      <Warnings lines={page.warnings} />
      <Headline page={page} />
      <FlamePanel />
      <DifferencePanel data={page} matches={matches} onPick={pickRow} />
      <NextPanel next={page.next} />
      <Source />
    </>
  );
}

/** The function of the profile a row of a comparison means: lines may have moved. */
function pickRow(name: string, file: string, line: number): void {
  const tables = profile.peek();
  if (!tables) return;
  let best = -1;
  for (let i = 0; i < tables.name.length; i++) {
    if (tables.name[i] !== (name || '(anonymous)') || tables.file[i] !== file) continue;
    if (best < 0 || tables.line[i] === line) best = i;
  }
  if (best >= 0) pickFrame(best);
}

function Spoken(): JSX.Element {
  return (
    <div class="unseen" role="status" aria-live="polite">
      {announcement.value}
    </div>
  );
}

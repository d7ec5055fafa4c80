import type { JSX } from 'preact';
import { ActionsPanel } from './actions-panel.tsx';
import { FindingsPanel } from './findings-panel.tsx';
import { FlamePanel } from './flame-panel.tsx';
import { HottestPanel } from './hottest-panel.tsx';
import { bytesText } from './number-text.ts';
import { announcement, data } from './state.ts';
import { KeysOverlay, TopBar } from './top-bar.tsx';
import { Banner, Verdict } from './verdict.tsx';
import { VitalSignsPanel } from './vital-signs-panel.tsx';

export function Page(): JSX.Element {
  return (
    <>
      <TopBar />
      <main>
        <Banner />
        <Verdict />
        <div class="pair pair-top">
          <FindingsPanel />
          <VitalSignsPanel />
        </div>
        <FlamePanel />
        <div class="pair pair-bottom">
          <HottestPanel />
          <ActionsPanel />
        </div>
      </main>
      <footer class="page-foot">
        <span>
          holter {data.holter} · recording <code>{data.recording}</code> · {bytesText(data.recordingBytes)}
        </span>
        <span class="push">
          This file loads nothing from the network. It contains source lines and function names, no heap data.
        </span>
      </footer>
      <KeysOverlay />
      <Spoken />
    </>
  );
}

function Spoken(): JSX.Element {
  return (
    <div class="unseen" role="status" aria-live="polite">
      {announcement.value}
    </div>
  );
}

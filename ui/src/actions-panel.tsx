import type { JSX } from 'preact';
import type { DoctorReport } from '../../src/doctor/report.ts';
import { CommandLine } from './command-line.tsx';
import { Gaps } from './findings-panel.tsx';
import { durationText, numberText, THIN } from './number-text.ts';

/** What of a report the panel needs; profiles of a live target have it too. */
type Target = Pick<DoctorReport, 'actions' | 'left' | 'inspectorOpenMs'>;

/**
 * What holter did to the target: four facts, then every act. `window`: start (ISO) and length of the visit, when they
 * are known; else times count from the first act. `gaps`: also say what is not known.
 */
export function ActionsPanel({
  target: report,
  window,
  gaps = false,
}: {
  target: Target;
  window?: { startedAt: string; seconds: number };
  gaps?: boolean;
}): JSX.Element {
  const began = new Date(window?.startedAt ?? report.actions[0]?.at ?? 0).getTime();
  const paused = report.actions.reduce((sum, action) => sum + action.pauseMs, 0);
  const { left } = report;
  const written = report.actions.filter((action) => /\b(wrote|written|file)\b/i.test(action.what)).length;
  return (
    <section class="panel actions" aria-labelledby="actions-title">
      <header class="panel-head">
        <h2 id="actions-title">What holter did to the target</h2>
      </header>
      <dl class="action-facts">
        <div>
          <dt>Paused</dt>
          <dd>
            {paused > 0
              ? `${durationText(paused)}${window ? ` in ${numberText(window.seconds, 1)}${THIN}s` : ''}`
              : 'never'}
          </dd>
        </div>
        <div>
          <dt>Inspector open</dt>
          <dd>
            {report.inspectorOpenMs > 0 ? `${durationText(report.inspectorOpenMs)}, 127.0.0.1` : 'never'}
          </dd>
        </div>
        <div>
          <dt>Written in target</dt>
          <dd>{written === 0 ? 'nothing' : `${written} acts, below`}</dd>
        </div>
        <div>
          <dt>Left behind</dt>
          <dd class={left.leftBehind.length > 0 ? 'bad' : left.verified ? 'good' : ''}>
            {left.leftBehind.length > 0
              ? `${left.leftBehind.length} left`
              : left.verified
                ? '✓ nothing, verified'
                : 'not verified'}
          </dd>
        </div>
      </dl>
      {left.leftBehind.map((one) => (
        <div class="left-behind" key={one.what}>
          <p>{one.what}</p>
          {one.command && <CommandLine command={one.command} note="removes it" />}
        </div>
      ))}
      {report.actions.length === 0 ? (
        <p class="empty">Nothing: only /proc was read.</p>
      ) : (
        <ol class="acts">
          {report.actions.map((action, i) => {
            const at = (new Date(action.at).getTime() - began) / 1000;
            return (
              <li key={`${action.what}${i + 0}`}>
                <time>{Number.isFinite(at) ? `${numberText(at, 2)}${THIN}s` : ''}</time>
                <span>{action.what}</span>
                <span class="effect">
                  {action.effect ??
                    (action.pauseMs > 0 ? `paused ${durationText(action.pauseMs)}` : 'no effect')}
                </span>
              </li>
            );
          })}
        </ol>
      )}
      {gaps && <Gaps />}
    </section>
  );
}

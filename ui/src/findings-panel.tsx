import type { JSX } from 'preact';
import type { Finding, Where } from '../../src/doctor/report.ts';
import { CodeExcerpt } from './code-excerpt.tsx';
import { CommandLine } from './command-line.tsx';
import { EvidenceRow } from './evidence-row.tsx';
import { numberText } from './number-text.ts';
import { doctorPage } from './page-data.ts';
import { Mark } from './severity-mark.tsx';
import { openFindings, selectedFinding, selectFinding } from './state.ts';
import { printing } from './theme.ts';

const WORDS = { critical: 'Critical', warning: 'Warning', note: 'Note' } as const;

export function FindingsPanel(): JSX.Element {
  const { findings } = doctorPage().report;
  const counts = (['critical', 'warning', 'note'] as const)
    .map(
      (severity) =>
        [findings.filter((one) => one.severity === severity && !one.suspended).length, severity] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}${count > 1 && word !== 'critical' ? 's' : ''}`);
  const shown = findings
    .map((finding, index) => ({ finding, index }))
    .filter(({ finding }) => !finding.suspended);
  const suspended = findings
    .map((finding, index) => ({ finding, index }))
    .filter(({ finding }) => finding.suspended);
  return (
    <section class="panel findings" aria-labelledby="findings-title">
      <header class="panel-head">
        <h2 id="findings-title">Findings</h2>
        <span class="hint">{counts.join(', ')}</span>
        <span class="push" aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd>
        </span>
      </header>
      {shown.length === 0 && <Nothing />}
      {shown.map(({ finding, index }) => (
        <FindingDetails key={index} finding={finding} index={index} />
      ))}
      {suspended.length > 0 && (
        <details class="suspended" open={printing.value}>
          <summary>
            {suspended.length} suspended: they may be true, but the machine alone explains as much
          </summary>
          {suspended.map(({ finding, index }) => (
            <FindingDetails key={index} finding={finding} index={index} />
          ))}
        </details>
      )}
    </section>
  );
}

function Nothing(): JSX.Element {
  const data = doctorPage();
  const { checked, window, target, core } = data.report;
  const exited = window.end.kind === 'target-exited';
  const known = !exited && window.end.kind !== 'stuck' && (data.access === 'inspector' || core !== undefined);
  return (
    <div class="nothing">
      <p>
        <Mark kind={known ? 'ok' : 'note'} />{' '}
        {exited
          ? 'No findings before it exited. Watch the next one:'
          : core === undefined
            ? 'No findings. If users still complain, look while it happens:'
            : 'No findings. All that is in it:'}
      </p>
      <CommandLine
        command={
          core === undefined
            ? `holter watch ${exited ? shellWord(target.name) : target.pid}`
            : `holter core ${shellWord(core)}`
        }
      />
      {checked.length > 0 && (
        <div class="gaps">
          <h3>Looked for</h3>
          <p>{checked.join(' · ')}</p>
        </div>
      )}
      <Gaps />
    </div>
  );
}

/** A name as one word of a shell command. */
function shellWord(name: string): string {
  return /^[\w./:-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** What is not known, in the report's sentences. */
export function Gaps(): JSX.Element | null {
  const { gaps } = doctorPage().report;
  if (gaps.length === 0) return null;
  return (
    <div class="gaps">
      <h3>Not known</h3>
      <ul>
        {gaps.map((gap) => (
          <li key={gap}>{gap}</li>
        ))}
      </ul>
    </div>
  );
}

function placeOf(where: Where | undefined): string {
  if (!where || where.file === '') return where?.function ?? '';
  return where.line > 0 ? `${where.file}:${where.line}` : where.file;
}

function FindingDetails({ finding, index }: { finding: Finding; index: number }): JSX.Element {
  const selected = selectedFinding.value === index;
  const open = printing.value || openFindings.value.has(index);
  const toggle = (event: Event) => {
    event.preventDefault();
    const isOpen = openFindings.value.has(index);
    if (isOpen && selected)
      openFindings.value = new Set([...openFindings.value].filter((one) => one !== index));
    else selectFinding(index);
  };
  const place = placeOf(finding.where[0]);
  return (
    <details class={`finding ${selected ? 'selected' : ''}`} open={open} data-finding={index}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a summary is a button, and turns Enter into clicks */}
      <summary onClick={toggle}>
        <Mark kind={finding.severity} />
        <span class="finding-head">
          <b>{finding.title}</b>
          <span class="finding-kind">
            <span class={`word ${finding.severity}`}>{WORDS[finding.severity]}</span> · {finding.kind}
            {place && (
              <>
                {' '}
                · <code>{place}</code>
              </>
            )}
          </span>
        </span>
        <span class="confidence">confidence {numberText(finding.confidence, 2)}</span>
      </summary>
      <div class="finding-body">
        <h3>Evidence</h3>
        {finding.evidence.map((line) => (
          <EvidenceRow key={line.signal} line={line} />
        ))}
        <BlamedCode finding={finding} />
        <CalledFrom where={finding.where} />
        <h3>Advice</h3>
        <Advice text={finding.advice} />
        {finding.next.length > 0 && <h3>Next</h3>}
        {finding.next.map((command) => (
          <CommandLine key={command} command={command} />
        ))}
      </div>
    </details>
  );
}

function BlamedCode({ finding }: { finding: Finding }): JSX.Element | null {
  const blamed = finding.where[0];
  if (finding.source) {
    const memory = finding.kind.startsWith('memory') || finding.kind === 'gc-pressure';
    return (
      <>
        <h3>Blamed code</h3>
        <CodeExcerpt
          source={finding.source}
          shareOf={memory ? 'share of bytes, per line' : 'share of the main thread, per line'}
        />
      </>
    );
  }
  if (!blamed || blamed.file === '') return null;
  return (
    <>
      <h3>Blamed code</h3>
      <p class="no-source">
        <code>{placeOf(blamed)}</code> source not in the recording
      </p>
    </>
  );
}

/** Outermost caller first, the blamed function last. */
function CalledFrom({ where }: { where: Where[] }): JSX.Element | null {
  if (where.length < 2) return null;
  const chain = [...where].reverse();
  return (
    <div class="called-from">
      <h3>Called from</h3>
      <p>
        {chain.map((one, i) => (
          <span key={`${one.function}${one.file}${one.line}`}>
            {i > 0 && <span class="weak"> › </span>}
            <code class="strong">{one.function || '(anonymous)'}</code>{' '}
            <span class="where">
              {one.file === '' ? '' : `${one.file}${one.line > 0 ? `:${one.line}` : ''}`}
            </span>
          </span>
        ))}
      </p>
    </div>
  );
}

/** Paragraphs; `code` between backticks, the only mark advice texts use inside a line. */
export function Advice({ text }: { text: string }): JSX.Element {
  return (
    <div class="advice">
      {text.split(/\n\s*\n/).map((paragraph, i) => (
        <p key={`${i + 0}`}>
          {paragraph.split('`').map((part, k) => (k % 2 === 1 ? <code key={`${k + 0}`}>{part}</code> : part))}
        </p>
      ))}
    </div>
  );
}

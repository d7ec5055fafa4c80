import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { numberText, percentText, shareText, THIN } from './number-text.ts';
import { type ProfileTables, placeText, ROOM_LABELS, ROOMS } from './profile-tables.ts';
import {
  functionStarts,
  heatLines,
  heatOf,
  indexLines,
  LONGEST_LINE,
  rankSourceFiles,
  type SourceFile,
  weighCalls,
  weighFrames,
} from './source-heat.ts';
import { SourceWindow } from './source-window.tsx';

export interface SourcePanelProps {
  tables: ProfileTables;
  /** Texts by `tables.file`. */
  sources: Record<string, string>;
  /** Self weight by node: of the whole profile, or of a time range. */
  weights: Float64Array;
  /** Selected function, −1 for none. */
  frame: number;
  onPick: (frame: number) => void;
}

const MANY_FILES = 200;

/** The file of the selected function, with the share of the profile each line had: on top of the stack, and in calls out of the user's code. */
export function SourcePanel({ tables, sources, weights, frame, onPick }: SourcePanelProps): JSX.Element {
  const frames = useMemo(() => weighFrames(tables, weights), [tables, weights]);
  const calls = useMemo(() => weighCalls(tables, weights), [tables, weights]);
  const files = useMemo(() => rankSourceFiles(tables, frames, sources), [tables, frames, sources]);
  // A file that was picked here stays until another function is selected.
  const [chosen, choose] = useState<{ file: string; instead: number } | null>(null);
  const picked = chosen !== null && chosen.instead === frame ? chosen.file : null;
  const file = picked ?? tables.file[frame] ?? '';
  const text = Object.hasOwn(sources, file) ? sources[file] : undefined;
  const shown = picked === null ? frame : -1;
  const whole = Math.max(frames.whole, 1e-12);
  return (
    <section class="panel source" aria-labelledby="source-title">
      <header class="panel-head">
        <h2 id="source-title">Source</h2>
        <FilePicker
          files={files}
          file={file}
          whole={whole}
          onChoose={(next) => choose({ file: next, instead: frame })}
        />
      </header>
      {text !== undefined ? (
        <KnownSource
          key={file}
          {...{ tables, weights, calls, frames, file, text, onPick }}
          frame={shown}
          // Without a function of its own the file opens at the one that weighs most.
          fallback={files.find((one) => one.file === file)?.frame ?? -1}
        />
      ) : (
        <NoSource {...{ tables, weights, calls, file, whole }} frame={shown} />
      )}
    </section>
  );
}

function FilePicker(props: {
  files: SourceFile[];
  file: string;
  whole: number;
  onChoose: (file: string) => void;
}): JSX.Element | null {
  const { files, file, whole, onChoose } = props;
  if (files.length === 0) return null;
  const listed = files.some((one) => one.file === file);
  const option = (one: SourceFile) => (
    <option key={one.file} value={one.file} selected={one.file === file}>
      {`${one.file}  ${percentText(one.weight / whole)}${THIN}%${one.hasSource ? '' : '  (no source)'}`}
    </option>
  );
  // The file shown is listed, however little it weighs.
  const top = files.filter((one, i) => i < MANY_FILES || one.file === file);
  const yours = top.filter((one) => one.yours);
  const others = top.filter((one) => !one.yours);
  return (
    <select
      class="control file-picker"
      aria-label="File"
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      {!listed && (
        <option value={file} selected disabled>
          {file === '' ? 'choose a file' : file}
        </option>
      )}
      {yours.length > 0 && (
        <optgroup label="Your files, with the native, core and dependency time below them">
          {yours.map(option)}
        </optgroup>
      )}
      {others.length > 0 && <optgroup label="Others, own time">{others.map(option)}</optgroup>}
    </select>
  );
}

type WindowProps = Pick<SourcePanelProps, 'tables' | 'weights' | 'frame' | 'onPick'> & {
  frames: ReturnType<typeof weighFrames>;
  /** weighCalls. */
  calls: Float64Array;
  file: string;
  text: string;
  fallback: number;
};

function KnownSource(props: WindowProps): JSX.Element {
  const { tables, weights, calls, frames, file, text, frame, fallback, onPick } = props;
  const index = useMemo(() => indexLines(text), [text]);
  const lineCount = index.length - 1;
  const heat = useMemo(
    () => heatLines(tables, weights, calls, file, lineCount),
    [tables, weights, calls, file, lineCount],
  );
  const starts = useMemo(() => functionStarts(tables, frames, file), [tables, frames, file]);
  const focus = frame >= 0 ? frame : fallback;
  const start = tables.line[focus] ?? 0;
  const hottest = useMemo(
    () => heatLines(tables, weights, calls, file, lineCount, focus).hottest[0],
    [tables, weights, calls, file, lineCount, focus],
  );
  const whole = Math.max(frames.whole, 1e-12);
  const minified = text.length / lineCount > LONGEST_LINE && text.length > 10_000;
  return (
    <>
      {minified && (
        <p class="source-remark">
          Minified: {numberText(text.length)} characters in {numberText(lineCount)}{' '}
          {lineCount === 1 ? 'line' : 'lines'}, shown in part. With its source map in place when recording,
          the original lines are named.
        </p>
      )}
      {heat.beyond / whole >= 0.0005 && (
        <p class="source-remark warning">
          {shareText(heat.beyond / whole)} fell on lines after the end of this text: the file has changed
          since.
        </p>
      )}
      {heat.hottest.length === 0 && (
        <p class="source-remark">
          {tables.lines.node.length === 0
            ? 'This profile has no times by line; functions are marked with theirs.'
            : 'No line of this file was on top of the stack: its time is in what it calls.'}
        </p>
      )}
      <SourceWindow
        {...{ file, text, index, heat, starts, whole, frame, start, hottest, onPick }}
        withLines={tables.lines.node.length > 0}
        column={Math.max(0, (tables.column[focus] ?? 1) - 1)}
      />
    </>
  );
}

/** What is known of a function without its text: where it is, and the lines its time fell on. */
function NoSource(props: {
  tables: ProfileTables;
  weights: Float64Array;
  calls: Float64Array;
  file: string;
  frame: number;
  whole: number;
}): JSX.Element {
  const { tables, weights, calls, file, frame, whole } = props;
  const heat = useMemo(
    () => heatLines(tables, weights, calls, file, Number.POSITIVE_INFINITY),
    [tables, weights, calls, file],
  );
  if (file === '')
    return (
      <p class="empty">
        {frame < 0 ? (
          'Select a function in the graph or the table, or choose a file.'
        ) : (
          <>
            <code>{tables.name[frame]}</code> has no source file:{' '}
            {ROOM_LABELS[ROOMS[tables.room[frame]!]!].toLowerCase()}.
          </>
        )}
      </p>
    );
  const lines = heat.hottest.filter((line) => heatOf(heat.byLine.get(line)! / whole) !== '').slice(0, 12);
  return (
    <div class="empty">
      <p>
        <code>{frame < 0 ? file : placeText(tables, frame)}</code>: source not in the recording.
      </p>
      {lines.length > 0 && (
        <table class="bare-lines">
          <caption>Time by line</caption>
          <tbody>
            {lines.map((line) => {
              const share = heat.byLine.get(line)! / whole;
              return (
                <tr key={line}>
                  <th scope="row">line {line}</th>
                  <td class={heatOf(share)}>{shareText(share)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </div>
  );
}

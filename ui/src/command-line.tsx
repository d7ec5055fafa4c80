import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { announcement } from './state.ts';

const COPIED_MS = 1200;

/** What a command is for, in two or three words; '' when its verb says it. */
function noteOf(command: string): string {
  if (/^holter (cpu|flame)\b/.test(command)) return 'longer profile';
  if (/^holter doctor\b.*--fail-on/.test(command)) return 'after the fix';
  if (/^holter doctor\b/.test(command)) return 'look again';
  if (/^holter watch\b/.test(command)) return 'wait for it to happen';
  if (/^holter stack\b/.test(command)) return 'what it does now';
  if (/^holter heap\b/.test(command)) return 'who holds the memory';
  if (/^holter top\b/.test(command)) return 'live';
  return '';
}

/** `$ command`, a note, and a button that copies; where the clipboard is refused the text is selected instead. */
export function CommandLine({ command, note }: { command: string; note?: string }): JSX.Element {
  const code = useRef<HTMLElement>(null);
  const label = useSignal('Copy');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      label.value = 'Copied';
      announcement.value = 'Copied';
    } catch {
      getSelection()?.selectAllChildren(code.current!);
      label.value = 'Selected';
      announcement.value = 'The command is selected';
    }
    setTimeout(() => {
      label.value = 'Copy';
    }, COPIED_MS);
  };
  return (
    <div class="command">
      <span class="prompt" aria-hidden="true">
        $
      </span>
      <code ref={code}>{command}</code>
      <span class="note">{note ?? noteOf(command)}</span>
      <button type="button" class="plain copy" data-command={command} onClick={copy}>
        {label.value}
      </button>
    </div>
  );
}

import type { JSX } from 'preact';
import { CommandLine } from './command-line.tsx';

/** Commands to go on with. */
export function NextPanel({ next }: { next: { command: string; note: string }[] }): JSX.Element | null {
  if (next.length === 0) return null;
  return (
    <section class="panel next" aria-labelledby="next-title">
      <header class="panel-head">
        <h2 id="next-title">Next</h2>
      </header>
      <div class="next-commands">
        {next.map(({ command, note }) => (
          <CommandLine key={command} command={command} note={note} />
        ))}
      </div>
    </section>
  );
}

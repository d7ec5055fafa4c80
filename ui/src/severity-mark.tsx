import type { JSX } from 'preact';

/** Shape carries the severity, colour repeats it: octagon "!", triangle "!", circle "i", tick. */
export function Mark({
  kind,
  size = 16,
}: {
  kind: 'critical' | 'warning' | 'note' | 'ok';
  size?: number;
}): JSX.Element {
  return (
    <svg class={`mark mark-${kind}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {kind === 'critical' && <path class="fill" d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" />}
      {kind === 'warning' && <path class="fill" d="M8 1.2 15.4 14.4H.6z" stroke-linejoin="round" />}
      {kind === 'note' && <circle class="line" cx="8" cy="8" r="6.6" />}
      {kind === 'ok' && <path class="line" d="m2.5 8.5 3.6 3.7 7.4-8.4" />}
      {kind === 'critical' && <path class="sign" d="M8 4v5M8 11v1.6" />}
      {kind === 'warning' && <path class="sign" d="M8 5.6v4.2M8 11.2v1.5" />}
      {kind === 'note' && <path class="line" d="M8 7.2v4.2M8 4.4v1.4" />}
    </svg>
  );
}

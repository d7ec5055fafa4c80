import type { Bytes, Milliseconds } from '../base/units.ts';

const HOUR: Milliseconds = 3_600_000;

/** Whether a capture may be made now; `why` says why not. One at a time, so many an hour, a cool-down for each kind. */
export function makeCaptureLimits(
  perHour: number,
  cooldownMs: Milliseconds,
): {
  ask(kind: string, now: Milliseconds): string | undefined;
  begin(kind: string, now: Milliseconds): void;
  end(): void;
} {
  const begun: Milliseconds[] = [];
  const last = new Map<string, Milliseconds>();
  let running: string | undefined;
  return {
    /** Undefined when it may; else the reason. */
    ask(kind, now) {
      while (begun.length > 0 && now - begun[0]! >= HOUR) begun.shift();
      if (running !== undefined) return `a capture (${running}) is running`;
      if (begun.length >= perHour) return `${perHour} captures in the last hour`;
      const before = last.get(kind);
      if (before !== undefined && now - before < cooldownMs)
        return `the last of its kind was ${Math.round((now - before) / 1000)} s ago`;
      return undefined;
    },
    begin(kind, now) {
      running = kind;
      begun.push(now);
      last.set(kind, now);
    },
    end() {
      running = undefined;
    },
  };
}

/** Names of the oldest entries that must go so that all together are at most `quota`; `kept` ones never go. */
export function overQuota(
  entries: readonly { name: string; bytes: Bytes; changed: Milliseconds; kept: boolean }[],
  quota: Bytes,
): string[] {
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const gone: string[] = [];
  for (const { name, bytes, kept } of [...entries].sort((a, b) => a.changed - b.changed)) {
    if (total <= quota) break;
    if (kept) continue;
    gone.push(name);
    total -= bytes;
  }
  return gone;
}

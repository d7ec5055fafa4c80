import { formatDuration, formatNumber, formatPercent } from '../base/quantity.ts';
import type { Milliseconds, Share } from '../base/units.ts';
import type { LoadTally } from './tally.ts';

export interface LoadCircumstances {
  rate: number | undefined;
  seconds: number;
  wasStopped: boolean;
  /** Requests that should have been sent by the end; undefined without a rate. */
  due: number | undefined;
  /** Of the load generator's own event loop. */
  ownUtilisation: Share;
  /** Waiting times of the requests without an answer at the end. */
  unanswered: readonly Milliseconds[];
}

/** Own event loop busier than this: what is measured is the load generator as much as the server. */
const SATURATED: Share = 0.9;
/** Below this share of the rate asked for, it was not reached. */
const REACHED: Share = 0.98;
const LATE_MS: Milliseconds = 10;
const FEW_RESPONSES = 100;

/** What a reader of the numbers must know, in sentences, most important first. */
export function buildNotes(tally: LoadTally, facts: LoadCircumstances): string[] {
  const notes: string[] = [];
  const add = (condition: boolean, note: () => string): void => {
    if (condition) notes.push(note());
  };
  const { ok, responses, errors, timeouts } = tally;
  add(facts.ownUtilisation > SATURATED, () => {
    const busy = formatPercent(facts.ownUtilisation * 100);
    return `the load generator itself is at its limit (its event loop was busy ${busy} of the time); latencies include its own delay`;
  });
  add(responses > 0 && ok === 0, () => 'no response had a 2xx status: these are the latencies of refusals');
  add(ok > 0 && responses - ok > responses / 100, () => {
    return `${formatPercent(((responses - ok) / responses) * 100)} of the responses had no 2xx status; their latencies are included`;
  });
  add(errors + timeouts > 0, () => {
    const what = [counted(errors, 'error'), counted(timeouts, 'timeout')].filter((text) => text !== '');
    const reasons = tally.worstReasons
      .slice(0, 3)
      .map(([reason, count]) => `${reason} (${formatNumber(count)})`);
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
    return `${what.join(' and ')}${why}; requests without an answer are not in the latencies`;
  });
  const { due } = facts;
  add(due !== undefined && responses + errors + timeouts < due * REACHED, () => {
    const reached = formatNumber((responses + errors + timeouts) / facts.seconds);
    return `rate not reached: ${reached} of ${formatNumber(facts.rate!)} requests/s; the server is at its limit, or more connections are needed`;
  });
  const late = tally.lateness.percentile(99);
  add(late > LATE_MS, () => {
    return `1 % of the requests left over ${formatDuration(late)} late by the load generator's own fault (not counted as latency)`;
  });
  const longest = Math.max(0, ...facts.unanswered);
  add(longest > Math.max(1000, 5 * tally.measured.percentile(99)), () => {
    const counts =
      facts.rate === undefined ? 'not in the latencies' : 'counted with the time they had waited';
    const many = facts.unanswered.length === 1 ? '1 request was' : `${facts.unanswered.length} requests were`;
    return `${many} still unanswered at the end, one for ${formatDuration(longest)}: ${counts}`;
  });
  add(responses > 0 && responses < FEW_RESPONSES, () => {
    return `only ${counted(responses, 'response')}: the high percentiles are single requests`;
  });
  add(facts.wasStopped, () => `stopped early, after ${formatDuration(facts.seconds * 1000)}`);
  notes.push(
    facts.rate === undefined
      ? `closed loop: each connection waits for its answer before it asks again, so a slow server is asked less often and looks better than it is to independent users; --rate corrects for that`
      : `constant rate: latencies count from the time each request was due, so a stall counts for every request it held up (coordinated omission corrected)`,
  );
  return notes;
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}

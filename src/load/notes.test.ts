import { describe, expect, it } from 'vitest';
import { buildNotes, type LoadCircumstances } from './notes.ts';
import { LoadTally } from './tally.ts';

const calm: LoadCircumstances = {
  rate: undefined,
  seconds: 10,
  wasStopped: false,
  due: undefined,
  ownUtilisation: 0.4,
  unanswered: [2, 3],
};

function tallyOf(answers: number, status = 200): LoadTally {
  const tally = new LoadTally({ isPaced: false });
  for (let at = 0; at < answers; at++) tally.answered(at, { status, bytes: 100, busy: 3, held: 0 });
  return tally;
}

describe('buildNotes', () => {
  it('has nothing to say of a calm closed loop but that it is one', () => {
    expect(buildNotes(tallyOf(1000), calm)).toEqual([expect.stringMatching(/^closed loop: /)]);
  });

  it('has nothing to say of a rate that was kept but how latencies count', () => {
    const notes = buildNotes(tallyOf(1000), { ...calm, rate: 100, due: 1000 });
    expect(notes).toEqual([expect.stringMatching(/^constant rate: /)]);
    expect(buildNotes(tallyOf(981), { ...calm, rate: 100, due: 1000 })).toHaveLength(1);
  });

  it.each<[string, LoadTally, Partial<LoadCircumstances>, RegExp]>([
    [
      'own loop busy',
      tallyOf(1000),
      { ownUtilisation: 0.95 },
      /load generator itself is at its limit .*95 %/,
    ],
    ['rate missed', tallyOf(900), { rate: 100, due: 1000 }, /^rate not reached: 90 of 100 requests\/s/],
    ['few', tallyOf(7), {}, /^only 7 responses/],
    ['one', tallyOf(1), {}, /^only 1 response:/],
    ['refusals', tallyOf(200, 500), {}, /^no response had a 2xx status/],
    ['stopped', tallyOf(200), { wasStopped: true, seconds: 2 }, /^stopped early, after 2 s/],
    [
      'open end',
      tallyOf(200),
      { unanswered: [4000, 1] },
      /^2 requests were still unanswered .*4 s: not in the/,
    ],
  ])('%s', (_, tally, change, note) => {
    expect(buildNotes(tally, { ...calm, ...change })).toContainEqual(expect.stringMatching(note));
  });

  it('tells errors from timeouts and gives the most frequent reasons', () => {
    const tally = tallyOf(200);
    for (const reason of ['b', 'a', 'a', 'c', 'd', 'b', 'a']) tally.failed(300, reason);
    tally.timedOut(400);
    expect(buildNotes(tally, calm)[0]).toBe(
      '7 errors and 1 timeout: a (3); b (2); c (1); requests without an answer are not in the latencies',
    );
  });

  it('says when requests left late by our own fault', () => {
    const tally = tallyOf(200);
    for (let sent = 0; sent < 100; sent++) tally.lateness.record(sent < 5 ? 40 : 0.5);
    expect(buildNotes(tally, { ...calm, rate: 20, due: 200 })[0]).toMatch(
      /over 40 ms late by the load generator/,
    );
  });
});

describe('LoadTally', () => {
  it('gives a row for every whole second, those without an answer too', () => {
    const rows: number[] = [];
    const tally = new LoadTally({ isPaced: true, onSecond: ({ requests }) => rows.push(requests) });
    tally.answered(100, { status: 200, bytes: 1, busy: 5, held: 0 });
    tally.answered(3500, { status: 200, bytes: 1, busy: 5, held: 2900 });
    tally.failed(3600, 'x');
    tally.closeSeconds(4000);
    expect(rows).toEqual([1, 0, 0, 1]);
    expect(tally.seconds[1]!.p99).toBeNaN();
    expect(tally.seconds[3]).toMatchObject({ at: 3000, requests: 1, errors: 1, p99: 2905 });
    expect(tally.measured.percentile(100)).toBe(5);
    expect(tally.corrected.percentile(100)).toBe(2905);
  });

  it('keeps no more reasons than a page can show', () => {
    const tally = new LoadTally({ isPaced: false });
    for (let port = 0; port < 1000; port++) tally.failed(1, `connect ECONNREFUSED 127.0.0.1:${port}`);
    expect(tally.reasons.size).toBe(100);
    expect(tally.errors).toBe(1000);
  });
});

import type { Milliseconds } from '../base/units.ts';
import type { BlockedStretch, VitalSigns } from '../metrics/series.ts';
import type { Evidence } from './evidence.ts';

/** Shorter is merely busy. */
const LEAST_MS = 50;
/** Readings of one stall agree on its begin up to this. */
const SAME_BEGIN_MS = 60;

/**
 * All stretches in which the loop did not turn, with their run-queue wait split fairly.
 *
 * The loop itself reports its stretches, late or never when it hardly turns. Two witnesses outside of it saw them too:
 * every reading of `loop.delay_ms` says how late the loop was at that moment, and so does every stack read meanwhile.
 *
 *     delay    100 200 300 400 | 100 200      two sawtooth ramps = two stretches
 *     begin =  time − delay: the same for all readings of one ramp
 */
export function collectStretches(evidence: Evidence): BlockedStretch[] {
  const { vitals, blockStacks } = evidence;
  const readings: { begin: Milliseconds; late: Milliseconds }[] = [];
  for (const { at, lateMs } of blockStacks) {
    if (lateMs >= LEAST_MS) readings.push({ begin: at - lateMs, late: lateMs });
  }
  const delay = vitals.series.get('loop.delay_ms');
  for (let index = 0; index < (delay?.time.length ?? 0); index++) {
    const late = delay!.value[index]!;
    if (late >= LEAST_MS) readings.push({ begin: delay!.time[index]! - late, late });
  }
  readings.sort((a, b) => a.begin - b.begin);
  const seen: { at: Milliseconds; ms: Milliseconds }[] = [];
  for (const { begin, late } of readings) {
    const last = seen.at(-1);
    if (last !== undefined && begin - last.at < SAME_BEGIN_MS)
      last.ms = Math.max(last.ms, begin + late - last.at);
    else seen.push({ at: begin, ms: late });
  }
  const reported = vitals.blocked;
  const missing = seen.filter(({ at, ms }) => {
    const known = reported.reduce((sum, each) => sum + overlap(each, { at, ms }), 0);
    return known < ms / 2 && ms >= LEAST_MS;
  });
  const all = [
    ...reported,
    ...missing.map((stretch) => ({ ...stretch, waitMs: stretch.ms, gcMs: Number.NaN })),
  ];
  all.sort((a, b) => a.at - b.at);
  return all.map((stretch, index) => {
    // A derived stretch may reach into the next one: readings are 100 ms apart.
    const next = all[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const ms = Math.min(stretch.ms, Math.max(next - stretch.at, 0));
    const gcMs = Number.isNaN(stretch.gcMs) ? gcWithin(vitals, stretch.at, ms) : stretch.gcMs;
    return {
      ...stretch,
      ms,
      gcMs,
      waitMs: Math.min(
        stretch.waitMs,
        waitWithin(vitals, { at: stretch.at, ms }) ?? (Number.isNaN(stretch.gcMs) ? 0 : stretch.waitMs),
      ),
    };
  });
}

function gcWithin(vitals: VitalSigns, at: Milliseconds, ms: Milliseconds): Milliseconds {
  return vitals.gc.reduce((sum, gc) => sum + overlap(gc, { at, ms }), 0);
}

/**
 * Run-queue wait inside a stretch; undefined without both series. In a stretch the thread wants a CPU all the time, so a
 * 100 ms bin's running and waiting are shared by the stretch in proportion:
 *
 *     bin   │ run 60 ms, wait 40 ms │     a stretch over all of it waited 40 ms, over half of it 20, not 40
 */
function waitWithin(
  vitals: VitalSigns,
  stretch: { at: Milliseconds; ms: Milliseconds },
): Milliseconds | undefined {
  const wait = vitals.series.get('sched.main_wait_percent');
  const cpu = vitals.series.get('cpu.main_percent');
  if (wait === undefined || cpu === undefined || wait.time.length !== cpu.time.length) return undefined;
  let total = 0;
  let covered = 0;
  for (let index = 1; index < wait.time.length; index++) {
    const from = wait.time[index - 1]!;
    const to = wait.time[index]!;
    const inside = overlap(stretch, { at: from, ms: to - from });
    if (inside <= 0) continue;
    const waited = ((to - from) * wait.value[index]!) / 100;
    const ran = ((to - from) * cpu.value[index]!) / 100;
    if (!Number.isFinite(waited) || !Number.isFinite(ran)) continue;
    covered += inside;
    // More runnable time than the stretch takes of the bin: it gets its share. Less: all of it was the stretch's.
    total += waited + ran > inside ? (inside * waited) / (waited + ran) : Math.min(waited, inside);
  }
  return covered < stretch.ms / 2 ? undefined : total;
}

function overlap(
  a: { at: Milliseconds; ms: Milliseconds },
  b: { at: Milliseconds; ms: Milliseconds },
): Milliseconds {
  return Math.max(0, Math.min(a.at + a.ms, b.at + b.ms) - Math.max(a.at, b.at));
}

import { join } from 'node:path';
import type { BoxEvent } from '../metrics/black-box.ts';
import { removeOldBoxes, writeBoxFile } from './box-folder.ts';
import { makeCaptureLimits } from './capture-limits.ts';
import { lookAtMain, profileMain, reportMain, sampleAllocations, snapshotMain } from './main-session.ts';
import { readAvailable } from './process-readings.ts';
import type { Settings } from './settings.ts';

const LOOK_MS = 2000;
const PROFILE_INTERVAL_US = 1000;
/** A heap snapshot takes 8–10 × the heap in memory. */
const SNAPSHOT_FACTOR = 10;
/** Between the two snapshots of a leak. */
const BETWEEN_SNAPSHOTS_MS = 30_000;

/** Makes captures, one at a time and within limits; every one ends in an event. */
export interface Captures {
  /** `why` as in `SIGUSR2`, `leak`. Refused captures are told as such. */
  onDemand(why: string): Promise<void>;
  /** The main thread stands still because of us. */
  isStopping(): boolean;
  onLeak(event: BoxEvent, heapUsedBytes: number, headroomBytes: number): Promise<void>;
}

export function makeCaptures(settings: Settings, folder: string, tell: (event: BoxEvent) => void): Captures {
  const limits = makeCaptureLimits(settings.capturesPerHour, settings.cooldownMs);
  let number = 0;
  let isStopping = false;

  const within = async (
    kind: string,
    event: BoxEvent,
    make: (files: string[], problems: string[]) => Promise<void>,
  ): Promise<void> => {
    const refused = limits.ask(kind, Date.now());
    if (refused !== undefined) {
      tell({ ...event, text: `${event.text}; nothing captured: ${refused}` });
      return;
    }
    limits.begin(kind, Date.now());
    number++;
    const files: string[] = [];
    const problems: string[] = [];
    try {
      await make(files, problems);
    } catch (error) {
      problems.push((error as Error).message);
    } finally {
      limits.end();
    }
    const told = problems.length === 0 ? '' : `; ${problems.join('; ')}`;
    tell({ ...event, text: `${event.text}${told}`, files });
    removeOldBoxes(join(folder, '..'), folder, settings.quotaBytes);
  };

  /** One part of a capture: its failure costs that part only. */
  const part = async (
    files: string[],
    problems: string[],
    name: string,
    make: () => Promise<string>,
  ): Promise<void> => {
    try {
      if (writeBoxFile(folder, name, await make())) files.push(name);
      else problems.push(`${name} could not be written`);
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    }
  };

  return {
    isStopping: () => isStopping,
    onDemand(why) {
      const event: BoxEvent = { kind: 'capture', at: new Date().toISOString(), text: `asked for by ${why}` };
      return within('demand', event, async (files, problems) => {
        const look = await lookAtMain(LOOK_MS).catch((error: Error) => void problems.push(error.message));
        if (look) {
          event.stack = look.frames;
          event.numbers = { heapUsedBytes: look.heapUsedBytes };
        }
        await part(files, problems, `capture-${number}.report.json`, () => reportMain(LOOK_MS * 5));
        await part(files, problems, `capture-${number}.cpuprofile`, () =>
          profileMain(settings.profileMs, PROFILE_INTERVAL_US),
        );
      });
    },
    async onLeak(event, heapUsedBytes, headroomBytes) {
      if (settings.leakCapture === 'nothing') return tell(event);
      await within('leak', event, async (files, problems) => {
        if (settings.leakCapture === 'allocations')
          return part(files, problems, `leak-${number}.heapprofile`, () =>
            sampleAllocations(settings.profileMs),
          );
        const free = Math.min(readAvailable(), headroomBytes);
        if (free < SNAPSHOT_FACTOR * heapUsedBytes) {
          problems.push(
            `no heap snapshots: they need ${Math.round((SNAPSHOT_FACTOR * heapUsedBytes) / 1e6)} MB of memory, ${Math.round(free / 1e6)} MB are free`,
          );
          return;
        }
        for (const which of [1, 2]) {
          const name = `leak-${number}-${which}.heapsnapshot`;
          isStopping = true;
          try {
            await snapshotMain(folder, name);
          } finally {
            isStopping = false;
          }
          files.push(name);
          if (which === 1) await new Promise((resolve) => setTimeout(resolve, BETWEEN_SNAPSHOTS_MS));
        }
      });
    },
  };
}

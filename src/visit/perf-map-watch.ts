import { statSync } from 'node:fs';
import { chmod, copyFile, stat } from 'node:fs/promises';
import { readProcessStatus } from '../linux/process-status.ts';
import { MAP_TIMES_SCHEMA, type MapTimesFile } from '../perf/map-times.ts';

/** How often the size of a map is looked at: code is known to have been made within so much. */
const POLL_MS = 20;
/** Times of files and of processes come from different clocks. */
const CLOCK_SLACK_MS = 2000;
/** A process that makes code all the time grows it all the time; from then on every second look counts, and so on. */
const MOST_TIMES = 20_000;

/** Follows the perf map of a process while it is recorded. */
export interface PerfMapWatch {
  readonly pid: number;
  /** Where the map is, as we see it. */
  readonly path: string;
  readonly hasMap: boolean;
  /** Stops looking, copies the map as it is now, and answers when its bytes were written. undefined: there is none. */
  keep(path: string): Promise<{ times: MapTimesFile; bytes: number } | undefined>;
  stop(): void;
}

/** Where V8 writes the map of a process: in the /tmp of its own mount namespace, under the pid it has in its own pid namespace. */
export function perfMapPath(pid: number): string {
  const inner = readProcessStatus(pid)?.namespacePids.at(-1) ?? pid;
  return `/proc/${pid}/root/tmp/perf-${inner}.map`;
}

/** @param startedAt ISO time at which the process began: an older map is that of another process that had its pid */
export function watchPerfMap(pid: number, startedAt?: string): PerfMapWatch {
  const bornMs = Date.parse(startedAt ?? '') || 0;
  const path = perfMapPath(pid);
  // The process may end before its map is kept: then its root is gone, and the file is where we see it, or nowhere.
  const outside = path.replace(`/proc/${pid}/root`, '');
  const timeUs: number[] = [];
  const offset: number[] = [];
  let size = 0;
  let lookedUs = nowUs();
  let every = POLL_MS;
  let seen = false;
  const look = (): void => {
    const now = nowUs();
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry !== undefined && entry.size > size && entry.mtimeMs >= bornMs - CLOCK_SLACK_MS) {
      // All that was there at the first look is as old as it can be.
      if (seen || size > 0) {
        timeUs.push(lookedUs);
        offset.push(size);
      }
      size = entry.size;
      if (offset.length > MOST_TIMES) {
        thin(timeUs, offset);
        every *= 2;
        timer = restart(timer, every);
      }
    }
    seen = true;
    lookedUs = now;
  };
  const safeLook = (): void => {
    try {
      look();
    } catch {
      // Gone, or not ours to see: `keep` says so.
    }
  };
  const restart = (old: NodeJS.Timeout | undefined, ms: number): NodeJS.Timeout => {
    clearInterval(old);
    return setInterval(safeLook, ms);
  };
  safeLook();
  let timer = restart(undefined, every);
  return {
    pid,
    path,
    get hasMap() {
      return size > 0;
    },
    async keep(to) {
      clearInterval(timer);
      safeLook();
      if (size === 0) return undefined;
      for (const from of [path, outside]) {
        try {
          await copyFile(from, to);
          await chmod(to, 0o600);
          const { size: bytes } = await stat(to);
          if (bytes === 0) return undefined;
          return { bytes, times: { schema: MAP_TIMES_SCHEMA, pid, timeUs, offset } };
        } catch {
          // The next place.
        }
      }
      return undefined;
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** Drops every second window: bytes of the dropped one count as not there at the earlier moment. */
function thin(timeUs: number[], offset: number[]): void {
  let kept = 0;
  for (let index = 0; index < timeUs.length; index += 2, kept++) {
    timeUs[kept] = timeUs[index]!;
    offset[kept] = offset[index]!;
  }
  timeUs.length = kept;
  offset.length = kept;
}

function nowUs(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1000);
}

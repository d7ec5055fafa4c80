import { HolterError } from '../base/errors.ts';
import { readMemoryMap } from '../linux/memory-map.ts';
import type { ProcessImage } from '../linux/process-image.ts';
import { watchProcess } from '../linux/stopped-process.ts';
import { CODE_SCHEMA, type PerfCodeFile } from '../perf/code-file.ts';
import { MAP_TIMES_SCHEMA, type MapTimesFile } from '../perf/map-times.ts';
import { CodeMap, type FoundCode } from '../postmortem/code-map.ts';
import { codePlaces } from '../postmortem/code-names.ts';
import { openV8 } from '../postmortem/open-v8.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';

/**
 * Names of JIT code out of the memory of a running process, which is not stopped for it: code objects stay where they are
 * for long, and every step checks that it reads what it takes it for.
 * @returns undefined: its memory may not be read, or it is no V8 we know; `why` is told then
 */
export function readPerfCode(
  pid: number,
  addresses: readonly number[],
  why: (reason: string) => void,
): PerfCodeFile | undefined {
  if (addresses.length === 0) return undefined;
  try {
    const v8 = openV8(watchProcess(pid));
    const names = new Map<string, number>();
    const code: PerfCodeFile['code'] = [];
    for (const place of codePlaces(v8, addresses)) {
      const rows = place.names.map((name) => {
        const known = names.get(name) ?? names.size;
        names.set(name, known);
        return known;
      });
      code.push([place.address, ...rows]);
    }
    return { schema: CODE_SCHEMA, pid, names: [...names.keys()], code };
  } catch (error) {
    if (!(error instanceof HolterError)) throw error;
    why(error.message);
    return undefined;
  }
}

/** How often V8's code is looked for; the looks take a tenth of our time at most. */
const LOOK_MS = 200;
const REST = 10;

/** Follows V8's code in the memory of a process that writes no perf map. */
export interface CodeWatch {
  /** The last look; then names. The text of a perf map, and when its lines appeared; undefined: nothing could be read. */
  finish(): { map: Buffer; times: MapTimesFile } | undefined;
  stop(): void;
}

/** @param why told when the memory may not be read, or holds no V8 we know */
export function watchCode(pid: number, why: (reason: string) => void): CodeWatch {
  const codes: FoundCode[] = [];
  /** Codes before which a look was made, and when the look before that was, in µs. */
  const begins: { index: number; timeUs: number }[] = [];
  const map = new CodeMap();
  let v8: V8Reader | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lookedUs = 0;
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof HolterError)) throw error;
      why(error.message);
      v8 = undefined;
    }
  };
  const look = (): void =>
    attempt(() => {
      if (v8 === undefined) return;
      const startedUs = nowUs();
      v8.memory.forget();
      const image: ProcessImage = Object.assign(Object.create(v8.image), {
        mappings: readMemoryMap(pid) ?? v8.image.mappings,
      });
      // What is learned of objects is kept by reader, and they change.
      const found = map.update({ ...v8, image });
      if (found.length > 0) begins.push({ index: codes.length, timeUs: lookedUs });
      codes.push(...found);
      lookedUs = startedUs;
      timer = setTimeout(look, Math.max(LOOK_MS, ((nowUs() - startedUs) / 1000) * REST));
    });
  attempt(() => {
    v8 = openV8(watchProcess(pid));
    look();
  });
  return {
    finish() {
      clearTimeout(timer);
      look();
      clearTimeout(timer);
      attempt(() => {
        if (v8 === undefined) return;
        v8.memory.forget();
        map.nameBaseline({ ...v8 });
      });
      v8?.image.close();
      return codes.length === 0 ? undefined : writeMap(pid, codes, begins);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}

function writeMap(
  pid: number,
  codes: readonly FoundCode[],
  begins: readonly { index: number; timeUs: number }[],
): { map: Buffer; times: MapTimesFile } {
  const times: MapTimesFile = { schema: MAP_TIMES_SCHEMA, pid, timeUs: [], offset: [] };
  const lines: string[] = [];
  let bytes = 0;
  let next = 0;
  for (const [index, { start, size, name }] of codes.entries()) {
    // The first look's code is as old as can be.
    if (begins[next]?.index === index) {
      if (next > 0) {
        times.timeUs.push(begins[next]!.timeUs);
        times.offset.push(bytes);
      }
      next++;
    }
    if (name === '') continue;
    const line = `${start.toString(16)} ${size.toString(16)} ${name.replaceAll('\n', ' ')}\n`;
    lines.push(line);
    bytes += Buffer.byteLength(line);
  }
  return { map: Buffer.from(lines.join('')), times };
}

function nowUs(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1000);
}

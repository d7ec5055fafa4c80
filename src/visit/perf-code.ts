import { HolterError } from '../base/errors.ts';
import { watchProcess } from '../linux/stopped-process.ts';
import { CODE_SCHEMA, type PerfCodeFile } from '../perf/code-file.ts';
import { codePlaces } from '../postmortem/code-names.ts';
import { openV8 } from '../postmortem/open-v8.ts';

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

import { PROC, readTextIfAny } from './proc-file.ts';

/** One mapping of a process; addresses fit in 48 bits, so they are exact as numbers. */
export interface Mapping {
  start: number;
  /** Exclusive. */
  end: number;
  /** e.g. `r-xp`. */
  permissions: string;
  /** Offset in the file, bytes. */
  offset: number;
  /** File path in the target's mount namespace, `[stack]`, or '' when anonymous. */
  path: string;
}

/** Parses `/proc/PID/maps` (proc_pid_maps(5)); ascending by address. */
export function parseMemoryMap(text: string): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \d+ *(.*)$/.exec(line);
    if (match === null) continue;
    mappings.push({
      start: Number.parseInt(match[1]!, 16),
      end: Number.parseInt(match[2]!, 16),
      permissions: match[3]!,
      offset: Number.parseInt(match[4]!, 16),
      path: match[5]!,
    });
  }
  return mappings;
}

/** Mappings of a process; undefined without the right (ptrace read) or when it has ended. */
export function readMemoryMap(pid: number, proc: string = PROC): Mapping[] | undefined {
  const text = readTextIfAny(`${proc}/${pid}/maps`);
  return text === undefined ? undefined : parseMemoryMap(text);
}

/** The mapping that holds an address, or undefined. */
export function mappingAt(mappings: readonly Mapping[], address: number): Mapping | undefined {
  let low = 0;
  let high = mappings.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const mapping = mappings[middle]!;
    if (address < mapping.start) high = middle - 1;
    else if (address >= mapping.end) low = middle + 1;
    else return mapping;
  }
  return undefined;
}

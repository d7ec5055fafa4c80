import { PROC, readTextIfAny } from './proc-file.ts';

/** One limit of a process (getrlimit(2)); Infinity: unlimited. */
export interface ProcessLimit {
  /** As the kernel names it: `Max open files`. */
  name: string;
  soft: number;
  hard: number;
  /** `bytes`, `files`, `seconds` …; '' none. */
  unit: string;
}

/** Parses `/proc/PID/limits`. */
export function parseLimits(text: string): ProcessLimit[] {
  const limits: ProcessLimit[] = [];
  for (const line of text.split('\n').slice(1)) {
    const match = /^(Max .+?)\s{2,}(\d+|unlimited)\s+(\d+|unlimited)\s*(\S*)\s*$/.exec(line);
    if (match === null) continue;
    const number = (word: string): number => (word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word));
    limits.push({ name: match[1]!, soft: number(match[2]!), hard: number(match[3]!), unit: match[4]! });
  }
  return limits;
}

/** Limits of a live process; undefined: it is gone, or of another user. */
export function readLimits(pid: number, proc: string = PROC): ProcessLimit[] | undefined {
  const text = readTextIfAny(`${proc}/${pid}/limits`);
  return text === undefined ? undefined : parseLimits(text);
}

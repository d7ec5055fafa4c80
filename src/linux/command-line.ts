import { PROC, readTextIfAny } from './proc-file.ts';

/** The arguments of a process, or the title it wrote over them. */
export interface CommandLine {
  /** argv as the process started, or one entry holding its title. */
  args: string[];
  /** The process changed its title (`process.title = …`, `--title`): the original arguments are lost. */
  titled: boolean;
}

/**
 * Parses `cmdline`. libuv's uv_set_process_title writes the title over argv and fills the rest with zeros, so a
 * titled process is one string followed by several NULs; seen on Node 18–26. A title as long as the arguments leaves no
 * padding and cannot be told apart.
 */
export function parseCommandLine(text: string): CommandLine {
  const end = text.search(/\0*$/);
  const padding = text.length - end;
  const body = text.slice(0, end);
  if (body === '') return { args: [], titled: false };
  return { args: body.split('\0'), titled: padding > 1 && !body.includes('\0') };
}

/** Reads a process' command line; empty args for kernel threads, zombies and processes that ended. */
export function readCommandLine(pid: number, proc: string = PROC): CommandLine {
  return parseCommandLine(readTextIfAny(`${proc}/${pid}/cmdline`) ?? '');
}

/** Environment at start (later changes of `process.env` are not in it); undefined for another user's process. */
export function readEnvironment(pid: number, proc: string = PROC): Map<string, string> | undefined {
  const text = readTextIfAny(`${proc}/${pid}/environ`);
  if (text === undefined) return undefined;
  const environment = new Map<string, string>();
  for (const entry of text.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) environment.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return environment;
}

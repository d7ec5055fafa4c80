import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { LiveV8, Looked } from '../postmortem/live-v8.ts';
import type { ReadTargetFile } from '../postmortem/stack-sources.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';

/** A core file or a live process that can be looked at, any number of times. */
export interface Subject {
  kind: 'core' | 'process';
  /** As commands name it: a path or a pid. */
  word: string;
  name: string;
  pid: number;
  command: string;
  cwd: string;
  /** ISO time: of the core file, or now. */
  at: string;
  readFile: ReadTargetFile;
  /** Asked in the prompt of `core`: what to type next is said in its words. */
  isPrompted?: boolean;
  /** Of a process: for keeping it stopped over several looks. */
  open?: () => Promise<LiveV8>;
  /** A process is stopped while `read` runs and continued before this returns, whatever happens. */
  look<T>(read: (v8: V8Reader) => T | Promise<T>): Promise<Looked<T>>;
  close(): void;
}

export interface SubjectOptions {
  exe?: string;
  sysroot?: string;
  signal: AbortSignal;
  onProgress?: (text: string) => void;
}

/**
 * A live Node process as a subject; nothing is touched yet.
 * @throws HolterError of target/resolve; E_USAGE for an inspector's address
 */
export async function openLive(
  target: string,
  verb: string,
  signal: AbortSignal,
): Promise<Subject & { info: TargetInfo }> {
  const { resolveTarget } = await import('../target/resolve.ts');
  const found = await resolveTarget(target);
  if (found.kind === 'inspector')
    throw new HolterError(
      'E_USAGE',
      `${verb} reads the memory of a process of this machine, not of ${found.url}`,
      {
        hint: 'give a pid, a name or a :port; holter ps lists them',
      },
    );
  const { info, pid } = found;
  const [{ filesOfProcess }, { LiveV8: Live }] = await Promise.all([
    import('../postmortem/target-files.ts'),
    import('../postmortem/live-v8.ts'),
  ]);
  let opened: LiveV8 | undefined;
  const open = async (): Promise<LiveV8> => {
    opened ??= await Live.open(pid);
    return opened;
  };
  return {
    kind: 'process',
    word: String(pid),
    name: info.name,
    pid,
    command: info.command,
    cwd: info.cwd,
    at: new Date().toISOString(),
    info,
    readFile: filesOfProcess(pid),
    open,
    async look(read) {
      if (signal.aborted) throw new HolterError('E_INTERRUPTED', 'interrupted before there was an answer');
      return (await open()).look(read);
    },
    close: () => opened?.close(),
  };
}

import { HolterError } from '../base/errors.ts';
import type { TargetInfo } from '../base/target-info.ts';
import type { ReadTargetFile } from '../postmortem/stack-sources.ts';
import type { V8Reader } from '../postmortem/v8-reader.ts';

/** What was read of a core, or of a process within one stop. */
export interface Looked<T> {
  result: T;
  /** Of performance.now(), when the memory was read. */
  at: number;
  /** Undefined for a core. */
  pausedMs?: number;
  wasStopped: boolean;
}

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
  const { filesOfProcess } = await import('./target-files.ts');
  let opened: Opened | undefined;
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
    async look(read) {
      signal.throwIfAborted();
      const isFirst = opened === undefined;
      opened ??= await openProcessForV8(pid);
      const { image, v8 } = opened;
      if (isFirst) await rehearse(opened, read);
      const before = image.pausedMs;
      image.stop();
      const at = performance.now();
      try {
        // Readers keep what they learned by reader: after the process went on, objects may have moved.
        const result = await read({ ...v8, problems: [...v8.problems] });
        image.resume();
        return { result, at, pausedMs: image.pausedMs - before, wasStopped: image.wasStopped };
      } finally {
        image.resume();
      }
    },
    close: () => opened?.image.close(),
  };
}

/**
 * A reading whose result is thrown away: it makes V8 compile our own code, finds the symbols, and has the pages of scripts
 * read, while the target runs. The second one needs it to stand still for a few milliseconds only.
 */
async function rehearse({ image, v8 }: Opened, read: (v8: V8Reader) => unknown): Promise<void> {
  image.stop();
  try {
    image.keepStacks();
  } finally {
    image.resume();
  }
  try {
    await read({ ...v8, problems: [] });
  } catch {
    // What it read changed under its eyes.
  }
}

type Opened = {
  image: Awaited<ReturnType<typeof import('../linux/stopped-process.ts').openProcess>>;
  v8: V8Reader;
};

/** Versions, layout and symbols are read while it runs: only the stacks need it to stand still. */
async function openProcessForV8(pid: number): Promise<Opened> {
  const [{ openProcess }, { openV8 }] = await Promise.all([
    import('../linux/stopped-process.ts'),
    import('../postmortem/open-v8.ts'),
  ]);
  const image = await openProcess(pid);
  try {
    return { image, v8: openV8(image) };
  } catch (error) {
    image.close();
    throw error;
  }
}

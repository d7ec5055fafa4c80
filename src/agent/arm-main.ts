import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { getHeapStatistics, setHeapSnapshotNearHeapLimit } from 'node:v8';
import { BOX_FILES, type BoxEvent } from '../metrics/black-box.ts';
import { appendEvent, writeBoxFile } from './box-folder.ts';
import type { Settings } from './settings.ts';

/** Reports of exceptions in one process: a program that survives them by the thousand must not fill the disk. */
const MAX_REPORTS = 5;
/** A snapshot near the limit takes about twice the heap, and the heap grows meanwhile. */
const SNAPSHOT_FACTOR = 4;

type ReportWithNetwork = NodeJS.ProcessReport & { excludeNetwork?: boolean };

/**
 * Arms what only the main thread can: exceptions, fatal errors, the signal, the end. None of it changes what the
 * program does: `uncaughtExceptionMonitor` watches without catching, and a rejection that nobody handled arrives there
 * too, as Node turns it into an exception. Returns what undoes it all.
 */
export function armMainThread(
  settings: Settings,
  folder: string,
  isQuiet: () => boolean,
  acts: { tell: (event: BoxEvent) => void; askCapture: (why: string) => void; remove: () => void },
): () => void {
  const undo: (() => void)[] = [];
  if (settings.uncaught) undo.push(watchExceptions(settings, folder, acts.tell));
  if (settings.fatalReport) undo.push(armFatalReport(folder));
  if (settings.heapSnapshotNearLimit) armSnapshot(acts.tell);
  if (settings.signal !== 'off') undo.push(...watchSignal(settings.signal, acts.askCapture, acts.tell));

  const onExit = (code: number): void => {
    if (code === 0 && !settings.keep && isQuiet()) {
      try {
        acts.remove();
      } catch {
        // The worker wrote into it at that moment: a small folder stays, and the exit code is the program's.
      }
    } else
      writeBoxFile(folder, BOX_FILES.exit, `${JSON.stringify({ code, at: new Date().toISOString() })}\n`);
  };
  process.on('exit', onExit);
  undo.push(() => process.off('exit', onExit));
  return () => {
    for (const act of undo) act();
  };
}

function watchExceptions(settings: Settings, folder: string, tell: (event: BoxEvent) => void): () => void {
  let reports = 0;
  const onException = (thrown: unknown, origin: string): void => {
    try {
      const error = thrown instanceof Error ? thrown : undefined;
      const files: string[] = [];
      if (reports++ < MAX_REPORTS) {
        const name = `uncaught-${reports}.report.json`;
        if (writeReport(folder, name, error, settings)) files.push(name);
      }
      const isHandled = process.listenerCount('uncaughtException') > 0;
      const event: BoxEvent = {
        kind: 'uncaught-exception',
        at: new Date().toISOString(),
        text: `${error?.name ?? 'thrown'}: ${(error?.message ?? String(thrown)).slice(0, 500)}`,
        error: {
          name: error?.name ?? typeof thrown,
          message: (error?.message ?? String(thrown)).slice(0, 2000),
          stack: String(error?.stack ?? '').slice(0, 8000),
          isRejection: origin === 'unhandledRejection',
          isHandled,
        },
        ...(files.length === 0 ? {} : { files }),
      };
      // The worker may not live long enough to write it.
      appendEvent(folder, event);
      tell(event);
    } catch {
      // An error object with getters that throw: the exception itself goes on as it would without us.
    }
  };
  process.on('uncaughtExceptionMonitor', onException);
  return () => process.off('uncaughtExceptionMonitor', onException);
}

/** As text and by us: `writeReport` would say so on stderr, and keep the environment with its secrets. */
function writeReport(folder: string, name: string, error: Error | undefined, settings: Settings): boolean {
  const report = process.report as ReportWithNetwork | undefined;
  if (report === undefined) return false;
  const had = report.excludeNetwork;
  // Names of peers are looked up in DNS else, while the process stands still.
  if (had !== undefined) report.excludeNetwork = true;
  try {
    const content = report.getReport(error) as string | Record<string, unknown>;
    const tree = (typeof content === 'string' ? JSON.parse(content) : content) as Record<string, unknown>;
    if (!settings.reportEnvironment)
      for (const part of [tree, ...((tree.workers as Record<string, unknown>[] | undefined) ?? [])])
        delete part.environmentVariables;
    return writeBoxFile(folder, name, `${JSON.stringify(tree, null, 1)}\n`);
  } finally {
    if (had !== undefined) report.excludeNetwork = had;
  }
}

/** Node writes it from C++ when V8 gives up. Where the program or its flags have said where, it stays there. */
function armFatalReport(folder: string): () => void {
  const { report } = process;
  if (report === undefined || report.reportOnFatalError) return () => {};
  const { directory } = report;
  report.reportOnFatalError = true;
  if (directory === '') report.directory = folder;
  return () => {
    report.reportOnFatalError = false;
    if (report.directory === folder) report.directory = directory;
  };
}

function armSnapshot(tell: (event: BoxEvent) => void): void {
  const { heap_size_limit: limit } = getHeapStatistics();
  const available = availableMemory();
  if (available >= SNAPSHOT_FACTOR * limit) setHeapSnapshotNearHeapLimit(1);
  else
    tell({
      kind: 'problem',
      at: new Date().toISOString(),
      text: `heapSnapshotNearLimit is not armed: it needs ${Math.round((SNAPSHOT_FACTOR * limit) / 1e6)} MB of memory, ${Math.round(available / 1e6)} MB are free`,
    });
}

/** Memory the machine can still give; of the cgroup, the worker knows. */
function availableMemory(): number {
  try {
    const line = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return line === null ? freemem() : Number(line[1]) * 1024;
  } catch {
    return freemem();
  }
}

function watchSignal(
  signal: NodeJS.Signals,
  askCapture: (why: string) => void,
  tell: (event: BoxEvent) => void,
): (() => void)[] {
  const refuse = (why: string): (() => void)[] => {
    tell({ kind: 'problem', at: new Date().toISOString(), text: `${signal} is not taken: ${why}` });
    return [];
  };
  if (process.listenerCount(signal) > 0) return refuse('the program listens to it');
  if (signal === 'SIGUSR2' && isUnderNodemon()) return refuse('nodemon ends the program with it');
  const onSignal = (): void => {
    // A listener the program added later: the signal is its own.
    if (process.listenerCount(signal) === 1) askCapture(signal);
  };
  try {
    process.on(signal, onSignal);
  } catch (error) {
    return refuse((error as Error).message);
  }
  return [() => process.off(signal, onSignal)];
}

/** nodemon asks for a restart with SIGUSR2 and waits for the end. */
function isUnderNodemon(): boolean {
  try {
    return readFileSync(`/proc/${process.ppid}/cmdline`, 'latin1').includes('nodemon');
  } catch {
    return false;
  }
}

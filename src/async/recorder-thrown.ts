import type { FlushThrown, RecorderCore } from './recorder-state.ts';

/** Errors that nobody catches, with the operation that ran; sent as text, so nothing of this module's scope may be used. */
export interface ThrownWatch {
  take(): FlushThrown[];
  undo(): void;
}

/** Listens to `uncaughtExceptionMonitor`, which changes nothing about what becomes of the error. */
export function watchThrown(core: RecorderCore): ThrownWatch {
  const EVENT = 'uncaughtExceptionMonitor';
  const MOST = 50;
  let list: FlushThrown[] = [];
  const text = (read: () => unknown, length: number): string => {
    try {
      const value = read();
      return typeof value === 'string' ? value.slice(0, length) : '';
    } catch {
      // A hostile getter.
      return '';
    }
  };
  const note = core.guard<[unknown, string]>(([error, origin]) => {
    if (list.length >= MOST) return;
    core.look();
    const about = error as { name?: unknown; message?: unknown; stack?: unknown } | null | undefined;
    const isObject = typeof error === 'object' && error !== null;
    list.push([
      core.now(),
      core.runningOp,
      origin === 'unhandledRejection' ? 1 : 0,
      isObject ? text(() => about?.name, 80) : typeof error,
      isObject ? text(() => about?.message, 300) : text(() => String(error), 300),
      isObject ? text(() => about?.stack, 8000) : '',
    ]);
  });
  const listener = (error: unknown, origin: string): void => note([error, origin]);
  process.on(EVENT, listener);
  return {
    take() {
      const taken = list;
      list = [];
      return taken;
    },
    undo() {
      process.removeListener(EVENT, listener);
      list = [];
    },
  };
}

import { createContext, Script } from 'node:vm';
import { HolterError } from '../base/errors.ts';

/** Error code of Node when SIGINT came. */
const INTERRUPTED = 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
const CALL = new Script('work()');

/**
 * Does synchronous work that Ctrl-C ends: handlers of signals wait for the loop, which long work does not return to. Node
 * itself can end a script.
 * @throws HolterError E_INTERRUPTED
 */
export function interruptible<T>(work: () => T): T {
  const done: T[] = [];
  const context = createContext({
    work: () => {
      done.push(work());
    },
  });
  try {
    CALL.runInContext(context, { breakOnSigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === INTERRUPTED)
      throw new HolterError('E_INTERRUPTED', 'interrupted', { cause: error });
    throw error;
  }
  return done[0] as T;
}

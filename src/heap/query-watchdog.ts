import { createContext, Script } from 'node:vm';

/** Error code of Node when the time is over. */
const TIMED_OUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/**
 * Does synchronous work that may hang: a regular expression can need longer than the universe exists for one short name,
 * and nothing on the same thread could stop it. V8 itself can, when the work is called from a script with a time limit.
 *
 * @throws what `expired` makes, when the time is over
 */
export function withinTime<T>(ms: number, work: () => T, expired: () => Error): T {
  const done: T[] = [];
  const context = createContext({
    work: () => {
      done.push(work());
    },
  });
  try {
    CALL.runInContext(context, { timeout: ms });
  } catch (error) {
    if ((error as NodeJS.ErrnoException | undefined)?.code === TIMED_OUT) throw expired();
    throw error;
  }
  return done[0] as T;
}

const CALL = new Script('work()');

import { HolterError } from '../base/errors.ts';
import type { Session } from './session.ts';

/**
 * Runs `expression` on the session's thread and returns its value (JSON-able). Works while the thread loops in JS:
 * the request is served in an interrupt. Exceptions become E_CDP with the target's message.
 *
 * `includeCommandLineAPI` puts `require` in scope, the only way to built-ins on Node 18 (research/live-attach.md §4);
 * without Runtime.enable nothing is replayed or kept.
 */
export async function evaluate<T>(
  session: Session,
  expression: string,
  options: { awaitPromise?: boolean; timeoutMs?: number } = {},
): Promise<T> {
  const { awaitPromise = false, timeoutMs } = options;
  const answer = await session.send(
    'Runtime.evaluate',
    { expression, includeCommandLineAPI: true, returnByValue: true, awaitPromise, silent: true },
    timeoutMs === undefined ? {} : { timeoutMs },
  );
  if (answer.exceptionDetails !== undefined) {
    const { exception, text } = answer.exceptionDetails;
    throw new HolterError('E_CDP', `evaluate in the target: ${exception?.description ?? text}`);
  }
  return answer.result.value as T;
}

/**
 * What recorders need of an inspector session: the shape of cdp's `Session` (with a thread of the target), of
 * `node:inspector/promises`, and of what tests draw. `options.timeoutMs` bounds the wait for the answer where the
 * session can.
 */
export interface InspectorSession {
  // Results differ per method; each recorder checks what it takes out.
  send(method: string, params?: object, options?: { timeoutMs?: number }): Promise<unknown>;
}

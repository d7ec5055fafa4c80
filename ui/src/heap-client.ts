import { type Signal, signal } from '@preact/signals';
import type { HeapQuestion, QuestionProblem } from '../../src/server/questions.ts';
import { data } from './page-data.ts';

/** Set while the server does not answer: it was ended, or the machine slept. */
export const serverGone: Signal<boolean> = signal(false);

/** What went wrong with a question, for the reader. */
export class AskError extends Error {
  readonly hint: string;

  constructor({ problem, hint }: QuestionProblem) {
    super(problem);
    this.hint = hint;
  }
}

/** Asks the server of this page. Rejects with AskError; with an AbortError when `signal` does. */
export async function ask<T>(question: HeapQuestion, signal?: AbortSignal): Promise<T> {
  const server = data.kind === 'heap' ? data.server : undefined;
  if (!server) throw new AskError({ problem: 'This page has no server behind it.', hint: '' });
  let response: Response;
  try {
    response = await fetch(server.path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-holter-token': server.token },
      body: JSON.stringify(question),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (!signal?.aborted) serverGone.value = true;
    throw error;
  }
  serverGone.value = false;
  const answer = (await response.json()) as T | QuestionProblem;
  if (!response.ok) throw new AskError(answer as QuestionProblem);
  return answer as T;
}

const PING_MS = 30_000;

/** While this page is open its server runs on. */
export function keepServing(): void {
  if (data.kind !== 'heap' || !data.server) return;
  setInterval(() => {
    ask({ ask: 'ping' }).catch(() => {});
  }, PING_MS);
}

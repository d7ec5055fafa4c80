import type { ErrorHow, ErrorLog, ErrorSample, LoggedError } from './error-log.ts';
import type { ErrorPlace } from './error-sites.ts';
import type { ErrorFrame } from './error-stack.ts';

/** `name/file:line` cells, innermost first. */
export function drawFrames(text: string): ErrorFrame[] {
  return text
    .split(' ')
    .filter((cell) => cell !== '')
    .map((cell) => {
      const [, name, url, line] = /^([^/]*)(\/.*):(\d+)$/.exec(cell)!;
      return { function: name!, url: url!, line: Number(line), column: 1 };
    });
}

export function drawError(
  name: string,
  message: string,
  frames: string,
  more: Partial<LoggedError> = {},
): LoggedError {
  return { name, message, code: '', frames: drawFrames(frames), ...more };
}

/** `count` samples alike; of a request to `GET /orders` answered with 500 if nothing else is said. */
export function drawSamples(
  count: number,
  how: ErrorHow,
  error: LoggedError | null,
  more: Partial<ErrorSample> = {},
): ErrorSample[] {
  const isAnswer = how !== 'uncaught' && how !== 'rejected';
  return Array.from({ length: count }, (_, index) => ({
    how,
    at: 1000 + index,
    status: isAnswer ? 500 : 0,
    route: isAnswer ? 'GET /orders' : '',
    error,
    answeredAt: [],
    ...more,
  }));
}

/** Ten seconds of answers, so many failed, with these samples. */
export function drawErrorLog(
  answers: number,
  failed: number,
  samples: ErrorSample[],
  more: Partial<ErrorLog> = {},
): ErrorLog {
  return {
    schema: 'holter.errors/1',
    fromMs: 0,
    toMs: 10_000,
    answers,
    failed,
    statuses:
      failed > 0
        ? [{ status: samples.find(({ status }) => status >= 500)?.status ?? 500, count: failed }]
        : [],
    routes: failed > 0 ? [{ route: 'GET /orders', status: 500, count: failed }] : [],
    uncaught: 0,
    rejected: 0,
    sampledFailed: 0,
    sampledPassed: 0,
    samples,
    pauses: [],
    notes: [],
    ...more,
  };
}

/** As source maps would do with files that have none. */
export function placePlainly({ function: name, url, line, column }: ErrorFrame): ErrorPlace {
  const owner = /\/node_modules\/([^/]+)/.exec(url)?.[1] ?? '';
  const party = url.startsWith('node:') ? 'core' : owner === '' ? 'user' : 'dependency';
  return { function: name, file: url, line, column, party: url === '' ? 'none' : party, package: owner };
}

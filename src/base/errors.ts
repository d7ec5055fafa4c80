/**
 * Every error a user can meet. `exit` is the process exit code of design.md §5:
 * 1 failed · 2 usage · 3 target unreachable or permission.
 * Each code has a section in docs/errors.md; test/errors-documented.test.ts asserts that both lists agree.
 */
export const ERROR_CODES: Readonly<Record<ErrorCode, { exit: 1 | 2 | 3 }>> = {
  E_USAGE: { exit: 2 },
  E_NO_MATCH: { exit: 3 },
  E_SEVERAL_MATCHES: { exit: 2 },
  E_NO_SUCH_PROCESS: { exit: 3 },
  E_NOT_NODE: { exit: 3 },
  E_OTHER_RUNTIME: { exit: 3 },
  E_ZOMBIE: { exit: 3 },
  E_PERMISSION: { exit: 3 },
  E_TARGET_EXITED: { exit: 3 },
  E_SIGNAL_UNSAFE: { exit: 3 },
  E_INSPECTOR_DISABLED: { exit: 3 },
  E_INSPECTOR_REFUSED: { exit: 3 },
  E_INSPECTOR_NO_ANSWER: { exit: 3 },
  E_INSPECTOR_PORT_TAKEN: { exit: 3 },
  E_NATIVE_BLOCK: { exit: 3 },
  E_CDP: { exit: 1 },
  E_CONNECTION_LOST: { exit: 3 },
  E_TIMEOUT: { exit: 3 },
  E_START_FAILED: { exit: 1 },
  E_FILE_NOT_FOUND: { exit: 1 },
  E_FILE_FORMAT: { exit: 1 },
  E_FILE_TRUNCATED: { exit: 1 },
  E_WRITE: { exit: 1 },
  E_LOAD_FAILED: { exit: 1 },
  E_OPTIONAL_MISSING: { exit: 1 },
  E_TOO_LITTLE_MEMORY: { exit: 1 },
  E_INTERRUPTED: { exit: 1 },
  E_PLATFORM: { exit: 1 },
  E_BUG: { exit: 1 },
};

export type ErrorCode =
  | 'E_USAGE'
  | 'E_NO_MATCH'
  | 'E_SEVERAL_MATCHES'
  | 'E_NO_SUCH_PROCESS'
  | 'E_NOT_NODE'
  | 'E_OTHER_RUNTIME'
  | 'E_ZOMBIE'
  | 'E_PERMISSION'
  | 'E_TARGET_EXITED'
  | 'E_SIGNAL_UNSAFE'
  | 'E_INSPECTOR_DISABLED'
  | 'E_INSPECTOR_REFUSED'
  | 'E_INSPECTOR_NO_ANSWER'
  | 'E_INSPECTOR_PORT_TAKEN'
  | 'E_NATIVE_BLOCK'
  | 'E_CDP'
  | 'E_CONNECTION_LOST'
  | 'E_TIMEOUT'
  | 'E_START_FAILED'
  | 'E_FILE_NOT_FOUND'
  | 'E_FILE_FORMAT'
  | 'E_FILE_TRUNCATED'
  | 'E_WRITE'
  | 'E_LOAD_FAILED'
  | 'E_OPTIONAL_MISSING'
  | 'E_TOO_LITTLE_MEMORY'
  | 'E_INTERRUPTED'
  | 'E_PLATFORM'
  | 'E_BUG';

const BRAND: unique symbol = Symbol.for('holter.HolterError') as never;

/**
 * The one error type users see: message "what failed: why", `hint` = what to run or do next.
 * `instanceof` works across two copies of the package (a `Symbol.for` brand).
 */
export class HolterError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HolterError';
    this.code = code;
    this.hint = options.hint;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Process exit code for this error (design.md §5). */
  get exitCode(): 1 | 2 | 3 {
    return ERROR_CODES[this.code].exit;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
  }
}

/** Errno code of a Node system error (`'ENOENT'`), or undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

import { HolterError } from '../base/errors.ts';

/**
 * Seconds from `10s`, `500ms`, `2m`, `10` (seconds).
 * @throws HolterError E_USAGE
 */
export function parseDuration(text: string, name: string, limits: { min: number; max: number }): number {
  const match = /^(\d+(?:\.\d+)?)\s*(us|µs|ms|s|m|min|h)?$/.exec(text.trim());
  // Divided, not multiplied by 1e-6: 50us would be 49.99999999999999 of them, and below a limit of 50us.
  const perSecond: Record<string, number> = {
    us: 1e6,
    µs: 1e6,
    ms: 1e3,
    s: 1,
    m: 1 / 60,
    min: 1 / 60,
    h: 1 / 3600,
  };
  const seconds = match === null ? Number.NaN : Number(match[1]) / (perSecond[match[2] ?? 's'] ?? Number.NaN);
  if (!(seconds >= limits.min && seconds <= limits.max))
    throw new HolterError(
      'E_USAGE',
      `${name} ${JSON.stringify(text)} is not a duration between ${say(limits.min)} and ${say(limits.max)}`,
      {
        hint: `for example ${name} 10s`,
      },
    );
  return seconds;
}

function say(seconds: number): string {
  if (seconds < 0.001) return `${seconds * 1e6}us`;
  if (seconds < 1) return `${seconds * 1e3}ms`;
  return seconds < 60 ? `${seconds}s` : `${seconds / 60}m`;
}

/** @throws HolterError E_USAGE when `text` is none of `allowed` */
export function parseChoice<T extends string>(text: string, name: string, allowed: readonly T[]): T {
  const found = allowed.find((choice) => choice === text);
  if (found === undefined)
    throw new HolterError('E_USAGE', `${name} ${JSON.stringify(text)} is none of ${allowed.join(', ')}`);
  return found;
}

/** Colour and Unicode of the terminal on stdout: NO_COLOR, --no-color, pipes, TERM=dumb, locale. */
export function terminalStyle(noColor: boolean): { color: boolean; unicode: boolean; columns: number } {
  const { TERM, NO_COLOR, LC_ALL, LC_CTYPE, LANG } = process.env;
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  return {
    color: !noColor && process.stdout.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb',
    // A pipe or an unset locale says nothing against UTF-8; `C` and `POSIX` and a dumb terminal do.
    unicode: TERM !== 'dumb' && !/^(C|POSIX)$|8859/.test(locale),
    columns: process.stdout.columns || 80,
  };
}

/**
 * Bytes from `32kB`, `512 KiB`, `1MB`, `4096`; kB is 1000, KiB 1024.
 * @throws HolterError E_USAGE
 */
export function parseSize(text: string, name: string, limits: { min: number; max: number }): number {
  const match = /^(\d+(?:\.\d+)?)\s*(b|kb|kib|mb|mib|gb|gib)?$/i.exec(text.trim());
  const factor: Record<string, number> = {
    b: 1,
    kb: 1e3,
    kib: 1024,
    mb: 1e6,
    mib: 1024 ** 2,
    gb: 1e9,
    gib: 1024 ** 3,
  };
  const bytes = match === null ? Number.NaN : Number(match[1]) * factor[(match[2] ?? 'b').toLowerCase()]!;
  if (!(bytes >= limits.min && bytes <= limits.max))
    throw new HolterError(
      'E_USAGE',
      `${name} ${JSON.stringify(text)} is not a size between ${limits.min} and ${limits.max} bytes`,
      { hint: `for example ${name} 32kB` },
    );
  return bytes;
}

/** A whole number. @throws HolterError E_USAGE */
export function parseCount(text: string, name: string, limits: { min: number; max: number }): number {
  const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(count >= limits.min && count <= limits.max))
    throw new HolterError(
      'E_USAGE',
      `${name} ${JSON.stringify(text)} is not a whole number from ${limits.min} to ${limits.max}`,
    );
  return count;
}

import type { FormatSegment } from './d-compile.ts';
import type { BuiltinRequire } from './provider-host.ts';

/** What the engine writes values with. */
export interface EngineText {
  /** One conversion of `printf`. */
  convert(segment: Exclude<FormatSegment, string>, value: unknown): string;
  /** A value as people read it: data properties only, no code of the program is run. */
  show(value: unknown, deep: number): string;
  /** The running stack, a line a frame, without our own. */
  stackText(frames: number): string;
}

/**
 * `printf`, `trace` and `jstack` of the D engine. Runs INSIDE the target, sent as text beside it.
 * @param toNumber, toText how the engine takes a value as a number, and as a text
 */
export function makeEngineText(
  builtin: BuiltinRequire,
  toNumber: (value: unknown) => number,
  toText: (value: unknown) => string,
): EngineText {
  const { getOwnPropertyDescriptor } = Object as unknown as {
    getOwnPropertyDescriptor(o: object, k: string): PropertyDescriptor | undefined;
  };
  const { isProxy } = builtin('util').types as { isProxy(value: unknown): boolean };
  const { trunc, abs } = Math;
  const pad = (text: string, width: number, flags: string): string => {
    if (text.length >= width) return text;
    if (flags.includes('-')) return text.padEnd(width);
    if (flags.includes('0') && /^[-+]?[\da-f.]/i.test(text)) {
      const sign = /^[-+]/.exec(text)?.[0] ?? '';
      return sign + text.slice(sign.length).padStart(width - sign.length, '0');
    }
    return text.padStart(width);
  };
  const signed = (value: number, text: string, flags: string): string =>
    value >= 0 && flags.includes('+') ? `+${text}` : value >= 0 && flags.includes(' ') ? ` ${text}` : text;
  const whole = (value: unknown): number => {
    const number = trunc(toNumber(value));
    return number === 0 ? 0 : number;
  };
  const digits = (number: number): string =>
    abs(number) < 1e21 ? String(number) : BigInt(number).toString();
  const grouped = (text: string, flags: string): string =>
    flags.includes("'") ? text.replace(/\B(?=(\d{3})+$)/g, ',') : text;
  const convert = (
    { flags, width, precision, type }: Exclude<FormatSegment, string>,
    value: unknown,
  ): string => {
    let text: string;
    switch (type) {
      case 'd':
      case 'i': {
        const number = whole(value);
        text = signed(number, grouped(digits(number), flags), flags);
        break;
      }
      case 'u':
        text = grouped(BigInt.asUintN(64, BigInt(whole(value))).toString(), flags);
        break;
      case 'x':
      case 'X':
      case 'p':
        text = BigInt.asUintN(64, BigInt(whole(value))).toString(16);
        if (flags.includes('#') || type === 'p') text = `0x${text}`;
        if (type === 'X') text = text.toUpperCase();
        break;
      case 'o':
        text = BigInt.asUintN(64, BigInt(whole(value))).toString(8);
        break;
      case 'c':
        text = typeof value === 'string' ? value.slice(0, 1) : String.fromCharCode(whole(value) & 0xffff);
        break;
      case 'f':
        text = signed(
          toNumber(value),
          toNumber(value).toFixed(precision < 0 ? 6 : Math.min(100, precision)),
          flags,
        );
        break;
      case 'e':
      case 'E':
        text = toNumber(value).toExponential(precision < 0 ? 6 : Math.min(100, precision));
        if (type === 'E') text = text.toUpperCase();
        break;
      case 'g':
      case 'G':
        text = String(Number(toNumber(value).toPrecision(precision < 1 ? 6 : Math.min(100, precision))));
        break;
      case 'Y':
      case 'y':
      case 'T': {
        const ms = toNumber(value) / 1e6;
        const date = new Date(abs(ms) < 8.64e15 ? ms : 0);
        const two = (part: number): string => String(part).padStart(2, '0');
        const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
        text = `${date.getFullYear()} ${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
        break;
      }
      default:
        text = toText(value);
        if (precision >= 0) text = text.slice(0, precision);
    }
    return pad(text, width, flags);
  };

  /** A value as people read it: data properties only, no code of the program is run. */
  const show = (value: unknown, deep: number): string => {
    if (typeof value === 'string') return deep === 0 ? value : JSON_QUOTE(value);
    if (typeof value !== 'object' || value === null)
      return typeof value === 'function' ? 'function' : typeof value === 'symbol' ? 'symbol' : String(value);
    if (isProxy(value)) return '[Proxy]';
    if (deep > 2) return '…';
    const isArray = Array.isArray(value);
    const parts: string[] = [];
    let count = 0;
    for (const key of Object.keys(value)) {
      if (count++ >= 20) {
        parts.push('…');
        break;
      }
      const found = getOwnPropertyDescriptor(value, key);
      const text = found !== undefined && 'value' in found ? show(found.value, deep + 1) : '[getter]';
      parts.push(isArray ? text : `${key}: ${text}`);
    }
    return isArray ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  };
  const JSON_QUOTE = (text: string): string =>
    `"${text.slice(0, 1000).replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;

  const stackText = (frames: number): string => {
    const limit = Error.stackTraceLimit;
    const prepare = Error.prepareStackTrace;
    try {
      // The program's own formatter must not run.
      (Error as { prepareStackTrace?: unknown }).prepareStackTrace = undefined;
      Error.stackTraceLimit = Math.min(100, frames + 12);
      const text = new Error().stack ?? '';
      return text
        .split('\n')
        .slice(1)
        .filter((line) => !line.includes('holter:probe'))
        .slice(0, frames)
        .map((line) => `\n              ${line.trim().replace(/^at /, '')}`)
        .join('');
    } finally {
      Error.stackTraceLimit = limit;
      if (prepare === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
      else Error.prepareStackTrace = prepare;
    }
  };
  return { convert, show, stackText };
}

/** Reads values of a configuration by key. Mistakes are collected, so that all are told at once; a fallback goes on. */
export class ConfigReader {
  readonly problems: string[] = [];

  wrong(key: string, what: string): void {
    this.problems.push(`${key === '' ? 'the file' : key}: ${what}`);
  }

  /** An object that has no other keys. */
  object(value: unknown, key: string, keys: readonly string[]): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.wrong(key, `an object is needed, not ${say(value)}`);
      return {};
    }
    for (const name of Object.keys(value))
      if (!keys.includes(name))
        this.wrong(key === '' ? name : `${key}.${name}`, `no such key; there are ${keys.join(', ')}`);
    return value as Record<string, unknown>;
  }

  list(value: unknown, key: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.wrong(key, `a list is needed, not ${say(value)}`);
    return [];
  }

  text(value: unknown, key: string): string {
    if (typeof value === 'string' && value !== '') return value;
    this.wrong(key, `a text is needed, not ${say(value)}`);
    return '-';
  }

  count(value: unknown, key: string, min: number, max: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    this.wrong(key, `a whole number from ${min} to ${max} is needed, not ${say(value)}`);
    return min;
  }

  choice<T extends string>(value: unknown, key: string, choices: readonly T[]): T {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    this.wrong(key, `${say(value)} is none of ${choices.join(', ')}`);
    return choices[0] as T;
  }

  /** Milliseconds of `500ms`, `10s`, `5m`, `1h`, or of a number of seconds. */
  duration(value: unknown, key: string, minMs: number, maxMs: number): number {
    const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?$/.exec(
      typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '',
    );
    const factor: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };
    const ms = match === null ? Number.NaN : Number(match[1]) * (factor[match[2] ?? 's'] ?? Number.NaN);
    if (ms >= minMs && ms <= maxMs) return ms;
    this.wrong(key, `${say(value)} is no time from ${sayMs(minMs)} to ${sayMs(maxMs)}, such as "10s"`);
    return minMs;
  }

  /** Bytes of `64MB`, `1 GiB`, or of a number. */
  size(value: unknown, key: string): number {
    const match = /^(\d+(?:\.\d+)?)\s*(b|kb|kib|mb|mib|gb|gib|tb)?$/i.exec(
      typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '',
    );
    const factor: Record<string, number> = {
      b: 1,
      kb: 1e3,
      kib: 1024,
      mb: 1e6,
      mib: 2 ** 20,
      gb: 1e9,
      gib: 2 ** 30,
      tb: 1e12,
    };
    const bytes =
      match === null
        ? Number.NaN
        : Number(match[1]) * (factor[(match[2] ?? 'b').toLowerCase()] ?? Number.NaN);
    if (bytes > 0 && bytes <= 1e15) return bytes;
    this.wrong(key, `${say(value)} is no size, such as "64MB"`);
    return 1;
  }

  /** `90` or `"90%"`. */
  percent(value: unknown, key: string, min: number, max: number): number {
    const percent =
      typeof value === 'number'
        ? value
        : typeof value === 'string' && /^\d+(?:\.\d+)?\s*%?$/.test(value.trim())
          ? Number.parseFloat(value)
          : Number.NaN;
    if (percent >= min && percent <= max) return percent;
    this.wrong(key, `${say(value)} is no percentage from ${min} to ${max}, such as "90%"`);
    return max;
  }
}

function say(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function sayMs(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  if (ms < 60_000) return `${ms / 1000}s`;
  return ms < 3_600_000 ? `${ms / 60_000}m` : `${ms / 3_600_000}h`;
}

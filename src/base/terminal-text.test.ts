import { describe, expect, it } from 'vitest';
import {
  bar,
  cleanText,
  paint,
  shortenPath,
  sparkline,
  textWidth,
  toAscii,
  truncate,
  wrap,
} from './terminal-text.ts';

const ESC = String.fromCharCode(27);

describe('cleanText', () => {
  it('shows control characters, escape sequences and direction marks instead of sending them', () => {
    expect(cleanText(`a${ESC}[31mb`)).toBe('a\\x1b[31mb');
    expect(cleanText('a\r\n\tb')).toBe('a b');
    expect(cleanText('\u202egnp.exe\u009b1m')).toBe('\\u202egnp.exe\\x9b1m');
    expect(cleanText('Größe 日本 🙂')).toBe('Größe 日本 🙂');
    expect(cleanText('\ud800x')).toBe('?x');
  });
});

describe('textWidth and truncate', () => {
  it('counts cells, not code units', () => {
    expect(textWidth('日本')).toBe(4);
    expect(textWidth('e\u0301')).toBe(1);
    expect(textWidth(paint({ color: true }, 'crit', 'abc'))).toBe(3);
  });

  it('cuts to cells', () => {
    expect(truncate('hashPassword', 8)).toBe('hashPas…');
    expect(truncate('日本語', 4)).toBe('日…');
    expect(truncate('abc', 3)).toBe('abc');
  });
});

describe('shortenPath', () => {
  it('drops folders from the left and never the line number', () => {
    expect(shortenPath('app/routes/session.js:22', 30)).toBe('app/routes/session.js:22');
    expect(shortenPath('app/routes/session.js:22', 16)).toBe('…/session.js:22');
    expect(shortenPath('app/routes/averylongname.js:22', 10)).toBe('…ame.js:22');
    expect(shortenPath('x.js:123456', 4)).toBe('…:123456');
  });
});

describe('sparkline', () => {
  it('keeps peaks, leaves gaps blank and starts at zero', () => {
    expect(sparkline([0, 0, 100, 0, Number.NaN, Number.NaN, 50, 50], 4)).toBe('▁▇ ▄');
    expect(sparkline([10], 5, 100)).toBe('▁▁▁▁▁');
    expect(sparkline([], 3)).toBe('   ');
    expect(sparkline([0, 0], 2)).toBe('▁▁');
  });
});

describe('bar, wrap, toAscii', () => {
  it('draws shares', () => {
    expect(bar(0.61, 20)).toHaveLength(12);
    expect(bar(0.001, 20)).toBe('█');
    expect(bar(1.2, 5)).toBe('████▸');
    expect(bar(0, 20)).toBe('');
    expect(bar(Number.NaN, 20)).toBe('');
  });

  it('breaks at spaces and leaves long words whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('incomprehensibilities', 5)).toEqual(['incomprehensibilities']);
  });

  it('has an ASCII form of every mark', () => {
    expect(toAscii('▁▇█▸…·└─ß')).toBe('06#>~-`-?');
    expect(toAscii('90 µs → 92 ms, −3 %')).toBe('90 us -> 92 ms, -3 %');
  });
});

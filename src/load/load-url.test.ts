import { describe, expect, it } from 'vitest';
import { readLoadUrl } from './load-url.ts';

describe('readLoadUrl', () => {
  it.each([
    ['http://localhost:3000/a?b=c#d', 'http://localhost:3000/a?b=c'],
    ['https://example.org', 'https://example.org/'],
    ['localhost:3000', 'http://localhost:3000/'],
    ['example.org/x', 'http://example.org/x'],
    ['127.0.0.1:80/x', 'http://127.0.0.1/x'],
    ['[::1]:3000', 'http://[::1]:3000/'],
    [':3000', 'http://localhost:3000/'],
    [':3000/path', 'http://localhost:3000/path'],
    ['3000/path', 'http://localhost:3000/path'],
    ['3000', 'http://localhost:3000/'],
    [' http://x/ ', 'http://x/'],
  ])('%s is %s', (text, url) => {
    expect(readLoadUrl(text)).toBe(url);
  });

  it('takes a path for one of the origin', () => {
    expect(readLoadUrl('/a/b', 'http://127.0.0.1:3000')).toBe('http://127.0.0.1:3000/a/b');
  });

  it.each(['', '/a/b', 'ftp://x/', 'http://', ':99999', 'file:///etc/passwd', 'http://a b/'])(
    'refuses %j',
    (text) => {
      expect(() => readLoadUrl(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
    },
  );
});

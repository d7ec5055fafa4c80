import { expect, it } from 'vitest';
import { renderJsonDocument } from './json-document.ts';

it('writes what JSON does not have as null, and no noise digits', () => {
  const text = renderJsonDocument({
    schema: 'x/1',
    infinite: Number.POSITIVE_INFINITY,
    none: Number.NaN,
    sum: 0.1 + 0.2,
    large: 9_007_199_254_740_991,
    text: '"\u2028',
  });
  expect(JSON.parse(text)).toEqual({
    schema: 'x/1',
    infinite: null,
    none: null,
    sum: 0.3,
    large: 9_007_199_254_740_991,
    text: '"\u2028',
  });
  expect(text.endsWith('}\n')).toBe(true);
});

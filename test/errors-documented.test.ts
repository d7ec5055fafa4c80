import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../src/base/errors.ts';

test('docs/errors.md has one section for each code, with its exit code, and no others', () => {
  const text = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
  const documented = [...text.matchAll(/^## (E_\w+) · exit (\d)$/gm)].map(
    ([, code, exit]) => `${code} ${exit}`,
  );
  expect(documented.sort()).toEqual(
    Object.entries(ERROR_CODES)
      .map(([code, { exit }]) => `${code} ${exit}`)
      .sort(),
  );
});

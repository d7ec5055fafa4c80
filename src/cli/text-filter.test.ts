import { expect, it } from 'vitest';
import { parseTextFilter } from './text-filter.ts';

it('takes a part of a name, or a regular expression', () => {
  const names = ['Session', 'session store', 'Admin'];
  expect(names.filter(parseTextFilter(undefined, '--filter'))).toEqual(names);
  expect(names.filter(parseTextFilter('SESS', '--filter'))).toEqual(['Session', 'session store']);
  expect(names.filter(parseTextFilter('/^Sess|n$/', '--filter'))).toEqual(['Session', 'Admin']);
  expect(names.filter(parseTextFilter('/^sess/i', '--filter'))).toEqual(['Session', 'session store']);
  expect(() => parseTextFilter('/(/', '--filter')).toThrow(/--filter .* is no regular expression/);
});
